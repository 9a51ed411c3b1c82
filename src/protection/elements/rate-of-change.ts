// Rate of change of frequency (81R, ROCOF), over a window of measured frequencies rather than one cycle: a phase jump moves one
// estimate by hertz, and no generator. Its slope is taken between the means of the window's two halves.

import { after, type Duration, type Instant, since } from '../../../topology/units.ts'

export interface RateState {
  /** Oldest first. Bounded by the window and `MOST`. */
  readonly seen: readonly { readonly at: Instant; readonly hz: number }[]
}

export const noRate: RateState = { seen: [] }
/** Two a cycle for a window of 5 s at 60 Hz. */
const MOST = 600

/** @returns the state, and Hz/s once the window is full */
export function rateOfChange(
  window: Duration,
  state: RateState,
  hz: number | undefined,
  now: Instant,
): { readonly state: RateState; readonly hzPerS: number | undefined } {
  if (hz === undefined) return { state: noRate, hzPerS: undefined }
  const from = after(now, -window as Duration)
  const seen = [...state.seen.filter(({ at }) => at >= from), { at: now, hz }].slice(-MOST)
  const first = seen[0]
  // Nearly full counts: measurements do not come to the very moment.
  if (first === undefined || seen.length < 4 || since(first.at, now) < 0.9 * window) {
    return { state: { seen }, hzPerS: undefined }
  }
  const middle = seen.length >> 1
  const [early, late] = [meanOf(seen.slice(0, middle)), meanOf(seen.slice(middle))]
  const seconds = (late.at - early.at) / 1000
  return { state: { seen }, hzPerS: seconds > 0 ? (late.hz - early.hz) / seconds : undefined }
}

function meanOf(seen: RateState['seen']): { at: number; hz: number } {
  const sum = seen.reduce((total, { at, hz }) => ({ at: total.at + at, hz: total.hz + hz }), { at: 0, hz: 0 })
  return { at: sum.at / seen.length, hz: sum.hz / seen.length }
}
