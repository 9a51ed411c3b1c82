// The relay inside a simulated device, with the breaker that it works.
//
//            pickup               a delay is over            breaker time over
//   closed ──────────► timing ──────────────────► opening ──────────────────────► open
//     ▲ ◄──── dropout ────┘                          ▲  │ │                        │ ▲
//     │                     closed ─── trip coil ────┘  │ └── own trip, shots left │ │ trip coil
//     │                                        contacts │          ▼               │ │
//     │◄─────────────────── dead time over ─────────────┼──── waiting ─────────────┼─┘
//     └──────────────────── close coil ◄────────────────┼──────────────────────────┘
//                                                       └─► stuck (told to open, and closed)
//
// Definite time: an element's delay runs while it is picked up without a break, phase and ground each for itself. The
// relay's own trip latches `tripped` until the device is closed; a written trip does not, and ends reclosing, even when it
// comes while the contacts are opening already. One by the trip input is as the relay's own. Reclosing takes one dead time for each shot and locks out after the last
// one's trip. Who closes by the coil has no shots until the reset time has
// passed: a device that is closed onto a fault stays open.

import { after, type Duration, type Instant } from '../../topology/units.ts'

export interface InnerRelaySettings {
  /** From pickup to trip. Absent for a device without a relay: it operates when told to. */
  readonly phaseDelay?: Duration
  /** Of the ground element; absent without one. */
  readonly groundDelay?: Duration
  /** From trip to arcs extinguished. */
  readonly breakerTime: Duration
  readonly reclose?: {
    /** One for each shot. */
    readonly deadTimes: readonly Duration[]
    /** So long closed without pickup, and the shots count from the first again. */
    readonly resetTime: Duration
  }
}

/** What was injected. Contacts that are stuck move neither way; a relay that is stuck sees nothing. */
export interface InnerRelayFailures {
  readonly contactsStuck: boolean
  readonly relayStuck: boolean
}

/** `shots`: how many have been used since the last reset. */
export type InnerRelayState = InnerRelayFailures &
  (
    | { readonly phase: 'closed'; readonly shots: number; readonly resetAt?: Instant }
    | {
        readonly phase: 'timing'
        readonly shots: number
        readonly phaseTripAt?: Instant
        readonly groundTripAt?: Instant
      }
    | {
        readonly phase: 'opening'
        readonly shots: number
        readonly openAt: Instant
        readonly tripped: boolean
        /** The trip coil was energised too: it stays open. */
        readonly isTold: boolean
      }
    | { readonly phase: 'stuck'; readonly shots: number; readonly tripped: boolean }
    | { readonly phase: 'waiting'; readonly shots: number; readonly closeAt: Instant }
    | { readonly phase: 'open'; readonly tripped: boolean }
  )
type Phase<P> = Extract<InnerRelayState, { readonly phase: P }>

export type InnerRelayEvent =
  /** Which elements are picked up now. As often as one likes: only changes matter. */
  | { readonly kind: 'elements'; readonly phase: boolean; readonly ground: boolean }
  | { readonly kind: 'trip coil' }
  /** Somebody who sees more than the relay has it trip, as if its own delay were over. */
  | { readonly kind: 'trip input' }
  | { readonly kind: 'close coil' }
  | ({ readonly kind: 'failures' } & InnerRelayFailures)
  | { readonly kind: 'tick' }

export type InnerRelayAction =
  | { readonly kind: 'open contacts' }
  | { readonly kind: 'close contacts'; readonly by: 'coil' | 'shot' }
  /** For the record; the device's contacts follow by actions of their own. */
  | { readonly kind: 'trip' | 'lockout' | 'contacts stayed' }

export interface InnerRelayStep {
  readonly state: InnerRelayState
  readonly actions: readonly InnerRelayAction[]
}

const SOUND: InnerRelayFailures = { contactsStuck: false, relayStuck: false }
/** A sound device at rest. */
export const restingRelay = (position: 'open' | 'closed'): InnerRelayState =>
  position === 'closed' ? { ...SOUND, phase: 'closed', shots: 0 } : { ...SOUND, phase: 'open', tripped: false }

/** Its own relay has opened it, or tries to. A device that waits to close again was tripped too. */
export const isTripped = (state: InnerRelayState): boolean =>
  state.phase === 'waiting' || ('tripped' in state && state.tripped)

/** When the next tick is due, if time alone can change the state. */
export function deadlineOf(state: InnerRelayState): Instant | undefined {
  switch (state.phase) {
    case 'closed':
      return state.resetAt
    case 'timing':
      return tripAt(state)
    case 'opening':
      return state.openAt
    case 'waiting':
      return state.closeAt
    default:
      return undefined
  }
}

export const innerRelay =
  (settings: InnerRelaySettings) =>
  (state: InnerRelayState, event: InnerRelayEvent, now: Instant): InnerRelayStep => {
    switch (event.kind) {
      case 'elements':
        return stay(see(settings, state, state.relayStuck ? NOTHING_SEEN : event, now))
      case 'trip coil':
        return tripCoil(settings, state, now)
      case 'trip input':
        return state.phase === 'closed' || state.phase === 'timing' ? ownTrip(settings, state, now) : stay(state)
      case 'close coil':
        return closeCoil(settings, state, now)
      case 'failures':
        return inject(settings, state, event, now)
      case 'tick':
        return tick(settings, state, now)
    }
  }

const NOTHING_SEEN = { phase: false, ground: false }
const stay = (state: InnerRelayState): InnerRelayStep => ({ state, actions: [] })
const failuresOf = ({ contactsStuck, relayStuck }: InnerRelayState): InnerRelayFailures => ({
  contactsStuck,
  relayStuck,
})

function tripAt({ phaseTripAt, groundTripAt }: Phase<'timing'>): Instant | undefined {
  if (phaseTripAt === undefined || groundTripAt === undefined) return phaseTripAt ?? groundTripAt
  return phaseTripAt < groundTripAt ? phaseTripAt : groundTripAt
}

function see(
  { phaseDelay, groundDelay, reclose }: InnerRelaySettings,
  state: InnerRelayState,
  picked: { readonly phase: boolean; readonly ground: boolean },
  now: Instant,
): InnerRelayState {
  if (state.phase !== 'closed' && state.phase !== 'timing') return state
  const timing = (isPicked: boolean, delay: Duration | undefined, begun: Instant | undefined): Instant | undefined =>
    isPicked && delay !== undefined ? (begun ?? after(now, delay)) : undefined
  const was = state.phase === 'timing' ? state : undefined
  const phaseTripAt = timing(picked.phase, phaseDelay, was?.phaseTripAt)
  const groundTripAt = timing(picked.ground, groundDelay, was?.groundTripAt)
  const { shots } = state
  if (phaseTripAt !== undefined || groundTripAt !== undefined) {
    return {
      ...failuresOf(state),
      phase: 'timing',
      shots,
      ...(phaseTripAt === undefined ? {} : { phaseTripAt }),
      ...(groundTripAt === undefined ? {} : { groundTripAt }),
    }
  }
  return was === undefined ? state : closed(state, shots, reclose, now)
}

/** The reset time runs only while there is something to reset. */
function closed(
  state: InnerRelayState,
  shots: number,
  reclose: InnerRelaySettings['reclose'],
  now: Instant,
): Phase<'closed'> {
  const resets = shots > 0 && reclose !== undefined ? { resetAt: after(now, reclose.resetTime) } : {}
  return { ...failuresOf(state), phase: 'closed', shots, ...resets }
}

function tripCoil({ breakerTime }: InnerRelaySettings, state: InnerRelayState, now: Instant): InnerRelayStep {
  switch (state.phase) {
    case 'closed':
    case 'timing':
      return stay({
        ...failuresOf(state),
        phase: 'opening',
        shots: state.shots,
        openAt: after(now, breakerTime),
        tripped: false,
        isTold: true,
      })
    case 'opening':
      return stay({ ...state, isTold: true })
    case 'waiting':
      return stay({ ...failuresOf(state), phase: 'open', tripped: true }) // no more reclosing
    default:
      return stay(state)
  }
}

function closeCoil({ reclose }: InnerRelaySettings, state: InnerRelayState, now: Instant): InnerRelayStep {
  // Closed all the time: nothing moves, but the latch is reset.
  if (state.phase === 'stuck') return stay(closed(state, state.shots, reclose, now))
  if (state.phase !== 'open' && state.phase !== 'waiting') return stay(state)
  if (state.contactsStuck) return { state, actions: [{ kind: 'contacts stayed' }] }
  const noShots = reclose?.deadTimes.length ?? 0
  return { state: closed(state, noShots, reclose, now), actions: [{ kind: 'close contacts', by: 'coil' }] }
}

function inject(
  { reclose }: InnerRelaySettings,
  state: InnerRelayState,
  { contactsStuck, relayStuck }: InnerRelayFailures,
  now: Instant,
): InnerRelayStep {
  const next = { ...state, contactsStuck, relayStuck }
  if (next.phase === 'stuck' && !contactsStuck) {
    // The trip is sealed in, so the contacts part as soon as they can.
    return { state: { contactsStuck, relayStuck, phase: 'open', tripped: next.tripped }, actions: [OPEN] }
  }
  if (next.phase === 'timing' && relayStuck) {
    return stay(closed(next, next.shots, reclose, now))
  }
  return stay(next)
}

const OPEN: InnerRelayAction = { kind: 'open contacts' }

function tick(settings: InnerRelaySettings, state: InnerRelayState, now: Instant): InnerRelayStep {
  const due = deadlineOf(state)
  if (due === undefined || now < due) return stay(state)
  switch (state.phase) {
    case 'closed':
      return stay({ ...failuresOf(state), phase: 'closed', shots: 0 })
    case 'timing':
      return ownTrip(settings, state, now)
    case 'opening':
      return opened(settings, state, now)
    case 'waiting':
      return reclosed(settings, state, now)
    default:
      return stay(state)
  }
}

function ownTrip(
  { breakerTime }: InnerRelaySettings,
  state: Phase<'closed'> | Phase<'timing'>,
  now: Instant,
): InnerRelayStep {
  const openAt = after(now, breakerTime)
  const { shots } = state
  const next = { ...failuresOf(state), phase: 'opening', shots, openAt, tripped: true, isTold: false } as const
  return { state: next, actions: [{ kind: 'trip' }] }
}

function opened({ reclose }: InnerRelaySettings, state: Phase<'opening'>, now: Instant): InnerRelayStep {
  const { tripped, isTold, shots } = state
  if (state.contactsStuck) {
    const stuck = { ...failuresOf(state), phase: 'stuck', shots, tripped } as const
    return { state: stuck, actions: [{ kind: 'contacts stayed' }] }
  }
  const open = { ...failuresOf(state), phase: 'open', tripped } as const
  if (isTold || reclose === undefined) return { state: open, actions: [OPEN] }
  const deadTime = reclose.deadTimes[shots]
  if (deadTime === undefined) return { state: open, actions: [OPEN, { kind: 'lockout' }] }
  return {
    state: { ...failuresOf(state), phase: 'waiting', shots: shots + 1, closeAt: after(now, deadTime) },
    actions: [OPEN],
  }
}

function reclosed({ reclose }: InnerRelaySettings, state: Phase<'waiting'>, now: Instant): InnerRelayStep {
  if (state.contactsStuck) {
    const open = { ...failuresOf(state), phase: 'open', tripped: true } as const
    return { state: open, actions: [{ kind: 'contacts stayed' }, { kind: 'lockout' }] }
  }
  return { state: closed(state, state.shots, reclose, now), actions: [{ kind: 'close contacts', by: 'shot' }] }
}
