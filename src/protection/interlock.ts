// The interlock by answer: the device nearest to a fault clears it fast (zone-selective interlocking, ANSI 50 with 85).
//
// The fast stage has a pickup of its own, the high set. When it picks up, the IED asks its protective neighbours below
// whether their relays see the fault too. When every one has answered that its relay does not, and no fuse in between can
// still be clearing it, the fault is in the own zone, and it trips. One "I see it", one missing, late or stale answer, one
// device around whose position is not known: nothing happens here. The curve in the device is a machine of its own and runs
// all the while, so what is heard can only make a trip faster. A forged "I don't see it" costs selectivity once.
//
//        high set                  all answered "no"                       a look after that shows the high set still
//   idle ────────► asking ──────────────────────────────► ours ────────────────────────────────────────────► tripping
//    ▲               │  ▲                                  │
//    │               │  └── clearing ── a fuse may still be clearing it; then asks anew ◄──┘
//    │               └── "I see it", no answer in time, barred ──► standing by
//    └────────────── the high set drops out: from everywhere ─────────┘
//
// With nobody below it waits one full window all the same: a look at the device shows what was, and a current that one
// look sees may be gone in the next. A restart forgets all of this; then a pickup that stands begins anew, with a whole
// wait for fuses. Questions are numbered, and an answer counts for the open one alone.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import type { Sighting } from './relay-messages.ts'

export interface InterlockSettings {
  /** A relay picks up within less; what a look shows is of no less than this time. */
  readonly window: Duration
  /** From the question: an answer that is later does not count. */
  readonly answerWait: Duration
  /** On top of what a fuse or another interrupter without an IED takes. */
  readonly fuseMargin: Duration
}

/** What lies below now: nobody to ask for, or why there is no fast trip. */
export type InterlockAround =
  | { readonly bar: string }
  | {
      /** Devices whose IEDs are asked. */
      readonly ask: readonly string[]
      /** A fuse or the like lies right below, and this shot does not spare it. */
      readonly waits: boolean
    }

interface Pickup {
  /** How the pickup is called. */
  readonly event: string
  readonly pickedUpAt: Instant
  readonly ask: readonly string[]
}

export type InterlockState = { readonly number: number } & (
  | { readonly phase: 'idle' }
  | (Pickup & {
      readonly phase: 'asking'
      readonly unanswered: readonly string[]
      /** A look before does not count. */
      readonly notBefore: Instant
      readonly giveUpAt: Instant
      /** When the question is put once more; undefined when it has been. */
      readonly repeatAt: Instant | undefined
      /** When what lies below without an IED has cleared it for sure; undefined until the current has been measured. */
      readonly clearAt: Instant | undefined
      /** All else is known: a look that began no earlier decides. */
      readonly lookAt: Instant | undefined
    })
  /** All have answered; what lies below without an IED may still be clearing it. */
  | (Pickup & { readonly phase: 'clearing'; readonly until: Instant })
  | { readonly phase: 'standing-by'; readonly event: string }
  | { readonly phase: 'tripping'; readonly event: string }
)
type Phase<P> = Extract<InterlockState, { readonly phase: P }>

export type InterlockEvent =
  | {
      readonly kind: 'status'
      /** The device was asked no earlier than this. */
      readonly at: Instant
      readonly highSet: false
    }
  | {
      readonly kind: 'status'
      readonly at: Instant
      readonly highSet: true
      readonly event: string
      readonly around: InterlockAround
    }
  /** By the IED of that device. */
  | {
      readonly kind: 'answer'
      readonly event: string
      readonly number: number
      readonly device: string
      readonly sees: Sighting
    }
  /** How long what lies below without an IED takes at the current measured since the pickup; undefined: it may never clear. */
  | { readonly kind: 'measured'; readonly event: string; readonly clearing: Duration | undefined }
  /** The device does not answer, or cannot be believed. */
  | { readonly kind: 'silent' }
  /** What has been trusted in since the pickup is so no more: positions, an inhibit. */
  | { readonly kind: 'barred'; readonly why: string }
  | { readonly kind: 'not-tripped' }
  | { readonly kind: 'tick' }

export type InterlockAction =
  | { readonly kind: 'ask'; readonly event: string; readonly number: number; readonly to: readonly string[] }
  /** The current, now: for how long a fuse takes. */
  | { readonly kind: 'measure'; readonly event: string }
  /** Look at the device, now: all else is known. */
  | { readonly kind: 'look' }
  | { readonly kind: 'trip'; readonly event: string; readonly afterMs: number }
  /** No fast trip for this pickup; the curve runs. */
  | { readonly kind: 'stand-by'; readonly event: string; readonly why: string; readonly device?: string }
  | { readonly kind: 'wake'; readonly at: Instant }

interface Step {
  readonly state: InterlockState
  readonly actions: readonly InterlockAction[]
}

export const interlockAtRest: InterlockState = { number: 0, phase: 'idle' }

const stay = (state: InterlockState): Step => ({ state, actions: [] })

export const interlock =
  (settings: InterlockSettings) =>
  (state: InterlockState, event: InterlockEvent, now: Instant): Step => {
    switch (event.kind) {
      case 'status':
        return see(settings, state, event, now)
      case 'answer':
        return state.phase === 'asking' ? hear(state, event, now) : stay(state)
      case 'measured':
        return state.phase === 'asking' ? measured(settings, state, event, now) : stay(state)
      case 'silent':
        return isOpen(state) ? standBy(state, 'the device is silent') : stay(state)
      case 'barred':
        return isOpen(state) ? standBy(state, event.why) : stay(state)
      case 'not-tripped':
        return state.phase === 'tripping' ? standBy(state, 'the device did not trip') : stay(state)
      case 'tick':
        return tick(state, now)
    }
  }

const isOpen = (state: InterlockState): state is Phase<'asking'> | Phase<'clearing'> =>
  state.phase === 'asking' || state.phase === 'clearing'

function see(
  settings: InterlockSettings,
  state: InterlockState,
  event: Extract<InterlockEvent, { kind: 'status' }>,
  now: Instant,
): Step {
  if (!event.highSet) return stay({ number: state.number, phase: 'idle' })
  if (state.phase === 'idle') return pickUp(settings, state, event, now)
  if (!isOpen(state)) return stay(state)
  // What is below has changed since it was asked.
  if ('bar' in event.around) return standBy(state, event.around.bar)
  if (!isSame(event.around.ask, state.ask)) return standBy(state, 'what lies below has changed')
  if (state.phase === 'clearing') return event.at >= state.until ? whenCleared(settings, state, now) : stay(state)
  return tripIfOurs(settings, state, event.at, now)
}

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((each, n) => each === other[n])

function pickUp(
  settings: InterlockSettings,
  state: InterlockState,
  { event, around }: Extract<InterlockEvent, { kind: 'status'; highSet: true }>,
  now: Instant,
): Step {
  if ('bar' in around) return standBy({ ...state, event }, around.bar)
  const asked = ask(settings, state.number, { event, pickedUpAt: now, ask: around.ask }, around.waits, now)
  return around.waits ? { ...asked, actions: [...asked.actions, { kind: 'measure', event }] } : asked
}

/** @param waits for what the current has to be measured first */
function ask(settings: InterlockSettings, last: number, pickup: Pickup, waits: boolean, now: Instant): Step {
  const number = last + 1
  const { event, ask: to } = pickup
  const state: Phase<'asking'> & { number: number } = {
    ...pickup,
    number,
    phase: 'asking',
    unanswered: to,
    notBefore: after(now, settings.window),
    giveUpAt: after(now, settings.answerWait),
    repeatAt: after(now, duration(settings.answerWait / 2)),
    clearAt: waits ? undefined : now,
    lookAt: undefined,
  }
  const asks: InterlockAction[] = to.length === 0 ? [] : [{ kind: 'ask', event, number, to }]
  return { state, actions: [...asks, wake(state, now)] }
}

/** The next moment at which time alone changes something. */
function wake({ notBefore, giveUpAt, repeatAt }: Phase<'asking'>, now: Instant): InterlockAction {
  const next = [notBefore, repeatAt, giveUpAt].filter((at): at is Instant => at !== undefined && at > now)
  return { kind: 'wake', at: next.length === 0 ? giveUpAt : (Math.min(...next) as Instant) }
}

function hear(
  state: Phase<'asking'> & InterlockState,
  { event, number, device, sees }: Extract<InterlockEvent, { kind: 'answer' }>,
  now: Instant,
): Step {
  // An answer to an earlier question says nothing about this one, and who was not asked has no say.
  if (event !== state.event || number !== state.number || !state.ask.includes(device)) return stay(state)
  if (sees === 'yes') return standBy(state, 'seen below', device)
  if (sees === 'unknown') return standBy(state, 'not known below', device)
  if (now >= state.giveUpAt) return giveUp(state)
  const unanswered = state.unanswered.filter(each => each !== device)
  if (unanswered.length === state.unanswered.length) return stay(state)
  return goOn({ ...state, unanswered }, now)
}

function measured(
  settings: InterlockSettings,
  state: Phase<'asking'> & InterlockState,
  { event, clearing }: Extract<InterlockEvent, { kind: 'measured' }>,
  now: Instant,
): Step {
  if (event !== state.event || state.clearAt !== undefined) return stay(state)
  if (clearing === undefined) return standBy(state, 'something without an IED below may never clear it')
  const clearAt = after(state.pickedUpAt, duration(clearing + settings.fuseMargin))
  return goOn({ ...state, clearAt }, now)
}

/** Once all is known: look again, or wait for what is clearing it. */
function goOn(state: Phase<'asking'> & InterlockState, now: Instant): Step {
  const { unanswered, clearAt, notBefore, giveUpAt } = state
  if (unanswered.length > 0 || clearAt === undefined) return stay(state)
  // Answers are of now, and are worth nothing by then: it asks again.
  if (clearAt > giveUpAt) return { state: clearingOf(state, clearAt), actions: [{ kind: 'wake', at: clearAt }] }
  // A look that began before the last answer came may show what has been cleared since.
  const lookAt = Math.max(notBefore, clearAt, state.lookAt ?? now) as Instant
  return { state: { ...state, lookAt }, actions: [lookAt <= now ? { kind: 'look' } : { kind: 'wake', at: lookAt }] }
}

const clearingOf = ({ number, event, pickedUpAt, ask }: Phase<'asking'> & InterlockState, until: Instant) =>
  ({ number, event, pickedUpAt, ask, phase: 'clearing', until }) as const

const whenCleared = (
  settings: InterlockSettings,
  { number, event, pickedUpAt, ask: to }: Phase<'clearing'> & InterlockState,
  now: Instant,
): Step => ask(settings, number, { event, pickedUpAt, ask: to }, false, now)

/** @param at a look at the device that shows the high set began then */
function tripIfOurs(
  settings: InterlockSettings,
  state: Phase<'asking'> & InterlockState,
  at: Instant,
  now: Instant,
): Step {
  const { unanswered, clearAt, notBefore, lookAt, giveUpAt, event, number, pickedUpAt } = state
  if (unanswered.length > 0 || clearAt === undefined) return now >= giveUpAt ? giveUp(state) : stay(state)
  if (at < (lookAt ?? Math.max(notBefore, clearAt))) return stay(state)
  // Answers that old say nothing of now.
  if (at > after(giveUpAt, settings.answerWait)) return standBy(state, 'the device was read too late')
  return {
    state: { number, phase: 'tripping', event },
    actions: [{ kind: 'trip', event, afterMs: now - pickedUpAt }],
  }
}

function tick(state: InterlockState, now: Instant): Step {
  if (state.phase === 'clearing') {
    return now >= state.until ? { state, actions: [{ kind: 'look' }] } : stay(state)
  }
  if (state.phase !== 'asking') return stay(state)
  const { unanswered, clearAt, giveUpAt, repeatAt, event, number } = state
  if (unanswered.length === 0 && clearAt !== undefined) return goOn(state, now)
  if (now >= giveUpAt) return giveUp(state)
  if (repeatAt === undefined || now < repeatAt || unanswered.length === 0) return { state, actions: [wake(state, now)] }
  const repeated = { ...state, repeatAt: undefined }
  return { state: repeated, actions: [{ kind: 'ask', event, number, to: unanswered }, wake(repeated, now)] }
}

function giveUp(state: Phase<'asking'> & InterlockState): Step {
  const [device] = state.unanswered
  if (device === undefined) return standBy(state, 'the current was not measured in time')
  return standBy(state, 'no answer in time', device)
}

function standBy(state: { readonly number: number; readonly event: string }, why: string, device?: string): Step {
  const { number, event } = state
  return {
    state: { number, phase: 'standing-by', event },
    actions: [{ kind: 'stand-by', event, why, ...(device === undefined ? {} : { device }) }],
  }
}
