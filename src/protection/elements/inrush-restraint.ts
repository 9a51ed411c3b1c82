// Inrush restraint: a transformer that is energised draws a current rich in second harmonic, which no fault has. While there is
// more of it than 15 to 20 % of the fundamental, 51 waits, for a bounded time: one to five seconds, then the current is a fault
// whatever it looks like. Only one phase need show it. A high stage (50) is not restrained: nothing inrushes like that.
//
// The bound begins with the first restraint and ends with the current: a fault with harmonics cannot begin it anew.

import { after, type Duration, type Instant } from '../../../topology/units.ts'

export interface InrushSettings {
  /** Second harmonic over fundamental, the largest of the phases: 0.15 to 0.2. */
  readonly ratio: number
  readonly atMost: Duration
}

export interface InrushState {
  /** Until when it may restrain; stays after that, so that it is not begun anew, until the current is below pickup. */
  readonly until?: Instant
}

/** @param secondHarmonic undefined where it can't be measured: then nothing is restrained */
export const inrushRestraint =
  ({ ratio, atMost }: InrushSettings) =>
  (
    state: InrushState,
    { isPickedUp, secondHarmonic }: { readonly isPickedUp: boolean; readonly secondHarmonic: number | undefined },
    now: Instant,
  ): { readonly state: InrushState; readonly restrains: boolean } => {
    if (!isPickedUp) return { state: {}, restrains: false }
    if (secondHarmonic === undefined || !(secondHarmonic > ratio)) return { state, restrains: false }
    const until = state.until ?? after(now, atMost)
    return { state: { until }, restrains: now < until }
  }
