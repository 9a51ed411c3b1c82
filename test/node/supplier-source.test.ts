// A supplier that stands behind another source: the transfer switch moves first, and the contract follows when the devices show it.

import { describe, expect, it } from 'vitest'
import { AggregationError } from '../../src/aggregation/aggregation-error.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { contractIn } from '../../src/aggregation/suppliers/contract.ts'
import type { Component } from '../../src/node/component.ts'
import { type SupplierChoice, supplierChoice } from '../../src/node/supplier-choice.ts'
import { type SuppliersConfig, suppliersSchema } from '../../src/node/supplier-config.ts'
import { parseTariff } from '../../src/node/tariff-file.ts'
import type { Shelved, TariffShelf } from '../../src/node/tariff-shelf.ts'
import type { Feeder } from '../../topology/feeder.ts'
import { ledgerOn, readingBytes } from '../aggregation/fixtures.ts'
import { managedAgent } from './managed-agent.ts'

const shelved = (perKwh: string, n: number): Shelved => {
  const text = JSON.stringify({ tariff: 'Flat', currency: 'EUR', timeZone: 'UTC', energy: [{ name: 'E', perKwh }] })
  const offer = { supplier: 'x', tariff: 'Flat', sha256: new Uint8Array(32).fill(n), bytes: text.length, fromUtcMs: 0 }
  return { text, tariff: parseTariff(text, 'x'), offer: { ...offer, issuedUtcMs: 0 } }
}

interface Play {
  readonly current: 'grid' | 'sun'
  readonly prices: { readonly grid: string; readonly sun: string }
  readonly refused?: string
  /** The ledger takes no contract until then. */
  readonly fullMinutes?: number
  /** What a person switches by hand, after so many minutes. */
  readonly byHand?: number
}

async function play({ current, prices, refused, fullMinutes = 0, byHand }: Play) {
  const config = suppliersSchema.parse({
    current,
    accept: [
      { name: 'grid', organisation: 'u', backEnd: 'u-backend', by: 'source', side: 'first' },
      { name: 'sun', organisation: 'c', backEnd: 'c-backend', by: 'source', side: 'second' },
    ],
    transfer: { load: 'L2', first: 'R2', second: 'T4', pauseSeconds: 1 },
    compareEveryMinutes: 1,
    leastUsageHours: 1,
  }) as SuppliersConfig
  const ledger = await ledgerOn(openMemoryStore(memoryDisk()))
  for (let n = 0; n < 96; n++) await ledger.append('billing', readingBytes(n, BigInt(n) * 1_000n, 1_000n))
  let minutes = 0
  const append: Ledger['append'] = async (recordClass, content) => {
    const found = contractIn(content)
    if (found !== undefined && found.from !== found.to && minutes < fullMinutes)
      throw new AggregationError('LEDGER_FULL', 'meter: no room')
    return ledger.append(recordClass, content)
  }
  const shelf = {
    known: (supplier: 'grid' | 'sun') => shelved(prices[supplier], supplier === 'grid' ? 1 : 2),
    prices: () => undefined,
  } as unknown as TariffShelf
  let feeder: Feeder | undefined
  let choice: SupplierChoice | undefined
  const component: Component = {
    name: 'suppliers-source',
    async start(context) {
      feeder = context.feeder
      if (current === 'sun') {
        feeder.setPosition('R2', 'open')
        feeder.setPosition('T4', 'closed')
      }
      const made = await supplierChoice({ ...context, ledger: { ...ledger, append } }, config, shelf)
      choice = made
      made.begin()
      made.news()
      return { stop: () => made.stop() }
    },
  }
  const agent = await managedAgent({
    name: 'meter',
    component,
    config: {},
    startUtc: '1970-01-02T00:00:00Z',
    order(to, words) {
      return `${to} ${words}` === refused ? 'refused' : 'done'
    },
  })
  const held: string[] = []
  for (minutes = 1; minutes <= 30; minutes++) {
    if (minutes === byHand) {
      agent.switched('R2', 'open')
      agent.switched('T4', 'closed')
    }
    await agent.until(minutes)
    const now = choice?.spans().at(-1)?.supplier ?? 'none'
    if (held.at(-1)?.split('@')[0] !== now) held.push(`${now}@${minutes}`)
  }
  const supplier = choice?.state().supplier
  const contracts = []
  for (const { body } of await ledger.read({ after: 96, limit: 100, maxBytes: 1e6 })) {
    const found = body && contractIn(body.content)
    if (found !== undefined && found.from !== found.to) contracts.push({ from: found.from, to: found.to, by: found.by })
  }
  await agent.stop()
  return { orders: agent.orders.map(each => each.split('@')[0]), supplier, held, contracts, reports: agent.reports }
}

describe('a cheaper supplier behind the other source', () => {
  it('is changed to: one switch opens, the other closes, and the contract follows', async () => {
    const { orders, supplier, contracts } = await play({ current: 'grid', prices: { grid: '0.40', sun: '0.20' } })
    expect(orders).toEqual(['recloser open', 'tie close'])
    expect(supplier).toBe('sun')
    expect(contracts).toEqual([{ from: 'grid', to: 'sun', by: 'source' }])
  })

  it('is changed to as well where the first start finds the load on the second source', async () => {
    const { orders, supplier, contracts } = await play({ current: 'sun', prices: { grid: '0.20', sun: '0.40' } })
    expect(orders).toEqual(['tie open', 'recloser close'])
    expect(supplier).toBe('grid')
    expect(contracts).toEqual([{ from: 'sun', to: 'grid', by: 'source' }])
  })

  it('that cannot be switched to gets no contract: the load is back where it was, with an alarm', async () => {
    const { orders, supplier, contracts, reports } = await play({
      current: 'grid',
      prices: { grid: '0.40', sun: '0.20' },
      refused: 'tie close',
    })
    expect(orders).toEqual(['recloser open', 'tie close', 'recloser close'])
    expect(supplier).toBe('grid')
    expect(contracts).toEqual([])
    expect(reports.map(({ alarm }) => alarm)).toEqual(
      expect.arrayContaining(['load-transfer', 'supplier-switch-failed']),
    )
  })

  it('gets its contract only once the ledger takes the record: the load is there, the bill not yet', async () => {
    const prices = { grid: '0.40', sun: '0.20' }
    const { held, contracts, reports, supplier } = await play({ current: 'grid', prices, fullMinutes: 20 })
    expect(held).toEqual(['grid@1', 'sun@20'])
    expect(contracts).toEqual([{ from: 'grid', to: 'sun', by: 'source' }])
    expect(supplier).toBe('sun')
    expect(reports.filter(({ alarm }) => alarm === 'contract-not-recorded')).toHaveLength(1)
  })

  it('is the contract after a person has switched the load there', async () => {
    const { orders, held, contracts } = await play({
      current: 'grid',
      prices: { grid: '0.20', sun: '0.21' },
      byHand: 10,
    })
    expect(orders).toEqual([])
    expect(held).toEqual(['grid@1', 'sun@10'])
    expect(contracts).toEqual([{ from: 'grid', to: 'sun', by: 'source' }])
  })
})
