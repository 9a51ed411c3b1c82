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

  it.each([
    [{ a: 9.9, b: 0 }, false],
    [{ a: 0, b: 10.1 }, true],
    [{ a: Number.NaN, b: 230 }, true],
    [{ a: Number.NaN }, undefined],
    [undefined, undefined],
  ])('says of %j whether there is voltage, and no more', (volts, hasVoltage) => {
    const reading = next({ importWh: 350n, ...(volts && { volts }) })
    expect(reading?.hasVoltage).toBe(hasVoltage)
    expect(reading).not.toHaveProperty('volts')
    expect(reading?.importWhEnd).toBe(350n)
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

// A register of five digits of kWh, as DOMAIN has it: 99 990 -> 00 012 are 22 kWh.
describe('a register that rolls over', () => {
  const ROLLS = { importWh: 100_000_000n }
  const hour = { ...readingDefaults, interval: duration(3_600_000), maxKw: 40 }
  const at = (hours: number, importWh: bigint, previous?: Reading, elapsedHours = 1) =>
    intervalReading(
      previous,
      {
        utcMs: utcMs(hours * 3_600_000),
        importWh,
        rollsOverAt: ROLLS,
        ...(previous && { elapsed: duration(elapsedHours * 3_600_000) }),
      },
      hour,
    ) as Reading

  it('goes on counting: no energy is lost, and the ledger only grows', () => {
    const before = at(1, 99_990_000n)
    const after = at(2, 12_000n, before)
    expect(after).toMatchObject({ importWhStart: 99_990_000n, importWhEnd: 100_012_000n, flags: ['rollover'] })
    expect(at(3, 30_000n, after)).toMatchObject({ importWhStart: 100_012_000n, importWhEnd: 100_030_000n, flags: [] })
  })

  it('survives an encoding and a second time round', () => {
    let reading = at(1, 99_990_000n)
    for (let round = 1; round <= 3; round++) {
      reading = decodeReading(encodeReading(at(2 * round, 5_000n, reading)))
      expect(reading.importWhEnd).toBe(BigInt(round) * 100_000_000n + 5_000n)
      if (round < 3) reading = { ...reading, importWhEnd: BigInt(round) * 100_000_000n + 99_990_000n }
    }
  })

  it('that was reset in truth counts nothing', () => {
    expect(at(2, 5_000n, at(1, 50_000_000n))).toMatchObject({
      importWhStart: 5_000n,
      importWhEnd: 5_000n,
      flags: ['registerReset'],
    })
  })

  it('is not believed to roll over when nothing says how long it took', () => {
    const previous = at(5, 99_990_000n)
    const backwards = intervalReading(
      previous,
      { utcMs: utcMs(3_600_000), importWh: 12_000n, rollsOverAt: ROLLS },
      hour,
    )
    expect(backwards?.flags).toContain('registerReset')
  })
})
