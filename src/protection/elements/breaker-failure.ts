// Breaker failure of the own breaker (50BF): told to open, it does not interrupt.
//
//   at rest ── trip ──► waiting ── its time over, current still flows ──► re-tripped ── again ──► failed
//      ▲                    │                                                │                      │
//      └─ current gone ─────┴────────────────────────────────────────────────┴── current gone ──────┘
//
// It starts with any trip, goes by current and not by the auxiliary contact, which tells where the contacts are and not
// whether the arc is out, and gives the own breaker a second try before it tells others. What they do about it is theirs:
// the IED upstream trips only while its own fault element is picked up.
//
// Time: the breaker's interrupting time, the current detector's reset and a margin: 2 cycles at 50 Hz 125 ms, distribution
// breakers and reclosers 150 to 300 ms. A current that cannot be measured any more counts as neither flowing nor gone: no
// report that a breaker failed rests on a guess.

import { after, type Duration, type Instant } from '../../../topology/units.ts'

export interface BreakerFailureSettings {
  /** Above this, current flows: some 20 % of rated on lines, 5 % at generators, half the ground pickup. */
  readonly currentAmps: number
  readonly time: Duration
  /** From the second try to the report. */
  readonly retripTime: Duration
}

export type BreakerFailureState =
  | { readonly phase: 'at rest' }
  | { readonly phase: 'waiting' | 're-tripped'; readonly until: Instant; readonly amps: number | undefined }
  | { readonly phase: 'failed' }

export type BreakerFailureEvent =
  | { readonly kind: 'trip' }
  /** The largest of the phases. */
  | { readonly kind: 'current'; readonly amps: number | undefined }
  | { readonly kind: 'tick' }

export type BreakerFailureAction =
  | { readonly kind: 're-trip' }
  | { readonly kind: 'breaker failed' }
  | { readonly kind: 'interrupted' }

export interface BreakerFailureStep {
  readonly state: BreakerFailureState
  readonly actions: readonly BreakerFailureAction[]
}

export const breakerAtRest: BreakerFailureState = { phase: 'at rest' }

export const breakerFailureDeadline = (state: BreakerFailureState): Instant | undefined =>
  state.phase === 'waiting' || state.phase === 're-tripped' ? state.until : undefined

export const breakerFailure =
  (settings: BreakerFailureSettings) =>
  (state: BreakerFailureState, event: BreakerFailureEvent, now: Instant): BreakerFailureStep => {
    if (event.kind === 'trip') {
      // Each trip begins anew but the one that is under way.
      if (state.phase !== 'at rest') return { state, actions: [] }
      return { state: { phase: 'waiting', until: after(now, settings.time), amps: undefined }, actions: [] }
    }
    if (event.kind === 'current') {
      if (state.phase === 'at rest') return { state, actions: [] }
      if (event.amps !== undefined && event.amps <= settings.currentAmps) {
        return { state: breakerAtRest, actions: [{ kind: 'interrupted' }] }
      }
      if (state.phase === 'failed') return { state, actions: [] }
      return due(settings, { ...state, amps: event.amps }, now)
    }
    return state.phase === 'waiting' || state.phase === 're-tripped'
      ? due(settings, state, now)
      : { state, actions: [] }
  }

function due(
  { currentAmps, retripTime }: BreakerFailureSettings,
  state: Extract<BreakerFailureState, { readonly until: Instant }>,
  now: Instant,
): BreakerFailureStep {
  if (now < state.until) return { state, actions: [] }
  if (state.phase === 'waiting') {
    // A second try does no harm, whatever is known of the current.
    return { state: { ...state, phase: 're-tripped', until: after(now, retripTime) }, actions: [{ kind: 're-trip' }] }
  }
  if (state.amps === undefined || state.amps <= currentAmps) return { state, actions: [] }
  return { state: { phase: 'failed' }, actions: [{ kind: 'breaker failed' }] }
}
