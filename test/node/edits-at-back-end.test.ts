// What a person edited at an IED counts at a back end that has its billing records: in usage, cost and balance, and in the
// watch over its range.

import { expect, it } from 'vitest'
import { meterInterval, withEdits } from '../../src/aggregation/audit/meter-interval.ts'
import { type ReadingEdit, readingEditCodec } from '../../src/aggregation/billing/index.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { LedgerRecord } from '../../src/aggregation/record.ts'
import { usageReportIn } from '../../src/aggregation/suppliers/contract.ts'
import { answerBills } from '../../src/node/bill-answer.ts'
import { collectedReadingSource } from '../../src/node/collected-reading-source.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { serveCollectedCost } from '../../src/node/cost-answer.ts'
import type { SupplierDesk } from '../../src/node/supplier-desk.ts'
import { parseTariff } from '../../src/node/tariff-file.ts'
import { watchedUsage } from '../../src/node/watched-usage.ts'
import { utcMs } from '../../topology/units.ts'
import { emptyCollector, ledgerOn, reading, readingBytes } from '../aggregation/fixtures.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const QUARTER = 900_000
const NOW = 12 * QUARTER
const TARIFF = 'tariff: Flat\ncurrency: EUR\ntimeZone: UTC\nenergy: [{ name: Energy, perKwh: "0.30" }]\n'
const edit = (n: number, importWh: bigint): ReadingEdit => ({
  kind: 'reading-edit',
  startUtcMs: n * QUARTER,
  endUtcMs: (n + 1) * QUARTER,
  was: { importWh: 1_000n, exportWh: 0n, quality: 'valid' },
  is: { importWh, exportWh: 0n },
  by: 'ada of u',
  atUtcMs: NOW,
  reason: 'pulse output was bridged',
  envelopes: [],
  credentials: [],
})

/** Twelve quarter hours of 1.1 and 0.9 kWh in turn, the fourth of which is edited to 5. */
async function collected() {
  const ledger = await ledgerOn(openMemoryStore())
  for (let n = 0; n < 12; n += 2) {
    await ledger.append('billing', readingBytes(n, BigInt(n) * 1_000n, 1_100n))
    await ledger.append('billing', readingBytes(n + 1, BigInt(n) * 1_000n + 1_100n, 900n))
  }
  await ledger.append('billing', readingEditCodec.encode(edit(3, 5_000n)))
  const collector = emptyCollector()
  const records = await ledger.read({ after: 0, limit: 100, maxBytes: 1e6 })
  const batch = { kind: 'batch' as const, ied: 'R3', ledgerId: ledger.ledgerId, records, remaining: 0 }
  expect((await collector.accept({ ...batch, head: await ledger.signedHead() })).kind).toBe('receipt')
  return collector
}

it('is used and billed', async () => {
  const source = collectedReadingSource(await collected(), { of: async () => [] })
  const asked = { meter: 'R3', from: '1970-01-01', to: '1970-01-02', tariff: TARIFF }
  expect(await answerBills('usage', asked, undefined, source, NOW)).toMatchObject({
    usage: [{ importKwh: '16.100', consumerPays: '4.83', notMeasured: 1 }],
  })
})

it('is what it costs now', async () => {
  const collector = await collected()
  const inside = bus(() => {})
  inside.on('collector-asked', ({ answer }) => answer(collector))
  let ask = async (_: Record<string, unknown>): Promise<unknown> => undefined
  const context = {
    bus: inside,
    clock: { utc: () => utcMs(NOW) },
    config: {},
    feeder: {
      file: smallFeeder({ ieds: [{ name: 'R3', kind: 'meter', node: 'N2', organisation: 'u', meters: ['L2'] }] }),
    },
    readout: (_: string, answer: typeof ask) => {
      ask = answer
    },
  } as unknown as ComponentContext
  const desk = {
    offers: () => ({ offers: [{ supplier: 'sun', tariff: 'Flat' }] }),
    tariff: () => parseTariff(TARIFF, 'tariff'),
    series: () => undefined,
  } as unknown as SupplierDesk
  serveCollectedCost(context, { choice: () => undefined, shelf: () => undefined, desk: () => desk })
  expect(await ask({ meter: 'R3' })).toMatchObject({
    cost: [{ loads: 'L2', todayKwh: '16.100', today: '4.83' }],
    loads: [
      { load: 'L2', measuredBy: 'R3', todayKwh: '16.100', today: '4.83' },
      { kind: 'charges', todayKwh: '0.000', today: '0.00' },
    ],
  })
})

it('is what the balance compares, where it is of the same time as a reading', () => {
  const measured = [2, 3, 4].map(n => meterInterval(reading(n, 0n, 1_000n)))
  const seen = withEdits(measured, [
    edit(3, 4_000n),
    edit(3, 5_000n),
    { ...edit(4, 9n), endUtcMs: 4 * QUARTER + 60_000 },
  ])
  expect(seen.map(({ importWh }) => importWh)).toEqual([1_000n, 5_000n, 1_000n])
  expect(seen.map(({ flags }) => flags)).toEqual([[], ['edited'], []])
})

it('is looked at once more by the watch over its range, which lets go of what it ordered off', async () => {
  const inside = bus(() => {})
  const orders: string[] = []
  const reports: string[] = []
  const context = {
    bus: inside,
    clock: { now: () => 0, utc: () => utcMs(NOW), utcGood: () => true, every: () => () => {} },
    ledger: {
      append: async (_: string, content: Uint8Array) => {
        const report = usageReportIn(content)
        reports.push(`${report?.fromUtc.slice(11, 16)} ${report?.state} ${report?.importKwh}`)
        return { number: 1 }
      },
    },
    log: { warn: () => {} },
    report: () => {},
    order: async ({ what }: { what: { verb: string } }) => {
      orders.push(what.verb)
      return { result: 'done', words: '' }
    },
  } as unknown as ComponentContext
  const ranged = parseTariff(`${TARIFF}range: { mostKw: "8" }\n`, 'tariff')
  const desk = { tariff: () => ranged, series: () => undefined } as unknown as SupplierDesk
  const watch = [{ ied: 'R3', tariff: 'Flat', orderMinutes: 30, restIntervals: 2 }]
  const stop = watchedUsage(context, watch, desk)
  const stored = (number: number, content: Uint8Array): void => {
    const header = { class: 'billing', number } as LedgerRecord['header']
    inside.emit('stored', { ied: 'R3', records: [{ header, body: { salt: new Uint8Array(32), content } }] })
  }
  const settled = () => new Promise(resolve => setTimeout(resolve, 20))
  // The last hour: 1 kWh, then 3 kWh in a quarter hour, which are 12 kW, then 1 kWh.
  stored(1, readingBytes(9, 0n, 1_000n))
  stored(2, readingBytes(10, 1_000n, 3_000n))
  await settled()
  expect(orders).toEqual(['disconnect'])
  stored(3, readingBytes(11, 4_000n, 1_000n))
  await settled()
  expect(orders).toEqual(['disconnect'])
  // It was 1 kWh after all: with the last one these are two within the range.
  stored(4, readingEditCodec.encode(edit(10, 1_000n)))
  await settled()
  expect(orders).toEqual(['disconnect', 'release'])
  stored(5, readingEditCodec.encode(edit(2, 9_000n))) // older than an hour: history
  await settled()
  expect([orders.length, reports]).toEqual([2, ['02:30 excess 3.000', '02:30 within 1.000']])
  await stop()
})
