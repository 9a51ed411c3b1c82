// One stage of a protection element: a quantity is compared with its pickup, and once it has been beyond it for long enough,
// the stage trips. Current, voltage, frequency and sequence components all go through this.
//
//             beyond pickup                     its time is used up
//   at rest ────────────────► picked up (timing) ──────────────────► tripped
//      ▲                          │                                     │
//      └────── back past dropout ─┴─────────────────────────────────────┘
//
// The time is used up in shares: a second of a current that takes four is a quarter of the way, whatever comes next (IEEE
// C37.112). A stage that applied the last current's time alone would not coordinate. Between changes the quantity counts as
// constant, so the moment of the trip is known beforehand: `stageDeadline`. Whoever measures each half cycle feeds each
// value; whoever knows when a value changes feeds the changes only. Both give the same.

import { after, type Duration, duration, type Instant, since } from '../../../topology/units.ts'
import { type Curve, type Reset, resetSeconds, tripSeconds } from './curve.ts'

export type StageTiming =
  | { readonly kind: 'definite'; readonly delay: Duration }
  | {
      readonly kind: 'inverse'
      readonly curve: Curve
      readonly timeMultiplier: number
      readonly maxMultiple?: number | undefined
      readonly minimumSeconds?: number | undefined
    }

export interface StageSettings {
  /** In the unit of the quantity. The stage picks up beyond it, not at it. */
  readonly pickup: number
  /** It stays picked up beyond this; by default the pickup itself. Over: at or below the pickup; under: at or above. */
  readonly dropout?: number | undefined
  /** `under`: the quantity is too small, as in 27 and 81U. By default `over`. */
  readonly side?: 'over' | 'under' | undefined
  readonly timing: StageTiming
  /** By default instantaneous. */
  readonly reset?: Reset | undefined
}

export interface StageState {
  /** What of its time was used up at `at`, 0 to 1. */
  readonly used: number
  readonly at: Instant
  /** How long the whole way takes at the present value: forwards while picked up, back while not. Infinite: stands still. */
  readonly pace: Duration
  readonly isPickedUp: boolean
  readonly hasTripped: boolean
  /** When a definite reset forgets all. */
  readonly forgetAt?: Instant
}

export type StageEvent =
  /** What is measured from now on. Undefined: it can't be measured, and the stage drops out. */
  { readonly kind: 'value'; readonly value: number | undefined } | { readonly kind: 'tick' }

export type StageAction = 'pickup' | 'dropout' | 'trip'

export interface StageStep {
  readonly state: StageState
  readonly actions: readonly StageAction[]
}

const STANDS = duration(Number.POSITIVE_INFINITY)

export const restingStage = (at: Instant): StageState => ({
  used: 0,
  at,
  pace: STANDS,
  isPickedUp: false,
  hasTripped: false,
})

/** Seconds that a steady value takes; infinite where it does not pick up. */
export function operatingSeconds(settings: StageSettings, value: number): number {
  const multiple = multipleOf(settings, value)
  if (!(multiple > 1)) return Number.POSITIVE_INFINITY
  const { timing } = settings
  if (timing.kind === 'definite') return timing.delay / 1000
  return tripSeconds(timing.curve, timing.timeMultiplier, multiple, timing)
}

/** When it trips if the value stays as it is. */
export const stageDeadline = (state: StageState): Instant | undefined =>
  state.isPickedUp && !state.hasTripped && state.pace < Number.POSITIVE_INFINITY
    ? after(state.at, duration(state.pace * (1 - state.used)))
    : undefined

export const stage =
  (settings: StageSettings) =>
  (state: StageState, event: StageEvent, now: Instant): StageStep => {
    const due = stageDeadline(state)
    const trips = due !== undefined && now >= due
    const was = trips ? { ...state, used: 1, at: now, pace: STANDS, hasTripped: true } : state
    const actions: StageAction[] = trips ? ['trip'] : []
    if (event.kind === 'tick') return { state: was, actions }
    const next = see(settings, was, event.value, now)
    if (next.isPickedUp !== was.isPickedUp) actions.push(next.isPickedUp ? 'pickup' : 'dropout')
    // Without a delay there is nothing to wait for.
    if (!next.hasTripped && next.isPickedUp && next.pace * (1 - next.used) <= 0) {
      return { state: { ...next, used: 1, pace: STANDS, hasTripped: true }, actions: [...actions, 'trip'] }
    }
    return { state: next, actions }
  }

/** How far beyond the pickup, 1 at it. Not a number for what is not known, and for nothing over nothing. */
const multipleOf = ({ pickup, side }: StageSettings, value: number | undefined): number =>
  value === undefined ? Number.NaN : side === 'under' ? pickup / value : value / pickup

function see(settings: StageSettings, state: StageState, value: number | undefined, now: Instant): StageState {
  const multiple = multipleOf(settings, value)
  const isPickedUp = multiple > 1 || (state.isPickedUp && stays(settings, value))
  if (isPickedUp && state.hasTripped) return state
  const pace = paceOf(settings, isPickedUp, multiple)
  // The same pace goes on: computing its share anew each time would let rounding move the moment of the trip.
  if (isPickedUp === state.isPickedUp && pace === state.pace && state.forgetAt === undefined) return state
  const used = usedUntil(state, now)
  const reset = settings.reset ?? INSTANTANEOUS
  if (isPickedUp || reset.kind !== 'definite') return { used, at: now, pace, isPickedUp, hasTripped: false }
  const forgetAt = state.forgetAt ?? after(now, duration(reset.seconds * 1000))
  if (now >= forgetAt) return { used: 0, at: now, pace: STANDS, isPickedUp, hasTripped: false }
  return { used, at: now, pace: STANDS, isPickedUp, hasTripped: false, forgetAt }
}

const INSTANTANEOUS: Reset = { kind: 'instantaneous' }

function stays({ pickup, dropout = pickup, side }: StageSettings, value: number | undefined): boolean {
  if (value === undefined) return false
  return side === 'under' ? value < dropout : value > dropout
}

function paceOf({ timing, reset = INSTANTANEOUS }: StageSettings, isPickedUp: boolean, multiple: number): Duration {
  if (timing.kind === 'definite') {
    if (isPickedUp) return timing.delay
    return reset.kind === 'definite' ? STANDS : duration(0)
  }
  // Between pickup and dropout the curve says nothing: what is used up stays so.
  if (isPickedUp) return duration(tripSeconds(timing.curve, timing.timeMultiplier, multiple, timing) * 1000)
  if (reset.kind === 'definite') return STANDS
  const below = Number.isFinite(multiple) ? multiple : 0
  return duration(resetSeconds(timing.curve, timing.timeMultiplier, below, reset) * 1000)
}

function usedUntil({ used, at, pace, isPickedUp, forgetAt }: StageState, now: Instant): number {
  if (forgetAt !== undefined && now >= forgetAt) return 0
  if (pace === Number.POSITIVE_INFINITY) return used
  if (isPickedUp) return Math.min(1, used + since(at, now) / pace)
  return pace === 0 ? 0 : Math.max(0, used - since(at, now) / pace)
}
