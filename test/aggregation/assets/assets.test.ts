import { describe, expect, it } from 'vitest'
import { afterRecord, MOST_ENTRIES, noHistory } from '../../../src/aggregation/assets/asset-history.ts'
import { type MaintenanceEvent, maintenanceCodec } from '../../../src/aggregation/assets/asset-records.ts'
import { distanceM, judgePlace } from '../../../src/aggregation/assets/place.ts'
import { contactWear } from '../../../src/aggregation/assets/wear.ts'
import type { LedgerRecord, RecordClass } from '../../../src/aggregation/record.ts'
import { toCbor } from '../../../topology/cbor.ts'
import { utcMs } from '../../../topology/units.ts'

const record = (number: number, recordClass: RecordClass, content: Uint8Array): LedgerRecord => ({
  header: {
    ledgerId: '0'.repeat(32),
    ied: 'R3',
    number,
    class: recordClass,
    utcMs: utcMs(number * 1000),
    utcQuality: 'good',
    previousHash: new Uint8Array(32),
    commitment: new Uint8Array(32),
  },
  body: { salt: new Uint8Array(32), content },
})
const did = (number: number, event: MaintenanceEvent): LedgerRecord =>
  record(number, 'maintenance', maintenanceCodec.encode(event))
const opened = (number: number, amps?: number, wear?: number): LedgerRecord =>
  did(number, {
    event: 'breaker-operation',
    device: 'R',
    to: 'open',
    ...(amps === undefined ? {} : { amps }),
    ...(wear === undefined ? {} : { wear }),
  })

describe('wear of contacts', () => {
  const ratings = { breakingAmps: 12_500, breaksAtRated: 50, exponent: 2, mechanicalOperations: 10_000 }
  it('is one of the rated interruptions at the rated current, and a quarter of that at half of it', () => {
    expect(contactWear(12_500, ratings)).toBeCloseTo(1 / 50)
    expect(contactWear(6_250, ratings)).toBeCloseTo(1 / 200)
  })
  it('adds up over the records, which also count what nothing is known of', () => {
    const { wear } = [opened(1, 3000, 0.02), opened(2, 1000, 0.01), opened(3)].reduce(afterRecord, noHistory)
    expect(wear).toMatchObject({ openings: 3, unknownCurrents: 1, kiloAmpsSquared: 10, largestAmps: 3000 })
    expect(wear.contactShare).toBeCloseTo(0.03)
  })
})

describe('places', () => {
  const here = [47, 8] as const
  const away = (metres: number) => [47 + metres / 111_195, 8] as const
  it('are as far apart as on the globe', () => expect(distanceM(here, [48, 8])).toBeCloseTo(111_195, 0))
  const cases: [number, number, string][] = [
    [80, 10, 'confirmed'],
    [95, 10, 'unknown'],
    [105, 10, 'unknown'],
    [115, 10, 'elsewhere'],
    [0, 5000, 'unknown'],
  ]
  it.each(cases)('at %d m, known to %d m: %s', (metres, accuracyM, verdict) => {
    expect(judgePlace(here, { place: away(metres), accuracyM }, 100)).toBe(verdict)
  })
  it('are unknown without a measurement, or a registered place', () => {
    expect(judgePlace(here, undefined, 100)).toBe('unknown')
    expect(judgePlace(undefined, { place: here, accuracyM: 1 }, 100)).toBe('unknown')
  })
})

describe('history of an asset', () => {
  it('tells outcomes of orders, notes and settings in their order, and by whom', () => {
    const { entries } = [
      record(1, 'operation', toCbor({ event: 'order', by: 'ada', order: 'open' })),
      record(
        2,
        'operation',
        toCbor({ event: 'order-outcome', by: 'ada', order: 'open', result: 'done', words: 'done' }),
      ),
      did(3, { event: 'note', by: 'bob', words: 'bushing cleaned', signed: [] }),
      record(4, 'audit', toCbor({ kind: 'configuration', subject: 'ada', allowed: true, words: 'set x to 1' })),
      record(5, 'audit', toCbor({ kind: 'admission', subject: 'eve', allowed: false, words: 'no' })),
    ].reduce(afterRecord, noHistory)
    expect(entries.map(({ number, what, by, words }) => [number, what, by, words])).toEqual([
      [2, 'order-outcome', 'ada', 'open: done: done'],
      [3, 'note', 'bob', 'bushing cleaned'],
      [4, 'configuration', 'ada', 'set x to 1'],
    ])
  })
  it('keeps the latest entries, and all of the counts', () => {
    const all = Array.from({ length: MOST_ENTRIES + 5 }, (_, n) => opened(n + 1, 100)).reduce(afterRecord, noHistory)
    expect([all.entries.length, all.entries[0]?.number, all.wear.openings]).toEqual([MOST_ENTRIES, 6, MOST_ENTRIES + 5])
  })
  it('takes no harm from content that is none', () => {
    const broken = [record(1, 'maintenance', Uint8Array.of(255)), record(2, 'inventory', toCbor({ event: 'x' }))]
    expect(broken.reduce(afterRecord, noHistory)).toMatchObject({ entries: [], lastSeenUtcMs: 2000 })
  })
})
