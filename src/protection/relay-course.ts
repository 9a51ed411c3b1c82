// The course of a fault as the relay in the own device shows it, for those around to be told: picked up, tripped, cleared,
// locked out, or the breaker has failed.
//
//            pickup               trip                 its current is gone          no shot is left
//   quiet ──────────► picked-up ────────► tripped ───────────────────────► cleared ────────────────► locked-out
//     ▲ ◄── dropout ──────┘                  │  seen still after the breaker's time
//     │                                      └────────► breaker-failed ──► cleared, ...
//     └── closed again, and sees nothing
//
// It says what the device shows and decides nothing. Nobody trips, closes or waits for it but in one case: that a breaker
// has failed counts at an IED upstream, beside that one's own fault element, see `trip-coordination.ts`.
//
// One event lasts from a pickup to the next one: a trip and what comes of it bear the pickup's name, and after a reclosing
// onto the fault a new event begins. While the device is silent nothing is known, so nothing is said; what is found after
// that, or at a start, is told as it is, but as no news of a trip. A breaker's time then runs from when it was seen.

import { after, type Duration, type Instant } from '../../topology/units.ts'
import type { RelayState } from './relay-messages.ts'

export interface RelayCourseSettings {
  readonly breakerFailure: Duration
  readonly eventPrefix: string
}

export interface RelayCourse {
  readonly count: number
  readonly event: string
  /** Undefined before the first status, and after a silence. */
  readonly relay: RelayState | undefined
  /** The breaker's time is over then. While it is tripped. */
  readonly failsAt: Instant | undefined
}
export const noCourse: RelayCourse = { count: 0, event: '', relay: undefined, failsAt: undefined }

export type RelayCourseEvent =
  | {
      readonly kind: 'status'
      /** The device was asked no earlier than this. */
      readonly at: Instant
      readonly pickup: boolean
      readonly tripped: boolean
      readonly lockedOut: boolean
    }
  | { readonly kind: 'silent' }

export interface RelayCourseAction {
  readonly kind: 'relay'
  readonly event: string
  readonly state: RelayState
}

interface Step {
  readonly state: RelayCourse
  readonly actions: readonly RelayCourseAction[]
}

export const relayCourse =
  (settings: RelayCourseSettings) =>
  (state: RelayCourse, event: RelayCourseEvent, _now: Instant): Step => {
    if (event.kind === 'silent') return { state: { ...state, relay: undefined, failsAt: undefined }, actions: [] }
    const { at, tripped } = event
    const failsAt = tripped ? (state.failsAt ?? after(at, settings.breakerFailure)) : undefined
    const relay = relayStateOf(event, failsAt)
    if (relay === state.relay) return { state: { ...state, failsAt }, actions: [] }
    // That nothing goes on is no news to who has not been told of anything.
    if (relay === 'quiet' && state.relay === undefined) return { state: { ...state, relay, failsAt }, actions: [] }
    const goesOn = state.relay !== undefined && state.event !== '' && !begins(state.relay, relay)
    const count = goesOn ? state.count : state.count + 1
    const name = goesOn ? state.event : `${settings.eventPrefix}/r${count}`
    return { state: { count, event: name, relay, failsAt }, actions: [{ kind: 'relay', event: name, state: relay }] }
  }

function relayStateOf(
  { at, pickup, tripped, lockedOut }: Extract<RelayCourseEvent, { kind: 'status' }>,
  failsAt: Instant | undefined,
): RelayState {
  if (!tripped) return pickup ? 'picked-up' : 'quiet'
  if (pickup) return failsAt !== undefined && at >= failsAt ? 'breaker-failed' : 'tripped'
  return lockedOut ? 'locked-out' : 'cleared'
}

/** A pickup, or a trip whose pickup nobody saw. Whatever follows is of the same event. */
const begins = (was: RelayState, is: RelayState): boolean =>
  is === 'picked-up' ||
  (was === 'quiet' && is !== 'quiet') ||
  ((was === 'cleared' || was === 'locked-out') && is === 'tripped')
