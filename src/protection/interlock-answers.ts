// Answers to the questions of devices above, see `interlock.ts`: whether the own relay sees the fault that theirs sees.
//
// "Yes" is answered at once, also after a "no" that turned out to be early. "No" takes a look at the device that began a
// full window after the question came, and no sign of the fault in between: a relay below may take a little longer to pick
// up than the one above. "Unknown" is what is answered of a device that is silent, or shows no pickup.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import type { Sighting } from './relay-messages.ts'

export interface AnswerSettings {
  readonly window: Duration
}

interface Question {
  readonly asker: string
  readonly event: string
  readonly number: number
}

interface Asked extends Question {
  /** A look before does not count for a "no". */
  readonly notBefore: Instant
  readonly isAnswered: boolean
  readonly until: Instant
}

export interface AnswerState {
  /** As the device last showed it; undefined while it shows nothing. */
  readonly sees: boolean | undefined
  readonly asked: readonly Asked[]
}
export const notAsked: AnswerState = { sees: undefined, asked: [] }

export type AnswerEvent =
  /** @param sees undefined where the device shows no pickup. `at`: it was asked no earlier than this. */
  | { readonly kind: 'status'; readonly at: Instant; readonly sees: boolean | undefined }
  | { readonly kind: 'silent' }
  | ({ readonly kind: 'asked' } & Question)

export type AnswerAction =
  | ({ readonly kind: 'answer'; readonly sees: Sighting } & Question)
  /** Look at the device, no sooner than this. */
  | { readonly kind: 'look'; readonly at: Instant }

/**
 * Whether the own relay sees a fault, or has tripped for one: the relay above sees that current for a while after it has been
 * broken here, and must not take it for its own. Undefined where the device does not say.
 */
export function seesFault({
  pickup,
  highSet,
  tripped,
}: {
  readonly pickup?: boolean
  readonly highSet?: boolean
  readonly tripped?: boolean
}): boolean | undefined {
  if (pickup === true || highSet === true || tripped === true) return true
  return pickup === undefined ? undefined : false
}

/** Devices above are fewer. The oldest gives way, and goes unanswered: its asker's curve runs. */
const MOST_OPEN = 64
/** For so long a "no" is taken back when the fault shows. No asker waits longer. */
const KEPT = duration(2000)

interface Step {
  readonly state: AnswerState
  readonly actions: readonly AnswerAction[]
}

export const interlockAnswers =
  ({ window }: AnswerSettings) =>
  (state: AnswerState, event: AnswerEvent, now: Instant): Step => {
    switch (event.kind) {
      case 'status':
        return see(state, event, now)
      case 'silent':
        return answerOpen({ ...state, sees: undefined }, 'unknown', () => true)
      case 'asked':
        return hear(window, state, event, now)
    }
  }

function see(state: AnswerState, { at, sees }: Extract<AnswerEvent, { kind: 'status' }>, now: Instant): Step {
  const kept = state.asked.filter(({ until }) => until > now)
  const next = { sees, asked: kept }
  if (sees === undefined) return answerOpen(next, 'unknown', () => true)
  if (!sees) return answerOpen(next, 'no', ({ notBefore }) => at >= notBefore)
  // Also to those that had a "no".
  return { state: { sees, asked: [] }, actions: kept.map(each => answer(each, 'yes')) }
}

function hear(window: Duration, state: AnswerState, question: Question, now: Instant): Step {
  const { asker, event, number } = question
  if (state.sees === true) return { state, actions: [answer(question, 'yes')] }
  const isIt = (each: Question): boolean => each.asker === asker && each.event === event && each.number === number
  const known = state.asked.find(isIt)
  if (known !== undefined && !known.isAnswered) return { state, actions: [] }
  // A question that comes again may have gone unanswered: it gets a new look.
  const asked = { asker, event, number, notBefore: after(now, window), isAnswered: false, until: after(now, KEPT) }
  const others = state.asked.filter(each => !isIt(each) && each.until > now)
  return {
    state: { ...state, asked: [...others, asked].slice(-MOST_OPEN) },
    actions: [{ kind: 'look', at: asked.notBefore }],
  }
}

function answerOpen(state: AnswerState, sees: Sighting, counts: (asked: Asked) => boolean): Step {
  const due = state.asked.filter(each => !each.isAnswered && counts(each))
  if (due.length === 0) return { state, actions: [] }
  const asked = state.asked.map(each => (due.includes(each) ? { ...each, isAnswered: true } : each))
  return { state: { ...state, asked }, actions: due.map(each => answer(each, sees)) }
}

const answer = ({ asker, event, number }: Question, sees: Sighting): AnswerAction => ({
  kind: 'answer',
  asker,
  event,
  number,
  sees,
})
