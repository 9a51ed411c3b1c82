// Transfer trip: the IED whose device tripped says so, for as long as it stands, to those that operate generators below,
// which then leave before anybody closes again. It is state, not news: a generator's IED that hears it late, or starts
// while it stands, acts on it.
//
// It opens and never closes: when the trip no longer stands, or nothing is heard of it, the generator stays out until its
// own controller or a person brings it back. So a lost message costs time, and a forged one a generator that is allowed to
// leave; local protection stands in any case. Repeats of one trip open once; each further trip opens again, whether or not
// it was heard that the one before it was over, and so does a repeat when the generator could not be opened.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export interface TransferTripSettings {
  /** The generator, or its switch, that this IED operates; undefined where it operates something else. */
  readonly generator: string | undefined
  readonly onTrip?: 'leave' | 'island'
  /** Less than the shortest dead time above. */
  readonly separateWithin?: Duration
}

export interface TransferTripState {
  /** Devices above whose trip stands, and which trip of theirs that is. */
  readonly standing: ReadonlyMap<string, string>
  /** About which it has alarmed that it cannot place them. */
  readonly undecided: ReadonlySet<string>
  /** The trip for which its switch is opening, and until when that is waited for. */
  readonly separating?: { readonly device: string; readonly origin: string; readonly until: Instant } | undefined
  /** It is known to be separate from the feeder. */
  readonly alone: boolean
}
export const noTransferTrip: TransferTripState = { standing: new Map(), undecided: new Set(), alone: false }

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
  /** The switch at the point of common coupling is open, is closed, or is not known to be either. */
  | { readonly kind: 'coupling'; readonly position: 'open' | 'closed' | 'unknown' }
  /** It could not be opened. */
  | { readonly kind: 'not-separated' }
  | { readonly kind: 'tick' }

export type TransferTripAction =
  | { readonly kind: 'open'; readonly generator: string; readonly device: string; readonly origin: string }
  | { readonly kind: 'separate'; readonly device: string; readonly origin: string }
  | { readonly kind: 'alone'; readonly device: string; readonly origin: string }
  | { readonly kind: 'wake'; readonly at: Instant }
  | { readonly kind: 'ended'; readonly device: string; readonly origin: string }
  | { readonly kind: 'alarm'; readonly alarm: 'undecided'; readonly device: string; readonly origin: string }

/** Devices above one generator; more than these are not remembered, and act each time. */
const KEPT = 64

interface Step {
  readonly state: TransferTripState
  readonly actions: readonly TransferTripAction[]
}

export const transferTrip =
  (settings: TransferTripSettings) =>
  (state: TransferTripState, event: TransferTripEvent, now: Instant): Step => {
    const { generator } = settings
    if (generator === undefined) return { state, actions: [] }
    switch (event.kind) {
      case 'trip':
        return hear(settings, generator, state, event, now)
      case 'not-opened':
        return { state: { ...state, standing: without(state.standing, event.device) }, actions: [] }
      case 'coupling':
        return couple(state, event.position)
      case 'not-separated':
        return leave(generator, state)
      case 'tick':
        return state.separating !== undefined && now >= state.separating.until
          ? leave(generator, state)
          : { state, actions: [] }
    }
  }

type Trip = Extract<TransferTripEvent, { kind: 'trip' }>

function hear(
  { onTrip = 'leave', separateWithin = duration(1000) }: TransferTripSettings,
  generator: string,
  state: TransferTripState,
  { device, stands, trip, place, origin }: Trip,
  now: Instant,
): Step {
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
  const next: TransferTripState = {
    ...state,
    standing: isFull ? state.standing : new Map(state.standing).set(device, trip),
    undecided: new Set([...state.undecided].filter(other => other !== device)),
  }
  if (onTrip === 'leave') return { state: next, actions: [{ kind: 'open', generator, device, origin }] }
  if (state.alone) return { state: next, actions: [{ kind: 'alone', device, origin }] }
  if (state.separating !== undefined) return { state: next, actions: [] }
  const until = after(now, separateWithin)
  return {
    state: { ...next, separating: { device, origin, until } },
    actions: [
      { kind: 'separate', device, origin },
      { kind: 'wake', at: until },
    ],
  }
}

function couple(state: TransferTripState, position: 'open' | 'closed' | 'unknown'): Step {
  const alone = position === 'open'
  const { separating } = state
  if (!alone || separating === undefined) return { state: { ...state, alone }, actions: [] }
  const { device, origin } = separating
  return {
    state: { ...state, alone, separating: undefined },
    actions: [{ kind: 'alone', device, origin }],
  }
}

function leave(generator: string, state: TransferTripState): Step {
  if (state.separating === undefined) return { state, actions: [] }
  const { device, origin } = state.separating
  return { state: { ...state, separating: undefined }, actions: [{ kind: 'open', generator, device, origin }] }
}

function without(standing: TransferTripState['standing'], device: string): TransferTripState['standing'] {
  const rest = new Map(standing)
  rest.delete(device)
  return rest
}
