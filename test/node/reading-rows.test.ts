import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeReading, type Reading } from '../../src/aggregation/reading.ts'
import type { LedgerRecord, RecordClass } from '../../src/aggregation/record.ts'
import { kwh, readingRow, readingsIn } from '../../src/node/reading-rows.ts'
import { toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'

const START = Date.UTC(2026, 0, 15, 12)
const reading = (minute: number, changed: Partial<Reading> = {}): Reading => ({
  startUtcMs: utcMs(START + minute * 60_000),
  endUtcMs: utcMs(START + (minute + 1) * 60_000),
  importWhStart: 1_000_000n,
  importWhEnd: 1_001_234n,
  exportWhStart: 50n,
  exportWhEnd: 50n,
  kw: { a: 24.6804, b: 24.7, c: 24.6596 },
  flags: ['long'],
  ...changed,
})
const record = (
  number: number,
  content: Uint8Array | undefined,
  recordClass: RecordClass = 'billing',
): LedgerRecord => ({
  header: {
    ledgerId: '0'.repeat(32),
    ied: 'meter-671',
    number,
    class: recordClass,
    utcMs: utcMs(START),
    utcQuality: 'good',
    previousHash: new Uint8Array(32),
    commitment: new Uint8Array(32),
  },
  ...(content ? { body: { salt: new Uint8Array(32), content } } : {}),
})

describe('kilowatt-hours', () => {
  const cases = [
    { wattHours: 0n, gives: '0.000' },
    { wattHours: 1n, gives: '0.001' },
    { wattHours: 999n, gives: '0.999' },
    { wattHours: 1000n, gives: '1.000' },
    { wattHours: 123_456n, gives: '123.456' },
    { wattHours: -1n, gives: '-0.001' },
    { wattHours: -1500n, gives: '-1.500' },
    { wattHours: 2n ** 64n - 1n, gives: '18446744073709551.615' },
  ]
  for (const { wattHours, gives } of cases)
    it(`of ${wattHours} Wh are ${gives}`, () => expect(kwh(wattHours)).toBe(gives))

  it('are exact, whatever the register', () => {
    fc.assert(
      fc.property(fc.bigInt(), wattHours => {
        expect(kwh(wattHours)).toMatch(/^-?\d+\.\d{3}$/)
        expect(BigInt(kwh(wattHours).replace('.', ''))).toBe(wattHours)
      }),
    )
  })
})

describe('a reading’s row', () => {
  it('shows energy as exact text, power in kW to the watt, and times in UTC', () => {
    expect(readingRow('meter-671', 7, reading(0))).toEqual({
      ied: 'meter-671',
      number: 7,
      startUtc: '2026-01-15T12:00:00.000Z',
      endUtc: '2026-01-15T12:01:00.000Z',
      importKwh: '1.234',
      exportKwh: '0.000',
      importRegisterKwh: '1001.234',
      kw: 74.04,
      temperatureC: null,
      flags: ['long'],
    })
  })

  it('adds the phases that there are', () => expect(readingRow('m', 1, reading(0, { kw: { b: -1.5 } })).kw).toBe(-1.5))

  it('has no power where the meter shows none', () => {
    const { kw: _, ...without } = reading(0)
    expect(readingRow('m', 1, without).kw).toBeNull()
  })

  it('is plain JSON', () => {
    const row = readingRow('m', 1, reading(0))
    expect(JSON.parse(JSON.stringify(row))).toEqual(row)
  })
})

describe('the readings in a ledger', () => {
  const records = [
    record(1, encodeReading(reading(0))),
    record(2, encodeReading(reading(1))),
    record(3, encodeReading(reading(2))),
    record(4, undefined),
    record(5, toCbor({ kind: 'other' })),
    record(6, new Uint8Array([0xff])),
    record(7, encodeReading(reading(3)), 'event'),
  ]
  const numbers = (from: number) => readingsIn('meter-671', records, utcMs(from)).map(({ number }) => number)

  it('are its billing records that are readings and whose body is known', () => expect(numbers(0)).toEqual([1, 2, 3]))
  it('begin with the one that starts at the time asked for', () => expect(numbers(START + 60_000)).toEqual([2, 3]))
  it('leave out one that started just before', () => expect(numbers(START + 60_001)).toEqual([3]))
})
