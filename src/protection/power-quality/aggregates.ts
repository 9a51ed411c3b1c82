// Values over 10 or 12 cycles, gathered into 150 or 180 cycles and into ten minutes (IEC 61000-4-30 §4.4): the root of the
// mean square, of frequency the mean. Ten minutes end on a tick of UTC. Intervals in which a sag, swell or interruption fell
// are flagged and kept: whoever counts decides.

import { type UtcMs, utcMs } from '../../../topology/units.ts'

/** Values by name, such as `volts.a` (V), `thd.a` (of the fundamental), `u2`, `hz`. Absent where not measured. */
export type Values = { readonly [quantity: string]: number }

export interface Interval {
  readonly startUtcMs: UtcMs
  readonly endUtcMs: UtcMs
  /** Windows of 10 or 12 cycles that it is made of; fewer than there is time for where samples were lost. */
  readonly windows: number
  /** Of them, flagged ones. */
  readonly flagged: number
  readonly values: Values
}

/** One window of 10 or 12 cycles. */
export interface BasicWindow {
  readonly startUtcMs: UtcMs
  readonly endUtcMs: UtcMs
  readonly isFlagged: boolean
  readonly values: Values
}

const isMean = (quantity: string): boolean => quantity === 'hz'

/** Gathers windows. Names come from the monitor alone, so there are as many as channels have quantities. */
export function gathering() {
  let sums = new Map<string, { sum: number; count: number }>()
  let windows = 0
  let flagged = 0
  let startUtcMs: UtcMs | undefined
  let endUtcMs = utcMs(0)

  return {
    add(window: BasicWindow): void {
      startUtcMs ??= window.startUtcMs
      endUtcMs = window.endUtcMs
      windows++
      if (window.isFlagged) flagged++
      for (const [quantity, value] of Object.entries(window.values)) {
        if (!Number.isFinite(value)) continue
        const entry = sums.get(quantity) ?? { sum: 0, count: 0 }
        entry.sum += isMean(quantity) ? value : value * value
        entry.count++
        sums.set(quantity, entry)
      }
    },
    windows: (): number => windows,
    /** What was gathered, and begins anew. Nothing when nothing was. */
    close(): Interval | undefined {
      if (startUtcMs === undefined) return undefined
      const values = Object.fromEntries(
        [...sums].map(([quantity, { sum, count }]) => [
          quantity,
          isMean(quantity) ? sum / count : Math.sqrt(sum / count),
        ]),
      )
      const interval = { startUtcMs, endUtcMs, windows, flagged, values }
      sums = new Map()
      windows = 0
      flagged = 0
      startUtcMs = undefined
      return interval
    },
  }
}

const SHORT_WINDOWS = 15
export const TEN_MINUTES_MS = 600_000

/** The tick that ends the ten minutes in which this moment lies. A moment on a tick ends what was before it. */
export const nextTick = (utc: UtcMs): UtcMs => utcMs(Math.ceil(utc / TEN_MINUTES_MS) * TEN_MINUTES_MS)

export interface Aggregated {
  /** 150 or 180 cycles. */
  readonly short?: Interval
  readonly tenMinutes?: Interval
  /** A tick fell into this window: the next one begins at the tick, and overlaps it. */
  readonly isTick: boolean
}

/**
 * A window into which a tick falls belongs to the ten minutes that end there. When UTC steps, the ten minutes under way end
 * with the window before, short as they are.
 */
export function aggregates() {
  const short = gathering()
  const long = gathering()
  let tick: UtcMs | undefined

  return (window: BasicWindow): Aggregated => {
    let cutShort: Interval | undefined
    if (tick !== undefined && (window.startUtcMs >= tick || window.startUtcMs < tick - TEN_MINUTES_MS - 1000)) {
      cutShort = long.close()
      tick = undefined
    }
    tick ??= nextTick(utcMs(window.startUtcMs + 1))
    short.add(window)
    long.add(window)
    const isTick = window.endUtcMs >= tick
    const closed = isTick ? long.close() : cutShort
    if (isTick) tick = undefined
    const shortClosed = short.windows() >= SHORT_WINDOWS || isTick ? short.close() : undefined
    return {
      isTick,
      ...(shortClosed === undefined ? {} : { short: shortClosed }),
      ...(closed === undefined ? {} : { tenMinutes: closed }),
    }
  }
}
