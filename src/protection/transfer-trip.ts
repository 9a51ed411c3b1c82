// Transfer trip: the IED whose device tripped says so, for as long as it stands, to those that operate generators below,
// which then leave before anybody closes again. It is state, not news: a generator's IED that hears it late, or starts
// while it stands, acts on it.
//
// It opens and never closes: when the trip no longer stands, or nothing is heard of it, the generator stays out until its
// own controller or a person brings it back. So a lost message costs time, and a forged one a generator that is allowed to
// leave; local protection stands in any case. Repeats of one trip open once; each further trip opens again, whether or not
// it was heard that the one before it was over, and so does a repeat when the generator could not be opened.

import type { Instant } from '../../topology/units.ts'

export interface TransferTripSettings {
  /** The generator, or its switch, that this IED operates; undefined where it operates something else. */
  readonly generator: string | undefined
}

export interface TransferTripState {
  /** Devices above whose trip stands, and which trip of theirs that is. */
  readonly standing: ReadonlyMap<string, string>
  /** About which it has alarmed that it cannot place them. */
  readonly undecided: ReadonlySet<string>
}
export const noTransferTrip: TransferTripState = { standing: new Map(), undecided: new Set() }

export type TransferTripEvent =
  | {
      readonly kind: 'trip'
      readonly device: string
      /** The same for all repeats of one trip, another for the next one. */
      readonly trip: string
      readonly stands: boolean
      /** Where the device is for this IED's own live feeder. */
      readonly place: 'upstream' | 'undecided'
      readonly origin: string
    }
  /** The generator is not known to have left: the next repeat tries again. */
  | { readonly kind: 'not-opened'; readonly device: string }

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
  (state: TransferTripState, event: TransferTripEvent, _now: Instant): Step => {
    const { device } = event
    if (generator === undefined) return { state, actions: [] }
    if (event.kind === 'not-opened') {
      return { state: { ...state, standing: without(state.standing, device) }, actions: [] }
    }
    const { stands, trip, place, origin } = event
    if (!stands) {
      if (!state.standing.has(device)) return { state, actions: [] }
      return {
        state: { ...state, standing: without(state.standing, device) },
        actions: [{ kind: 'ended', device, origin }],
      }
    }
    if (place === 'undecided') {
      if (state.undecided.has(device)) return { state, actions: [] }
      const undecided = state.undecided.size >= KEPT ? state.undecided : new Set([...state.undecided, device])
      return { state: { ...state, undecided }, actions: [{ kind: 'alarm', alarm: 'undecided', device, origin }] }
    }
    // That the last one was over may have been lost, or never said: its sender was started again.
    if (state.standing.get(device) === trip) return { state, actions: [] }
    const isFull = state.standing.size >= KEPT && !state.standing.has(device)
    return {
      state: {
        standing: isFull ? state.standing : new Map(state.standing).set(device, trip),
        undecided: new Set([...state.undecided].filter(other => other !== device)),
      },
      actions: [{ kind: 'open', generator, device, origin }],
    }
  }

function without(standing: TransferTripState['standing'], device: string): TransferTripState['standing'] {
  const rest = new Map(standing)
  rest.delete(device)
  return rest
}
