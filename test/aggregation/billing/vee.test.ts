// What a meter gave, put in order, judged and filled: each check on both sides of its limit.

import { describe, expect, it } from 'vitest'
import { estimate, shares } from '../../../src/aggregation/billing/estimate.ts'
import type { Interval } from '../../../src/aggregation/billing/index.ts'
import { type RawInterval, vee } from '../../../src/aggregation/billing/vee.ts'
import { type ZoneClock, zoneClock } from '../../../src/aggregation/local-time.ts'

const UTC = zoneClock('UTC') as ZoneClock
const HOUR = 3_600_000
const DAY = 24 * HOUR
const raw = (n: number, wh: number, more: Partial<RawInterval> = {}): RawInterval => ({
  startUtcMs: n * HOUR,
  endUtcMs: (n + 1) * HOUR,
  importWh: BigInt(wh),
  exportWh: 0n,
  ...more,
})
const run = (
  given: RawInterval[],
  more: Partial<Parameters<typeof vee>[1]> = {},
  edits: Parameters<typeof vee>[3] = [],
) => vee(given, { intervalMs: HOUR, linearMs: 4 * HOUR, ...more }, UTC, edits)
const checks = (given: ReturnType<typeof run>): string[] => given.findings.map(({ check }) => check)
/** No two alike in a row, no spike. */
const usual = (n: number): number => 100 + ((n * 7) % 30)

describe('estimates', () => {
  it('draws a line of 80, 85, 90, 95 between 75 and 100', () => {
    const made = run([raw(0, 75), raw(5, 100)])
    expect(made.intervals.map(({ importWh }) => importWh)).toEqual([75n, 80n, 85n, 90n, 95n, 100n])
    expect(made.intervals[1]).toMatchObject({ quality: 'estimated', rules: ['linear'] })
    expect(run([raw(0, 75), raw(5, 100)], { linearMs: 4 * HOUR - 1 }).intervals[1]).toMatchObject({
      quality: 'missing',
    })
  })

  it('adds up to what the register counted', () => {
    const made = run([raw(0, 75, { importRegisterWh: 1_000n }), raw(5, 100, { importRegisterWh: 1_801n })])
    expect(made.intervals.reduce((sum, { importWh }) => sum + importWh, 0n)).toBe(75n + 801n)
    expect(made.intervals[1]).toMatchObject({ rules: ['linear', 'register'] })
    const divided = run([raw(0, 75), { ...raw(1, 401), endUtcMs: 5 * HOUR, flags: ['long'] }, raw(5, 100)])
    expect(divided.intervals.map(({ importWh }) => importWh)).toEqual([75n, 91n, 98n, 103n, 109n, 100n])
    expect(shares(10n, [0n, 0n, 0n])).toEqual([3n, 3n, 4n])
  })

  it('keeps what was given and reactive energy, where registers counted it', () => {
    const made = run(
      [
        raw(0, 75, { exportWh: 40n, importRegisterWh: 1_000n, exportRegisterWh: 500n, importRegisterVarh: 10n }),
        raw(5, 100, { importRegisterWh: 1_801n, exportRegisterWh: 901n, importVarh: 5n, importRegisterVarh: 115n }),
      ],
      { hasGenerator: true },
    )
    const gap = made.intervals.filter(({ quality }) => quality === 'estimated')
    const sum = (of: (each: Interval) => bigint | undefined) => gap.reduce((all, each) => all + (of(each) ?? 0n), 0n)
    expect([sum(each => each.importWh), sum(each => each.exportWh), sum(each => each.importVarh)]).toEqual([
      701n,
      401n,
      100n,
    ])
    const long = run([
      raw(0, 75),
      { ...raw(1, 400, { importVarh: 81n, exportVarh: 0n }), endUtcMs: 5 * HOUR },
      raw(5, 9),
    ])
    expect(long.intervals.reduce((all, { importVarh = 0n }) => all + importVarh, 0n)).toBe(81n)
    // The register of what was given is not known: a line between neighbours, as without any.
    const known = run(
      [raw(0, 0, { exportWh: 75n, importRegisterWh: 7n }), raw(5, 0, { exportWh: 100n, importRegisterWh: 7n })],
      { hasGenerator: true },
    )
    expect(known.intervals.map(({ exportWh }) => exportWh)).toEqual([75n, 80n, 85n, 90n, 95n, 100n])
  })

  it('has what registers counted in a gap that is shorter than an interval', () => {
    const late = { ...raw(1, 50, { importRegisterWh: 1_150n }), startUtcMs: 1.5 * HOUR }
    const made = run([raw(0, 75, { importRegisterWh: 1_000n }), late])
    expect(made.intervals.map(({ startUtcMs, importWh, quality }) => [startUtcMs / HOUR, importWh, quality])).toEqual([
      [0, 75n, 'valid'],
      [1, 100n, 'estimated'],
      [1.5, 50n, 'valid'],
    ])
    const unknown = run([raw(0, 75), { ...late, importRegisterWh: 0n }])
    expect(unknown.intervals[1]).toMatchObject({ importWh: 0n, quality: 'missing' })
  })

  it('has a year of readings with a second lacking between each two of them', () => {
    const SECOND = 1_000
    const readings = Array.from({ length: 35_000 }, (_, n) => ({
      ...raw(0, 75),
      startUtcMs: n * 900 * SECOND,
      endUtcMs: (n + 1) * 900 * SECOND - SECOND,
    }))
    const made = vee(readings, { intervalMs: 900 * SECOND }, UTC)
    expect(made.intervals).toHaveLength(69_999)
    expect(made.intervals[1]).toMatchObject({ startUtcMs: 899 * SECOND, endUtcMs: 900 * SECOND, quality: 'missing' })
  })

  it('does not take a new meter for what was used meanwhile', () => {
    const made = run([
      raw(0, 75, { importRegisterWh: 10n }),
      raw(5, 0, { importRegisterWh: 900_000n, flags: ['first'] }),
    ])
    expect(made.intervals[1]).toMatchObject({ importWh: 60n, rules: ['linear'] })
    // As a ledger says it: a look of no time, and then what was used since.
    const look = { ...raw(5, 0, { importRegisterWh: 900_000n, flags: ['first'] }), endUtcMs: 5 * HOUR }
    const replaced = run([raw(0, 75, { importRegisterWh: 10n }), look, raw(5, 100, { importRegisterWh: 900_100n })])
    expect(replaced.intervals.map(({ importWh }) => importWh)).toEqual([75n, 80n, 85n, 90n, 95n, 100n])
    expect(replaced.findings.map(({ check }) => check)).toEqual(['gap'])
    // Without a gap in between: the new register is compared with what it says itself.
    const atOnce = run([
      raw(0, 75, { importRegisterWh: 10n }),
      { ...look, startUtcMs: HOUR, endUtcMs: HOUR },
      raw(1, 100, { importRegisterWh: 900_100n }),
      raw(2, 90, { importRegisterWh: 900_190n }),
      raw(3, 80, { importRegisterWh: 900_300n }),
    ])
    expect(atOnce.findings).toMatchObject([{ check: 'sum', utcMs: 3 * HOUR }])
  })

  it('takes the mean of the same weekday for a longer gap', () => {
    const history: Interval[] = Array.from({ length: 21 * 24 }, (_, n) => ({
      startUtcMs: n * HOUR,
      endUtcMs: (n + 1) * HOUR,
      importWh: BigInt(n < 7 * 24 ? 10 : 20),
      exportWh: 0n,
      quality: 'valid',
    }))
    const starts = Array.from({ length: 6 }, (_, n) => 21 * DAY + n * HOUR)
    expect(estimate({ starts, intervalMs: HOUR }, history).map(({ importWh, rules }) => [importWh, rules])).toEqual(
      starts.map(() => [17n, ['weekdayMean']]),
    )
  })
})

describe('validation', () => {
  it('counts the same once, keeps the first of what overlaps, and leaves the future for later', () => {
    const made = run([raw(0, 75), raw(0, 75), raw(0, 99), raw(1, 80), raw(90, 5)], { nowUtcMs: 50 * HOUR })
    expect(made.intervals.map(({ importWh }) => importWh)).toEqual([75n, 80n])
    expect(checks(made)).toEqual(['duplicate', 'overlap', 'future'])
  })

  it('counts less than nothing as nothing, in doubt, and keeps what was measured', () => {
    const made = run([raw(0, 75), raw(1, -80, { exportWh: -1n, importVarh: 4n }), raw(2, 0), raw(3, 90)])
    expect(made.intervals.map(({ importWh, quality }) => [importWh, quality])).toEqual([
      [75n, 'valid'],
      [0n, 'questionable'],
      [0n, 'valid'],
      [90n, 'valid'],
    ])
    expect(made.intervals[1]).toMatchObject({
      exportWh: 0n,
      importVarh: 4n,
      original: { importWh: -80n, exportWh: -1n, importVarh: 4n },
    })
    expect(checks(made)).toContain('negative')
  })

  it('compares sums with the registers', () => {
    const off = (register: bigint) =>
      checks(run([raw(0, 75, { importRegisterWh: 0n }), raw(1, 1000, { importRegisterWh: register })]))
    expect([off(1010n), off(1011n), off(990n)]).toEqual([[], ['sum'], ['sum']])
  })

  it('marks a spike above 180 % of the third highest', () => {
    const day = (peak: number) =>
      Array.from({ length: 24 }, (_, n) => raw(n, n === 12 ? peak : n === 13 ? 101 : 100 - (n % 2)))
    expect(checks(run(day(280)))).toEqual([])
    const made = run(day(281))
    expect(checks(made)).toEqual(['spike'])
    expect(made.intervals[12]).toMatchObject({ quality: 'questionable', importWh: 281n })
  })

  it('marks days outside 50 to 200 % of the same weekday, values that stay, and zeros under voltage', () => {
    const weeks = (last: number) =>
      Array.from({ length: 8 * 24 }, (_, n) =>
        raw(n, n < 7 * 24 ? usual(n % 24) : Math.round((usual(n % 24) * last) / 100)),
      )
    expect(checks(run(weeks(195)))).toEqual([])
    expect(checks(run(weeks(210)))).toEqual(['highLow'])
    expect(checks(run(weeks(45)))).toEqual(['highLow'])
    const still = (count: number) => Array.from({ length: 12 }, (_, n) => raw(n, n < count ? 90 : usual(n)))
    expect([checks(run(still(5))), checks(run(still(6)))]).toEqual([[], ['static']])
    const zeros = (hasVoltage: boolean) =>
      Array.from({ length: 12 }, (_, n) => raw(n, n < 6 ? usual(n) : 0, { hasVoltage }))
    expect(checks(run(zeros(true)))).toEqual(['zero'])
    const outage = run(zeros(false))
    expect(checks(outage)).toEqual([])
    expect(outage.intervals[8]).toMatchObject({ quality: 'valid', isOutage: true })
  })

  it('doubts what flows the wrong way, reactive energy alone, and what the reader marked', () => {
    const given = [
      raw(0, 90, { exportWh: 5n }),
      raw(1, 0, { importVarh: 10n }),
      raw(2, 91, { flags: ['clock', 'long'] }),
    ]
    expect(checks(run(given))).toEqual(['direction', 'reactiveOnly', 'clock'])
    expect(checks(run(given, { hasGenerator: true }))).toEqual(['reactiveOnly', 'clock'])
  })

  it('keeps what was measured beside what a person put there', () => {
    const edit = { startUtcMs: HOUR, importWh: 70n, exportWh: 0n, author: 'ada', atUtcMs: 5, reason: 'meter test' }
    const made = run([raw(0, 75), raw(1, 80)], {}, [edit, { ...edit, startUtcMs: 9 * HOUR }])
    expect(made.intervals[1]).toMatchObject({
      importWh: 70n,
      quality: 'edited',
      original: { importWh: 80n },
      edit: { author: 'ada' },
    })
    expect(checks(made)).toEqual(['edit'])
  })
})
