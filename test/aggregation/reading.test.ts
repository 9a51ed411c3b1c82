import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeReading,
  encodeReading,
  intervalReading,
  nextIntervalEnd,
  type Reading,
  type RegisterLook,
  readingDefaults,
} from '../../src/aggregation/reading.ts'
import { toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'

const QUARTER = 900_000
const settings = { ...readingDefaults, interval: duration(QUARTER), maxKw: 40 } // at most 10 kWh in a quarter, and 1 kWh of step

const first = intervalReading(
  undefined,
  { utcMs: utcMs(4 * QUARTER), importWh: 100n, exportWh: 5n },
  settings,
) as Reading
const next = (look: Partial<RegisterLook> & { importWh: bigint }, previous = first) =>
  intervalReading(previous, { utcMs: utcMs(5 * QUARTER), exportWh: 5n, ...look }, settings)

describe('the next interval end', () => {
  it.each([
    [0, QUARTER],
    [QUARTER - 1, QUARTER],
    [QUARTER, 2 * QUARTER],
    [QUARTER + 1, 2 * QUARTER],
  ])('after %i ms is at %i ms', (utc, end) => expect(nextIntervalEnd(utcMs(utc), duration(QUARTER))).toBe(end))
})

describe('an interval reading', () => {
  it('is of no energy when it is the first', () => {
    expect(first).toMatchObject({ importWhStart: 100n, importWhEnd: 100n, startUtcMs: 4 * QUARTER, flags: ['first'] })
  })

  it('starts with the registers that ended the one before', () => {
    expect(next({ importWh: 350n })).toEqual({
      startUtcMs: 4 * QUARTER,
      endUtcMs: 5 * QUARTER,
      importWhStart: 100n,
      importWhEnd: 350n,
      exportWhStart: 5n,
      exportWhEnd: 5n,
      flags: [],
    })
  })

  it('does not exist where the device has no import register', () => {
    expect(intervalReading(first, { utcMs: utcMs(5 * QUARTER) }, settings)).toBeUndefined()
  })

  it.each([
    ['counts what just fits through the service', { importWh: 11_100n }, [], 11_000n],
    ['does not count a watt-hour more', { importWh: 11_101n }, ['registerReset'], 0n],
    ['does not count a register that went backwards', { importWh: 99n }, ['registerReset'], 0n],
    ['counts a register that stood still', { importWh: 100n }, [], 0n],
    [
      'covers an outage of a day, and all energy of it',
      { utcMs: utcMs(100 * QUARTER), importWh: 90_100n },
      ['long'],
      90_000n,
    ],
    ['counts through a clock that was set back', { utcMs: utcMs(2 * QUARTER), importWh: 350n }, ['clock'], 250n],
    [
      'sees a jump of UTC against the monotonic clock',
      { elapsed: duration(QUARTER - 6_001), importWh: 350n },
      ['clock'],
      250n,
    ],
    ['lets UTC drift a little', { elapsed: duration(QUARTER - 6_000), importWh: 350n }, [], 250n],
    [
      'judges by the monotonic clock what can have flowed',
      { utcMs: utcMs(900 * QUARTER), elapsed: duration(QUARTER), importWh: 11_101n },
      ['clock', 'registerReset'],
      0n,
    ],
    [
      'passes on the flags it was given, once',
      { importWh: 350n, flags: ['estimated', 'estimated'] },
      ['estimated'],
      250n,
    ],
  ] as const)('%s', (_, look, flags, wh) => {
    const result = next(look)
    expect(result?.flags).toEqual(flags)
    expect((result?.importWhEnd ?? 0n) - (result?.importWhStart ?? 0n)).toBe(wh)
    expect(decodeReading(encodeReading(result as Reading))).toEqual(result)
  })

  it('resets one register without losing the other', () => {
    expect(next({ importWh: 350n, exportWh: 4n })).toMatchObject({
      importWhStart: 100n,
      exportWhStart: 4n,
      exportWhEnd: 4n,
      flags: ['registerReset'],
    })
  })

  it('ends on the boundary when it was taken just beside it', () => {
    expect(next({ importWh: 350n, utcMs: utcMs(5 * QUARTER + 1_000) })?.endUtcMs).toBe(5 * QUARTER)
    expect(next({ importWh: 350n, utcMs: utcMs(5 * QUARTER + 1_001) })?.endUtcMs).toBe(5 * QUARTER + 1_001)
  })

  it('keeps the energy though a snapshot is not a number', () => {
    expect(next({ importWh: 350n, kw: { a: Number.NaN, b: 1.5 } })).toMatchObject({ kw: { b: 1.5 }, importWhEnd: 350n })
  })

  it('leaves no watt-hour out and counts none twice, over any pauses and restarts', () => {
    const steps = fc.array(
      fc.record({
        minutes: fc.integer({ min: 0, max: 3_000 }),
        wh: fc.integer({ min: 0, max: 1_000 }),
        knowsElapsed: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(steps, taken => {
        let previous: Reading = first
        let register = first.importWhEnd
        let counted = 0n
        for (const { minutes, wh, knowsElapsed } of taken) {
          register += BigInt(wh)
          const elapsed = duration(minutes * 60_000)
          const look = {
            utcMs: utcMs(previous.endUtcMs + elapsed),
            importWh: register,
            ...(knowsElapsed ? { elapsed } : {}),
          }
          previous = intervalReading(previous, look, settings) as Reading
          counted += previous.importWhEnd - previous.importWhStart
        }
        expect(counted).toBe(register - first.importWhEnd)
      }),
    )
  })
})

describe('a reading in bytes', () => {
  it('keeps registers beyond 2^53', () => {
    const far = { ...first, importWhStart: 2n ** 62n, importWhEnd: 2n ** 63n - 1n }
    expect(decodeReading(encodeReading(far))).toEqual(far)
  })

  it.each([
    ['registers that run backwards', { importWhStart: 101n }],
    ['an end before its start', { endUtcMs: 0 }],
    ['unknown fields', { extra: 1 }],
    ['too many flags', { flags: Array.from({ length: 17 }, () => 'long') }],
    ['another kind', { kind: 'tariff' }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => decodeReading(toCbor({ kind: 'reading', ...first, ...wrong }))).toThrow(/^reading: /)
  })
})
