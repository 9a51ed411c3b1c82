// Reclosing (79): the sequence of a recloser in software, over a device that shows its position and can be told to close.
//
//             own trip            shows open           dead time over, conditions met       shows closed
//   closed ─────────────► opening ──────────► dead time ─────────────────────────► closing ─────────────┐
//     ▲ reset time over      │                    │                                   │                 │
//     │ (shots from 0)       └─ last shot, or any reason below ──► lockout ◄──────────┘                 │
//     └──────────────────────────────── closed, shots used ◄────────────────────────────────────────────┘
//
// Straight to lockout: opened by somebody else; a trip soon after somebody closed it; a trip that must not be reclosed (high
// current, breaker failure, underfrequency, transfer trip); a tag; low breaker energy; a device that does not open or close in
// time; conditions (dead line, sync) that are not met in time; a restart in mid-sequence. Only who closes the device leaves a
// lockout. All doubt ends in lockout, open: nothing here closes on what is not known.

import { after, type Duration, type Instant } from '../../../topology/units.ts'

export interface ReclosingSettings {
  /** One for each shot; none: every own trip locks out. */
  readonly deadTimes: readonly Duration[]
  /** So long closed without pickup, and the shots count from the first again. */
  readonly resetTime: Duration
  readonly fastShots: number
  readonly sequenceCoordination: boolean
  /** The device must show that it has opened, or closed, within this: an incomplete sequence locks out. */
  readonly operatingTime: Duration
  /** So long after the dead time the conditions may come true; then it locks out. */
  readonly conditionTime: Duration
}

export type LockoutReason =
  | 'last shot'
  | 'opened'
  | 'not to be reclosed'
  | 'breaker failed'
  | 'tagged'
  | 'low energy'
  | 'did not open'
  | 'did not close'
  | 'conditions not met'
  | 'restarted'

export type ReclosingState =
  | { readonly phase: 'closed'; readonly shots: number; readonly isPickedUp: boolean; readonly resetAt?: Instant }
  | { readonly phase: 'opening'; readonly shots: number; readonly recloses: boolean; readonly until: Instant }
  | { readonly phase: 'dead time'; readonly shots: number; readonly closeAt: Instant }
  | { readonly phase: 'closing'; readonly shots: number; readonly until: Instant }
  | { readonly phase: 'lockout'; readonly why: LockoutReason }
type Phase<P> = Extract<ReclosingState, { readonly phase: P }>

export type ReclosingEvent =
  | { readonly kind: 'pickup'; readonly isPickedUp: boolean }
  /** Its own relay trips. */
  | { readonly kind: 'trip'; readonly mayReclose: boolean }
  | { readonly kind: 'position'; readonly position: 'open' | 'closed' | 'unknown' }
  /** 50BF, a tag, low energy: open or closed, it recloses no more. */
  | { readonly kind: 'lock out'; readonly why: LockoutReason }
  /** Asked at the end of each dead time: whether it may close now. */
  | { readonly kind: 'tick'; readonly mayClose: boolean }

export type ReclosingAction =
  | { readonly kind: 'close'; readonly shot: number }
  | { readonly kind: 'lockout'; readonly why: LockoutReason }
  | { readonly kind: 'reset' }

export interface ReclosingStep {
  readonly state: ReclosingState
  readonly actions: readonly ReclosingAction[]
}

/**
 * At the start of the agent: what the device shows, and whether it was in a sequence when the last run ended. An open device
 * stays open; a closed one has no shots until the reset time has passed, if it was in a sequence.
 */
export function startedReclosing(
  { deadTimes, resetTime }: ReclosingSettings,
  position: 'open' | 'closed' | 'unknown',
  wasInSequence: boolean,
  now: Instant,
): ReclosingState {
  if (position !== 'closed') return { phase: 'lockout', why: wasInSequence ? 'restarted' : 'opened' }
  const rest = { phase: 'closed', isPickedUp: false } as const
  return wasInSequence ? { ...rest, shots: deadTimes.length, resetAt: after(now, resetTime) } : { ...rest, shots: 0 }
}

/** Whether its next trip may be by the fast curves. */
export const isFastShot = ({ fastShots }: ReclosingSettings, state: ReclosingState): boolean =>
  state.phase === 'closed' && state.shots < fastShots

/** Something is under way that a restart would leave unfinished. */
export const inSequence = (state: ReclosingState): boolean =>
  state.phase === 'closed' ? state.shots > 0 : state.phase !== 'lockout'

export function reclosingDeadline(state: ReclosingState): Instant | undefined {
  switch (state.phase) {
    case 'closed':
      return state.isPickedUp ? undefined : state.resetAt
    case 'dead time':
      return state.closeAt
    case 'lockout':
      return undefined
    default:
      return state.until
  }
}

export const reclosing =
  (settings: ReclosingSettings) =>
  (state: ReclosingState, event: ReclosingEvent, now: Instant): ReclosingStep => {
    switch (event.kind) {
      case 'pickup':
        return state.phase === 'closed' ? pickUp(settings, state, event.isPickedUp, now) : stay(state)
      case 'trip':
        return trip(settings, state, event.mayReclose, now)
      case 'position':
        return see(settings, state, event.position, now)
      case 'lock out':
        return state.phase === 'lockout' && state.why === event.why ? stay(state) : lockOut(event.why)
      case 'tick':
        return tick(settings, state, event.mayClose, now)
    }
  }

const stay = (state: ReclosingState): ReclosingStep => ({ state, actions: [] })
const lockOut = (why: LockoutReason): ReclosingStep => ({
  state: { phase: 'lockout', why },
  actions: [{ kind: 'lockout', why }],
})

function pickUp(
  { fastShots, resetTime, sequenceCoordination }: ReclosingSettings,
  state: Phase<'closed'>,
  isPickedUp: boolean,
  now: Instant,
): ReclosingStep {
  if (isPickedUp === state.isPickedUp) return stay(state)
  if (isPickedUp) return stay({ phase: 'closed', shots: state.shots, isPickedUp })
  // It went away without a trip of its own: a recloser below has cleared it.
  const shots = sequenceCoordination && state.shots < fastShots ? state.shots + 1 : state.shots
  return stay({ phase: 'closed', shots, isPickedUp, ...(shots > 0 ? { resetAt: after(now, resetTime) } : {}) })
}

function trip(settings: ReclosingSettings, state: ReclosingState, mayReclose: boolean, now: Instant): ReclosingStep {
  // A trip while it opens or is open takes nothing back but the reclosing.
  if (state.phase === 'opening') return stay({ ...state, recloses: state.recloses && mayReclose })
  if (state.phase === 'dead time') return mayReclose ? stay(state) : lockOut('not to be reclosed')
  if (state.phase === 'lockout') return stay(state)
  const { shots } = state
  return stay({ phase: 'opening', shots, recloses: mayReclose, until: after(now, settings.operatingTime) })
}

function see(
  settings: ReclosingSettings,
  state: ReclosingState,
  position: 'open' | 'closed' | 'unknown',
  now: Instant,
): ReclosingStep {
  // The deadlines run on: who does not show a position in time locks out.
  if (position === 'unknown') return stay(state)
  const { deadTimes, resetTime } = settings
  switch (state.phase) {
    case 'closed':
      return position === 'open' ? lockOut('opened') : stay(state)
    case 'opening': {
      if (position === 'closed') return stay(state)
      if (!state.recloses) return lockOut('not to be reclosed')
      const deadTime = deadTimes[state.shots]
      if (deadTime === undefined) return lockOut('last shot')
      return stay({ phase: 'dead time', shots: state.shots + 1, closeAt: after(now, deadTime) })
    }
    case 'dead time':
      // Somebody has closed it meanwhile: as after any closing by hand, there are no shots.
      return position === 'closed' ? stay(closedByHand(settings, now)) : stay(state)
    case 'closing':
      if (position === 'open') return stay(state)
      return stay({ phase: 'closed', shots: state.shots, isPickedUp: false, resetAt: after(now, resetTime) })
    case 'lockout':
      return position === 'closed' ? stay(closedByHand(settings, now)) : stay(state)
  }
}

const closedByHand = ({ deadTimes, resetTime }: ReclosingSettings, now: Instant): Phase<'closed'> => ({
  phase: 'closed',
  shots: deadTimes.length,
  isPickedUp: false,
  ...(deadTimes.length > 0 ? { resetAt: after(now, resetTime) } : {}),
})

function tick(settings: ReclosingSettings, state: ReclosingState, mayClose: boolean, now: Instant): ReclosingStep {
  const due = reclosingDeadline(state)
  if (due === undefined || now < due) return stay(state)
  switch (state.phase) {
    case 'closed':
      return { state: { phase: 'closed', shots: 0, isPickedUp: false }, actions: [{ kind: 'reset' }] }
    case 'opening':
      return lockOut('did not open')
    case 'closing':
      return lockOut('did not close')
    case 'dead time': {
      if (mayClose) {
        const { shots } = state
        const closing = { phase: 'closing', shots, until: after(now, settings.operatingTime) } as const
        return { state: closing, actions: [{ kind: 'close', shot: shots }] }
      }
      const last = after(state.closeAt, settings.conditionTime)
      return now < last ? stay(state) : lockOut('conditions not met')
    }
    default:
      return stay(state)
  }
}
