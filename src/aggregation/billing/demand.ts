// Demand: the energy of a window over its time. Block windows lie side by side; rolling ones move by a step.
//
// Exact: the windows are sums of whole watt-hours. A window counts only when intervals cover it wholly, so a gap cannot make
// a demand, and when none of them is without a value. An interval longer than the window is a window of its own.

import { type Exact, exact } from './exact.ts'
import { type Interval, lengthOf } from './interval.ts'

export interface DemandSettings {
  readonly method: 'block' | 'rolling'
  readonly minutes: number
  /** Of a rolling window. */
  readonly stepMinutes: number
  /** Windows that begin so soon after an outage do not count. */
  readonly afterOutageMinutes: number
}

export interface DemandWindow {
  readonly startUtcMs: number
  readonly endUtcMs: number
  readonly wattHours: bigint
  /** Some of it is estimated, edited or questionable. */
  readonly isMeasured: boolean
}

/** In kW (or kvar, of varh). */
export const demandOf = ({ wattHours, startUtcMs, endUtcMs }: DemandWindow): Exact =>
  exact(wattHours * 3_600n, endUtcMs - startUtcMs)

/**
 * All windows that count, by their start.
 *
 * @param intervals in order, without overlaps
 * @param alignUtcMs a boundary of windows: local midnight
 * @param of what is summed: imported watt-hours by default
 */
export function demandWindows(
  intervals: readonly Interval[],
  settings: DemandSettings,
  alignUtcMs: number,
  of: (interval: Interval) => bigint | undefined = ({ importWh }) => importWh,
): DemandWindow[] {
  const windowMs = settings.minutes * 60_000
  const stepMs = settings.method === 'block' ? windowMs : settings.stepMinutes * 60_000
  const found: DemandWindow[] = []
  /** Where the last outage ended. */
  let outageEnd = Number.NEGATIVE_INFINITY
  let first = 0
  const settled = (startUtcMs: number): boolean =>
    startUtcMs >= outageEnd + settings.afterOutageMinutes * 60_000 || settings.afterOutageMinutes === 0

  for (const interval of intervals) {
    if (interval.isOutage === true) outageEnd = interval.endUtcMs
    const value = of(interval)
    if (lengthOf(interval) <= windowMs || value === undefined || interval.quality === 'missing') continue
    if (!settled(interval.startUtcMs)) continue
    const { startUtcMs, endUtcMs } = interval
    found.push({ startUtcMs, endUtcMs, wattHours: value, isMeasured: interval.quality === 'valid' })
  }
  outageEnd = Number.NEGATIVE_INFINITY
  let outages = 0

  for (let n = 0; n < intervals.length; n++) {
    const { startUtcMs } = intervals[n] as Interval
    if ((startUtcMs - alignUtcMs) % stepMs !== 0 || lengthOf(intervals[n] as Interval) > windowMs) continue
    first = n
    for (; outages <= n; outages++) {
      const each = intervals[outages] as Interval
      if (each.isOutage === true) outageEnd = each.endUtcMs
    }
    if (!settled(startUtcMs)) continue
    const window = covered(intervals, first, startUtcMs + windowMs, of)
    if (window !== undefined) found.push(window)
  }
  return found.sort((a, b) => a.startUtcMs - b.startUtcMs)
}

function covered(
  intervals: readonly Interval[],
  first: number,
  endUtcMs: number,
  of: (interval: Interval) => bigint | undefined,
): DemandWindow | undefined {
  let isMeasured = true
  let at = (intervals[first] as Interval).startUtcMs
  const startUtcMs = at
  let sum = 0n
  for (let n = first; at < endUtcMs; n++) {
    const interval = intervals[n]
    const value = interval && of(interval)
    if (interval === undefined || value === undefined || interval.startUtcMs !== at) return undefined
    if (interval.quality === 'missing') return undefined
    isMeasured &&= interval.quality === 'valid'
    sum += value
    at = interval.endUtcMs
  }
  return at === endUtcMs ? { startUtcMs, endUtcMs, wattHours: sum, isMeasured } : undefined
}

/** The first of the greatest. */
export function greatestWindow(windows: readonly DemandWindow[]): DemandWindow | undefined {
  let found: DemandWindow | undefined
  for (const window of windows) {
    if (found === undefined) found = window
    else {
      // Compared without division: sums over lengths, crosswise.
      const [a, b] = [window.endUtcMs - window.startUtcMs, found.endUtcMs - found.startUtcMs]
      const isGreater =
        a === b ? window.wattHours > found.wattHours : window.wattHours * BigInt(b) > found.wattHours * BigInt(a)
      if (isGreater) found = window
    }
  }
  return found
}
