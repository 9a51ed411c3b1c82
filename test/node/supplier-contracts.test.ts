// Contracts of a customer's choice in its ledger: what a start finds, and a supplier that the configuration has replaced.

import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { contractIn } from '../../src/aggregation/suppliers/contract.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { supplierChoice } from '../../src/node/supplier-choice.ts'
import { type SuppliersConfig, suppliersSchema } from '../../src/node/supplier-config.ts'
import { parseTariff } from '../../src/node/tariff-file.ts'
import type { Shelved, TariffShelf } from '../../src/node/tariff-shelf.ts'
import { toCbor } from '../../topology/cbor.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { ledgerOn } from '../aggregation/fixtures.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const nothing = (): void => {}
const turns = async (): Promise<void> => {
  for (let n = 0; n < 30; n++) await new Promise(setImmediate)
}

const shelved = (n: number): Shelved => {
  const energy = [{ name: 'E', perKwh: `0.${n}` }]
  const text = JSON.stringify({ tariff: 'Flat', currency: 'EUR', timeZone: 'UTC', energy })
  const offer = { supplier: 'x', tariff: 'Flat', sha256: new Uint8Array(32).fill(n), bytes: text.length, fromUtcMs: 0 }
  return { text, tariff: parseTariff(text, 'x'), offer: { ...offer, issuedUtcMs: 0 } }
}
const shelf = {
  known: (supplier: string) => shelved(supplier === 'grid' ? 1 : 2),
  prices: () => undefined,
} as unknown as TariffShelf

const configOf = (current: string, ...accept: string[]) =>
  suppliersSchema.parse({
    current,
    accept: accept.map(name => ({ name, organisation: name, backEnd: `${name}-backend` })),
  }) as SuppliersConfig

async function site() {
  const disk = memoryDisk()
  const store = openMemoryStore(disk)
  const ledger = await ledgerOn(store)
  let isFull = false
  const warned: string[] = []
  const context = {
    store: {
      ...store,
      batch: (...given: Parameters<typeof store.batch>) =>
        isFull ? Promise.reject(new Error('no room on the disk')) : store.batch(...given),
    },
    ledger,
    feeder: createFeeder(smallFeeder()),
    bus: bus(nothing),
    clock: {
      now: () => instant(0),
      utc: () => utcMs(NOW),
      utcGood: () => true,
      wakeAt: () => nothing,
      every: () => nothing,
    },
    log: { warn: (event: string) => void warned.push(event), error: nothing, debug: nothing },
    report: nothing,
  } as unknown as ComponentContext
  const begin = async (config: SuppliersConfig) => {
    const choice = await supplierChoice(context, config, shelf)
    choice.news()
    await turns()
    return choice
  }
  const contracts = async (): Promise<string[]> => {
    const records = await ledger.read({ after: 0, limit: 1_000, maxBytes: 1e7 })
    return records.flatMap(({ body }) => {
      const found = body && contractIn(body.content)
      return found === undefined ? [] : [`${found.from} > ${found.to}`]
    })
  }
  return {
    ledger,
    begin,
    contracts,
    warned,
    full(is: boolean): void {
      isFull = is
    },
    store,
  }
}

describe('a contract in the ledger', () => {
  it('follows with the supplier that the configuration has put in the place of one that is gone from it', async () => {
    const { begin, contracts } = await site()
    const first = await begin(configOf('grid', 'grid', 'sun'))
    await first.stop()
    const second = await begin(configOf('sun', 'sun'))
    expect(await contracts()).toEqual(['grid > grid', 'grid > sun'])
    expect(second.spans().map(({ supplier, fromUtcMs }) => [supplier, fromUtcMs])).toEqual([
      ['grid', 0],
      ['sun', NOW],
    ])
    await second.stop()
    await (await begin(configOf('sun', 'sun'))).stop()
    expect(await contracts()).toHaveLength(2)
  })

  it('stays with a supplier that is accepted, whatever the configuration names as the first one', async () => {
    const { begin, contracts } = await site()
    await (await begin(configOf('grid', 'grid', 'sun'))).stop()
    const second = await begin(configOf('sun', 'grid', 'sun'))
    expect([await contracts(), second.state().supplier]).toEqual([['grid > grid'], 'grid'])
    await second.stop()
  })

  it('that a kill left without its record is given up, on a disk that has room again', async () => {
    const { begin, contracts, ledger, store, full, warned } = await site()
    const config = configOf('grid', 'grid')
    await (await begin(config)).stop()
    const pending = { supplier: 'grid', stayUntilUtcMs: NOW, sha256: '07'.repeat(32), text: shelved(7).text }
    const value = toCbor({ ...pending, fromUtcMs: NOW, after: ledger.head().number })
    await store.batch([{ put: 'suppliers/contract-pending', value }], { durable: true })
    full(true)
    const choice = await begin(config)
    expect(choice.spans()).toHaveLength(1)
    expect(warned).toContain('contract-not-settled')
    full(false)
    choice.news()
    await turns()
    expect(await store.get('suppliers/contract-pending')).toBeUndefined()
    expect(await contracts()).toEqual(['grid > grid'])
    await choice.stop()
  })
})
