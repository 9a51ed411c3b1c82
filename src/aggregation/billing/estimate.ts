// Estimates for gaps: by a straight line between neighbours when short, else by the same weekday of the weeks before; scaled
// so that they add up to what the register counted meanwhile. Whole watt-hours, whose sum is exact.

import { type Energy, type Interval, lengthOf } from './interval.ts'

export interface EstimateSettings {
  /** The longest gap that a straight line crosses. */
  readonly linearMs: number
  /** So many weeks back count for the weekday's mean. */
  readonly weeks: number
}

export const estimateDefaults: EstimateSettings = { linearMs: 2 * 3_600_000, weeks: 4 }

export interface Gap {
  /** Intervals of one length that fill it. */
  readonly starts: readonly number[]
  readonly intervalMs: number
  /** What the registers counted over the gap, as far as that is known. */
  readonly counted?: Partial<Energy>
}

type Field = 'importWh' | 'exportWh'

/** @param history in order; what lies around the gap and before it */
export function estimate(
  gap: Gap,
  history: readonly Interval[],
  settings: EstimateSettings = estimateDefaults,
): Interval[] {
  const { starts, intervalMs, counted = {} } = gap
  const byStart = validByStart(history)
  const before = byStart.get((starts[0] ?? 0) - intervalMs)
  const after = byStart.get((starts.at(-1) ?? 0) + intervalMs)
  const isShort = starts.length * intervalMs <= settings.linearMs
  const isAlike = (each: Interval | undefined): each is Interval => each !== undefined && lengthOf(each) === intervalMs

  const weekly = (field: Field): (bigint | undefined)[] =>
    starts.map(start => {
      const found: bigint[] = []
      for (let week = 1; week <= settings.weeks; week++) {
        const then = byStart.get(start - week * 7 * 86_400_000)
        if (isAlike(then)) found.push(then[field])
      }
      return found.length === 0
        ? undefined
        : halfUp(
            found.reduce((sum, each) => sum + each, 0n),
            BigInt(found.length),
          )
    })

  function shape(field: Field): { rule: string; values: bigint[] } | undefined {
    if (isShort && isAlike(before) && isAlike(after))
      return { rule: 'linear', values: line(before[field], after[field], starts.length) }
    const means = weekly(field)
    if (means.every(each => each !== undefined)) return { rule: 'weekdayMean', values: means as bigint[] }
    return counted[field] === undefined ? undefined : { rule: 'even', values: starts.map(() => 1n) }
  }

  const imported = shape('importWh')
  const exported = shape('exportWh')
  const fitted = (field: Field, given: ReturnType<typeof shape>): bigint[] | undefined => {
    const sum = counted[field]
    return given && (sum === undefined ? given.values : shares(sum, given.values))
  }
  const importWh = fitted('importWh', imported)
  // Where the register of what was taken is all that is known, nothing is made up of what was given.
  const exportWh = fitted('exportWh', exported) ?? (counted.importWh === undefined ? undefined : starts.map(() => 0n))
  // Reactive energy is never made up, but what the registers counted is not lost: it lies where the active energy does.
  const reactive = (field: 'importVarh' | 'exportVarh', along: bigint[] | undefined): bigint[] | undefined => {
    const sum = counted[field]
    return sum === undefined || along === undefined ? undefined : shares(sum, along)
  }
  const importVarh = reactive('importVarh', importWh)
  const exportVarh = reactive('exportVarh', exportWh)
  return starts.map((startUtcMs, n) => {
    const at = { startUtcMs, endUtcMs: startUtcMs + intervalMs }
    const [taken, given] = [importWh?.[n], exportWh?.[n]]
    if (taken === undefined || given === undefined || imported === undefined) {
      return { ...at, importWh: 0n, exportWh: 0n, quality: 'missing', rules: ['gap'] }
    }
    const rules = [imported.rule, ...(counted.importWh === undefined ? [] : ['register'])]
    return {
      ...at,
      importWh: taken,
      exportWh: given,
      ...(importVarh === undefined ? {} : { importVarh: importVarh[n] as bigint }),
      ...(exportVarh === undefined ? {} : { exportVarh: exportVarh[n] as bigint }),
      quality: 'estimated',
      rules,
    }
  })
}

/** Of one history, once for all of its gaps: a meter may have one after each interval. */
const known = new WeakMap<readonly Interval[], ReadonlyMap<number, Interval>>()

function validByStart(history: readonly Interval[]): ReadonlyMap<number, Interval> {
  const found =
    known.get(history) ??
    new Map(history.filter(({ quality }) => quality === 'valid').map(each => [each.startUtcMs, each]))
  known.set(history, found)
  return found
}

/** On a straight line between two values, both left out. */
function line(from: bigint, to: bigint, count: number): bigint[] {
  const steps = BigInt(count + 1)
  return Array.from({ length: count }, (_, n) => halfUp(from * (steps - BigInt(n + 1)) + to * BigInt(n + 1), steps))
}

const halfUp = (top: bigint, bottom: bigint): bigint => (2n * top + bottom) / (2n * bottom)

/** Parts of `sum` as the weights are to each other: each up to where the running total is, so that nothing is left over. */
export function shares(sum: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((all, each) => all + each, 0n)
  const used = total === 0n ? weights.map(() => 1n) : weights
  const whole = total === 0n ? BigInt(weights.length) : total
  let at = 0n
  let given = 0n
  return used.map(weight => {
    at += weight
    const upTo = (sum * at) / whole
    const part = upTo - given
    given = upTo
    return part
  })
}
