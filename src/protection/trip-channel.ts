// At a generator's IED: would a transfer trip be heard? While the neighbour that would pass it on is silent, or a device above
// is not heard of, it would not.
//
//   heard ── silent for `grace` ──► lost: alarm, tighter local elements ── silent for `tripAfter`, where so set ──► trip
//     ▲                                │
//     └────────── heard again ─────────┘
//
// Silence trips nothing unless the configuration says so: a mesh that fails takes no generator off. At the start nobody has
// been heard yet, and that is silence like any other, after a longer time.

import { after, type Duration, type Instant } from '../../topology/units.ts'

export interface TripChannelSettings {
  readonly onLost: 'alarm' | 'trip'
  readonly grace: Duration
  readonly tripAfter: Duration
  /** In place of both, until all have been heard once. */
  readonly startGrace: Duration
}

export interface TripChannelState {
  readonly hasHeard: boolean
  readonly silentSince: Instant | undefined
  readonly lost: boolean
  readonly tripped: boolean
}
export const tripChannelStart: TripChannelState = {
  hasHeard: false,
  silentSince: undefined,
  lost: false,
  tripped: false,
}

export type TripChannelAction =
  | { readonly kind: 'lost' }
  | { readonly kind: 'back' }
  | { readonly kind: 'trip' }
  | { readonly kind: 'wake'; readonly at: Instant }

/** @param silent somebody is not heard of now */
export const tripChannel =
  ({ onLost, grace, tripAfter, startGrace }: TripChannelSettings) =>
  (
    state: TripChannelState,
    silent: boolean,
    now: Instant,
  ): { readonly state: TripChannelState; readonly actions: readonly TripChannelAction[] } => {
    if (!silent) {
      return {
        state: { hasHeard: true, silentSince: undefined, lost: false, tripped: false },
        actions: state.lost ? [{ kind: 'back' }] : [],
      }
    }
    const silentSince = state.silentSince ?? now
    const lostAt = after(silentSince, state.hasHeard ? grace : startGrace)
    const tripAt = after(silentSince, state.hasHeard ? tripAfter : startGrace)
    const lost = now >= lostAt
    const trips = onLost === 'trip' && now >= tripAt
    const actions: TripChannelAction[] = []
    if (lost && !state.lost) actions.push({ kind: 'lost' })
    if (trips && !state.tripped) actions.push({ kind: 'trip' })
    if (!lost) actions.push({ kind: 'wake', at: lostAt })
    else if (onLost === 'trip' && !trips) actions.push({ kind: 'wake', at: tripAt })
    return { state: { ...state, silentSince, lost: state.lost || lost, tripped: state.tripped || trips }, actions }
  }
