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
// Its elements are those of src/protection/elements: definite or inverse time, phase and ground each for itself; fast stages
// see nothing once the fast shots are spent. The relay's own trip latches `tripped` until the device is closed; one by the
// trip input is as the relay's own. One by the trip coil does not latch, and ends reclosing, even when it comes while the
// contacts are opening already. Reclosing takes one dead time for each shot and locks out after the last
// one's trip. Who closes by the coil has no shots until the reset time has
// passed: a device that is closed onto a fault stays open.

import {
  isPickedUp,
  type OvercurrentEvent,
  type OvercurrentSettings,
  type OvercurrentState,
  overcurrent,
  overcurrentDeadline,
  restingOvercurrent,
} from '../../src/protection/elements/overcurrent.ts'
import { after, type Duration, type Instant, instant } from '../../topology/units.ts'

export interface InnerRelaySettings {
  /** None for a device without a relay: it operates when told to. */
  readonly elements: OvercurrentSettings
  /** From trip to arcs extinguished. */
  readonly breakerTime: Duration
  readonly reclose?: {
    /** One for each shot. */
    readonly deadTimes: readonly Duration[]
    /** So long closed without pickup, and the shots count from the first again. */
    readonly resetTime: Duration
    /** So many of the first trips may be by the fast stages. */
    readonly fastShots?: number
    /** A pickup that goes away by itself during a fast shot counts as one: a recloser below has tripped. */
    readonly sequenceCoordination?: boolean
  }
}

/** What was injected. Contacts that are stuck move neither way; a relay that is stuck sees nothing. */
export interface InnerRelayFailures {
  readonly contactsStuck: boolean
  readonly relayStuck: boolean
}

interface Common extends InnerRelayFailures {
  /** They see the current whatever the contacts do: a disc runs back while the device is open. */
  readonly elements: OvercurrentState
}

/** `shots`: how many have been used since the last reset. */
export type InnerRelayState = Common &
  (
    | { readonly phase: 'closed'; readonly shots: number; readonly resetAt?: Instant }
    | { readonly phase: 'timing'; readonly shots: number }
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
  /** Primary amperes RMS from now on: the largest phase, and the sum of the phases. As often as one likes. */
  | { readonly kind: 'currents'; readonly phase: number; readonly ground: number }
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
  | { readonly kind: 'trip input' | 'trip' | 'lockout' | 'contacts stayed' }

export interface InnerRelayStep {
  readonly state: InnerRelayState
  readonly actions: readonly InnerRelayAction[]
}

const SOUND: InnerRelayFailures = { contactsStuck: false, relayStuck: false }
/** A sound device at rest. */
export const restingRelay = ({ elements }: InnerRelaySettings, position: 'open' | 'closed'): InnerRelayState => {
  const common = { ...SOUND, elements: restingOvercurrent(elements, instant(0)) }
  return position === 'closed' ? { ...common, phase: 'closed', shots: 0 } : { ...common, phase: 'open', tripped: false }
}

/** Its own relay has opened it, or tries to. A device that waits to close again was tripped too. */
export const isTripped = (state: InnerRelayState): boolean =>
  state.phase === 'waiting' || ('tripped' in state && state.tripped)

/** When the next tick is due, if time alone can change the state. */
export function deadlineOf(state: InnerRelayState): Instant | undefined {
  switch (state.phase) {
    case 'closed':
      return state.resetAt
    case 'timing':
      return overcurrentDeadline(state.elements)
    case 'opening':
      return state.openAt
    case 'waiting':
      return state.closeAt
    default:
      return undefined
  }
}

export function innerRelay(settings: InnerRelaySettings) {
  const elements = overcurrent(settings.elements)
  return (state: InnerRelayState, event: InnerRelayEvent, now: Instant): InnerRelayStep => {
    switch (event.kind) {
      case 'currents':
        return see(settings, elements, state, state.relayStuck ? NOTHING_SEEN : event, now)
      case 'trip coil':
        return tripCoil(settings, state, now)
      case 'trip input':
        return state.phase === 'closed' || state.phase === 'timing' ? tripInput(settings, state, now) : stay(state)
      case 'close coil':
        return closeCoil(settings, state, now)
      case 'failures':
        return inject(settings, elements, state, event, now)
      case 'tick':
        return tick(settings, elements, state, now)
    }
  }
}

type Elements = ReturnType<typeof overcurrent>
const NOTHING_SEEN = { phase: 0, ground: 0 }
const stay = (state: InnerRelayState): InnerRelayStep => ({ state, actions: [] })
const commonOf = ({ contactsStuck, relayStuck, elements }: InnerRelayState): Common => ({
  contactsStuck,
  relayStuck,
  elements,
})
const currents = (
  { reclose }: InnerRelaySettings,
  state: InnerRelayState,
  { phase, ground }: { readonly phase: number; readonly ground: number },
): OvercurrentEvent => {
  const isFast = 'shots' in state && state.shots < (reclose?.fastShots ?? 0)
  return { kind: 'currents', phase, ground, isFast }
}

function see(
  settings: InnerRelaySettings,
  elements: Elements,
  state: InnerRelayState,
  seen: { readonly phase: number; readonly ground: number },
  now: Instant,
): InnerRelayStep {
  const next = elements(state.elements, currents(settings, state, seen), now)
  if (state.phase !== 'closed' && state.phase !== 'timing') return stay({ ...state, elements: next.state })
  if (next.actions.some(({ kind }) => kind === 'trip')) return trip(settings, { ...state, elements: next.state }, now)
  const { shots } = state
  const was = { ...commonOf(state), elements: next.state }
  if (isPickedUp(next.state)) return stay({ ...was, phase: 'timing', shots })
  if (state.phase === 'closed') return stay({ ...state, elements: next.state })
  const { reclose } = settings
  const counts = reclose?.sequenceCoordination === true && shots < (reclose.fastShots ?? 0)
  return stay(closed(was, counts ? shots + 1 : shots, reclose, now))
}

function trip({ breakerTime }: InnerRelaySettings, state: Phase<'closed' | 'timing'>, now: Instant): InnerRelayStep {
  const { shots } = state
  const openAt = after(now, breakerTime)
  const next = { ...commonOf(state), phase: 'opening', shots, openAt, tripped: true, isTold: false } as const
  return { state: next, actions: [{ kind: 'trip' }] }
}

function tripInput(settings: InnerRelaySettings, state: Phase<'closed' | 'timing'>, now: Instant): InnerRelayStep {
  const tripped = trip(settings, state, now)
  return { ...tripped, actions: [{ kind: 'trip input' }, ...tripped.actions] }
}

/** The reset time runs only while there is something to reset. */
function closed(state: Common, shots: number, reclose: InnerRelaySettings['reclose'], now: Instant): Phase<'closed'> {
  const { contactsStuck, relayStuck, elements } = state
  const resets = shots > 0 && reclose !== undefined ? { resetAt: after(now, reclose.resetTime) } : {}
  return { contactsStuck, relayStuck, elements, phase: 'closed', shots, ...resets }
}

function tripCoil({ breakerTime }: InnerRelaySettings, state: InnerRelayState, now: Instant): InnerRelayStep {
  switch (state.phase) {
    case 'closed':
    case 'timing':
      return stay({
        ...commonOf(state),
        phase: 'opening',
        shots: state.shots,
        openAt: after(now, breakerTime),
        tripped: false,
        isTold: true,
      })
    case 'opening':
      return stay({ ...state, isTold: true })
    case 'waiting':
      return stay({ ...commonOf(state), phase: 'open', tripped: true }) // no more reclosing
    default:
      return stay(state)
  }
}

function closeCoil(settings: InnerRelaySettings, state: InnerRelayState, now: Instant): InnerRelayStep {
  const { reclose } = settings
  /** Who closes by hand resets the relay. */
  const anew: Common = { ...commonOf(state), elements: restingOvercurrent(settings.elements, now) }
  // Closed all the time: nothing moves, but the latch is reset.
  if (state.phase === 'stuck') return stay(closed(anew, state.shots, reclose, now))
  if (state.phase !== 'open' && state.phase !== 'waiting') return stay(state)
  if (state.contactsStuck) return { state, actions: [{ kind: 'contacts stayed' }] }
  const noShots = reclose?.deadTimes.length ?? 0
  return { state: closed(anew, noShots, reclose, now), actions: [{ kind: 'close contacts', by: 'coil' }] }
}

function inject(
  settings: InnerRelaySettings,
  elements: Elements,
  state: InnerRelayState,
  { contactsStuck, relayStuck }: InnerRelayFailures,
  now: Instant,
): InnerRelayStep {
  const next = { ...state, contactsStuck, relayStuck }
  if (next.phase === 'stuck' && !contactsStuck) {
    // The trip is sealed in, so the contacts part as soon as they can.
    const open = { ...commonOf(next), elements: currentGone(settings, elements, next, now) }
    return { state: { ...open, phase: 'open', tripped: next.tripped }, actions: [OPEN] }
  }
  return relayStuck ? see(settings, elements, next, NOTHING_SEEN, now) : stay(next)
}

/** The elements once the contacts have parted. */
const currentGone = (
  settings: InnerRelaySettings,
  elements: Elements,
  state: InnerRelayState,
  now: Instant,
): OvercurrentState => elements(state.elements, currents(settings, state, NOTHING_SEEN), now).state

const OPEN: InnerRelayAction = { kind: 'open contacts' }

function tick(settings: InnerRelaySettings, elements: Elements, state: InnerRelayState, now: Instant): InnerRelayStep {
  const due = deadlineOf(state)
  if (due === undefined || now < due) return stay(state)
  switch (state.phase) {
    case 'closed':
      return stay({ ...commonOf(state), phase: 'closed', shots: 0 })
    case 'timing':
      return trip(settings, { ...state, elements: elements(state.elements, { kind: 'tick' }, now).state }, now)
    case 'opening':
      return opened(settings, elements, state, now)
    case 'waiting':
      return reclosed(settings, state, now)
    default:
      return stay(state)
  }
}

function opened(
  settings: InnerRelaySettings,
  elements: Elements,
  state: Phase<'opening'>,
  now: Instant,
): InnerRelayStep {
  const { tripped, isTold, shots } = state
  const { reclose } = settings
  if (state.contactsStuck) {
    const stuck = { ...commonOf(state), phase: 'stuck', shots, tripped } as const
    return { state: stuck, actions: [{ kind: 'contacts stayed' }] }
  }
  const common = { ...commonOf(state), elements: currentGone(settings, elements, state, now) }
  const open = { ...common, phase: 'open', tripped } as const
  if (isTold || reclose === undefined) return { state: open, actions: [OPEN] }
  const deadTime = reclose.deadTimes[shots]
  if (deadTime === undefined) return { state: open, actions: [OPEN, { kind: 'lockout' }] }
  return {
    state: { ...common, phase: 'waiting', shots: shots + 1, closeAt: after(now, deadTime) },
    actions: [OPEN],
  }
}

function reclosed({ reclose }: InnerRelaySettings, state: Phase<'waiting'>, now: Instant): InnerRelayStep {
  if (state.contactsStuck) {
    const open = { ...commonOf(state), phase: 'open', tripped: true } as const
    return { state: open, actions: [{ kind: 'contacts stayed' }, { kind: 'lockout' }] }
  }
  return { state: closed(state, state.shots, reclose, now), actions: [{ kind: 'close contacts', by: 'shot' }] }
}
