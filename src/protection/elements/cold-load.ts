// Cold-load pickup: after a long outage, refrigerators, heaters and motors all draw current at once, and a pickup that fits a
// warm feeder would trip. So pickups are raised, by a factor and for a bounded time after the current has come back.
//
// Faults stay seen: the factor is bounded, and a fault's current is many times the pickup. Who restarts does not know how long
// the line was dead, and raises nothing: that can trip a cold load, never miss a fault.

import { after, type Duration, type Instant, since } from '../../../topology/units.ts'

export interface ColdLoadSettings {
  /** So long without current, and the load counts as cold: some 5 to 10 minutes. */
  readonly outage: Duration
  /** 1 to 3; 2 is usual. */
  readonly factor: number
  /** At the most, from the moment the current came back. */
  readonly lasts: Duration
  /** Below this, no current flows. */
  readonly currentAmps: number
}

export interface ColdLoadState {
  readonly deadSince?: Instant
  readonly until?: Instant
}

/** @returns the state, and what pickups are multiplied by now */
export const coldLoad =
  ({ outage, factor, lasts, currentAmps }: ColdLoadSettings) =>
  (
    state: ColdLoadState,
    amps: number | undefined,
    now: Instant,
  ): { readonly state: ColdLoadState; readonly factor: number } => {
    const until = state.until !== undefined && now < state.until ? state.until : undefined
    const running = until === undefined ? {} : { until }
    // What is not measured is neither dead nor live: an outage that was not seen is none.
    if (amps === undefined) return { state: running, factor: until === undefined ? 1 : factor }
    if (amps <= currentAmps) {
      return { state: { ...running, deadSince: state.deadSince ?? now }, factor: until === undefined ? 1 : factor }
    }
    const isCold = state.deadSince !== undefined && since(state.deadSince, now) >= outage
    if (isCold) return { state: { until: after(now, lasts) }, factor }
    return { state: running, factor: until === undefined ? 1 : factor }
  }
