// Transfer trip: the IED whose device tripped says so, for as long as it stands, to those that operate generators below,
// which then leave before anybody closes again. It is state, not news: a generator's IED that hears it late, or starts
// while it stands, acts on it.
//
// It opens and never closes: when the trip no longer stands, or nothing is heard of it, the generator stays out until its
// own controller or a person brings it back. So a lost message costs time, and a forged one a generator that is allowed to
// leave; local protection stands in any case.

import type { Instant } from '../../topology/units.ts'

export interface TransferTripSettings {
  /** The generator, or its switch, that this IED operates; undefined where it operates something else. */
  readonly generator: string | undefined
}

export interface TransferTripState {
  /** Devices above whose trip stands, by device. */
  readonly standing: ReadonlySet<string>
  /** About which it has alarmed that it cannot place them. */
  readonly undecided: ReadonlySet<string>
}
export const noTransferTrip: TransferTripState = { standing: new Set(), undecided: new Set() }

export interface TransferTripEvent {
  readonly kind: 'trip'
  readonly device: string
  readonly stands: boolean
  /** Where the device is for this IED's own live feeder. */
  readonly place: 'upstream' | 'undecided'
  readonly origin: string
}

export type TransferTripAction =
  | { readonly kind: 'open'; readonly generator: string; readonly device: string; readonly origin: string }
  | { readonly kind: 'ended'; readonly device: string; readonly origin: string }
  | { readonly kind: 'alarm'; readonly alarm: 'undecided'; readonly device: string; readonly origin: string }

/** Devices above one generator; more than these are not remembered, and act each time. */
const KEPT = 64

interface Step {
  readonly state: TransferTripState
  readonly actions: readonly TransferTripAction[]
}

export const transferTrip =
  ({ generator }: TransferTripSettings) =>
  (state: TransferTripState, { device, stands, place, origin }: TransferTripEvent, _now: Instant): Step => {
    if (generator === undefined) return { state, actions: [] }
    if (!stands) {
      if (!state.standing.has(device)) return { state, actions: [] }
      return {
        state: { ...state, standing: without(state.standing, device) },
        actions: [{ kind: 'ended', device, origin }],
      }
    }
    if (place === 'undecided') {
      if (state.undecided.has(device)) return { state, actions: [] }
      const undecided = having(state.undecided, device)
      return { state: { ...state, undecided }, actions: [{ kind: 'alarm', alarm: 'undecided', device, origin }] }
    }
    if (state.standing.has(device)) return { state, actions: [] }
    return {
      state: { standing: having(state.standing, device), undecided: without(state.undecided, device) },
      actions: [{ kind: 'open', generator, device, origin }],
    }
  }

const having = (set: ReadonlySet<string>, one: string): ReadonlySet<string> =>
  set.size >= KEPT ? set : new Set([...set, one])
const without = (set: ReadonlySet<string>, one: string): ReadonlySet<string> =>
  new Set([...set].filter(other => other !== one))
