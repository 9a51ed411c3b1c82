// A back end bills a meter by the contracts that its IED recorded, whose tariffs it fetches by their hash.

import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { openLedger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { contractRecord } from '../../src/aggregation/suppliers/contract.ts'
import { answerBills } from '../../src/node/bill-answer.ts'
import { collectedContracts } from '../../src/node/collected-contracts.ts'
import { collectedReadingSource } from '../../src/node/collected-reading-source.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { utcMs } from '../../topology/units.ts'
import { emptyCollector, keys, ledgerOn, readingBytes } from '../aggregation/fixtures.ts'

const flat = (perKwh: string) =>
  JSON.stringify({ tariff: 'Flat', currency: 'EUR', timeZone: 'UTC', energy: [{ name: 'Energy', perKwh }] })
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const contract = (from: string, to: string, text: string, fromUtcMs: number) =>
  contractRecord.encode({
    kind: 'contract',
    from,
    to,
    by: 'contract',
    tariff: 'Flat',
    sha256: new Uint8Array(createHash('sha256').update(text).digest()),
    fromUtc: new Date(fromUtcMs).toISOString(),
    currency: 'EUR',
    costs: [],
    why: 'cheaper',
  })

it('cuts the bill where the contract changed, and bills by no tariff that it has not', async () => {
  const ledger = await ledgerOn(openMemoryStore())
  await ledger.append('billing', contract('grid', 'grid', flat('0.50'), 0))
  for (let n = 0; n < 96; n++) {
    if (n === 24) await ledger.append('billing', contract('grid', 'sun', flat('0.25'), 24 * 900_000))
    await ledger.append('billing', readingBytes(n, BigInt(n) * 1_000n, 1_000n))
  }
  const collector = emptyCollector()
  const records = await ledger.read({ after: 0, limit: 200, maxBytes: Number.POSITIVE_INFINITY })
  const head = await ledger.signedHead()
  await collector.accept({ kind: 'batch', ied: 'R3', ledgerId: ledger.ledgerId, records, head, remaining: 0 })

  /** By peer: what it hands out, whatever was asked for. */
  let has: Record<string, string[]> = { R3: [], liar: [flat('0.01')] }
  let asked = 0
  const peer = (name: string, role: string) => ({
    peerId: name,
    credential: { name, organisation: 'u', roles: [role] },
  })
  const context = {
    bus: bus(() => {}),
    store: openMemoryStore(),
    feeder: { file: { ieds: [{ name: 'R3', organisation: 'u' }] } },
    links: {
      peers: () => [peer('liar', 'BACKEND'), peer('R3', 'IED')],
      async request(to: string) {
        const documents = has[to] ?? []
        if (documents.length === 0) throw new Error('there is no such document here')
        return bytesOf(documents[asked++ % documents.length] as string)
      },
    },
  } as unknown as ComponentContext
  const source = collectedReadingSource(collector, collectedContracts(context, collector))
  const bill = () => answerBills('bill', { from: '1970-01-01', to: '1970-01-02' }, undefined, source, 86_400_000)
  await expect(bill()).rejects.toThrow('the tariff that R3 has agreed on')
  expect(await answerBills('usage', {}, undefined, source, 86_400_000)).toMatchObject({
    usage: [],
    notBilled: [{ meter: 'R3' }],
  })
  has = { R3: [flat('0.50'), flat('0.25')] }
  asked = 0
  const { bills } = (await bill()) as { bills: { importKwh: string; total: string }[] }
  expect(bills.map(({ importKwh, total }) => [importKwh, total])).toEqual([
    ['24.000', '12.00'],
    ['72.000', '18.00'],
  ])
  has = {} // both are kept now
  expect(await bill()).toMatchObject({ bills: expect.any(Array), findings: expect.any(Array) })
})

it('has the contract of a device that replaced another from when it began, and not for what came before it', async () => {
  const HOUR = 3_600_000
  const collector = emptyCollector()
  for (const [seed, atUtcMs, text] of [
    [1, 10 * HOUR, flat('0.50')],
    [2, 30 * HOUR, flat('0.25')],
    [3, 20 * HOUR, flat('0.10')],
  ] as const) {
    const { sign } = keys('R3')
    const now = () => ({ utcMs: utcMs(atUtcMs), quality: 'good' }) as const
    const ledger = await openLedger({
      store: openMemoryStore(),
      ied: 'R3',
      randomBytes: length => new Uint8Array(length).fill(seed),
      sign,
      utc: now,
    })
    await ledger.append('billing', contract('grid', 'grid', text, 0))
    const records = await ledger.read({ after: 0, limit: 9, maxBytes: 1e6 })
    const head = await ledger.signedHead()
    const { ledgerId } = ledger
    const batch = { kind: 'batch', ied: 'R3', ledgerId, records, head, remaining: 0 } as const
    expect(await collector.accept(batch)).toMatchObject({ kind: 'receipt' })
  }
  const documents = [flat('0.50'), flat('0.25'), flat('0.10')]
  const context = {
    bus: bus(() => {}),
    store: openMemoryStore(),
    feeder: { file: { ieds: [{ name: 'R3', organisation: 'u' }] } },
    links: {
      peers: () =>
        documents.map((_, n) => ({ peerId: String(n), credential: { name: 'R3', organisation: 'u', roles: ['IED'] } })),
      request: async (to: string) => bytesOf(documents[Number(to)] as string),
    },
  } as unknown as ComponentContext
  const spans = await collectedContracts(context, collector).of('R3')
  expect(spans.map(({ fromUtcMs, text }) => [fromUtcMs / HOUR, text])).toEqual([
    [0, flat('0.50')],
    [20, flat('0.10')],
    [30, flat('0.25')],
  ])
})
