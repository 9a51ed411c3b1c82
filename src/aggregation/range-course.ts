// How a back end goes through a range of an IED's ledger: question by question, each for what its own store says is lacking,
// so that only what has been verified and stored moves it on.
//
//   look at the store ── lacks a body, or the chain up to where the ledger ended ──> ask ──> rest ──> look again
//                     └─ lacks nothing ──> whole
//
// One question at a time is under way, its answer no larger than the link carries in about a quarter of a second, and it rests as
// long as the answer took. So a record that is new waits for one answer at most, and has half of the link in any case.
//
// What an answer says counts only after the store has taken it. An answer that brings nothing, is late, forged or missing costs a
// rest that doubles; the next question goes the other way, straight or through an aggregator.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export type RangePhase =
  | 'going'
  /** All of it is here, but for what the IED itself says is gone. */
  | 'whole'
  /** Two passes, by both ways, brought nothing more. */
  | 'lacking'
  | 'refused'
  /** No answer for a day. */
  | 'silent'

/** A body, the IED's word on what has gone, or headers that the chain here ends before. */
type Wanted = 'body' | 'word' | 'chain'

export type RangeWay = 'straight' | 'through'

export interface RangeCourse {
  readonly phase: RangePhase
  /** The end of the ledger when it was first told: what comes later is not asked for. */
  readonly until: number | undefined
  /** Of this pass: what lies before it has been asked for. 0: the pass begins. */
  readonly cursor: number
  /** Records that are said to explain what is gone, and those of them that have been asked for: each once. */
  readonly words: readonly number[]
  readonly heardWords: readonly number[]
  /** Passes in a row that brought nothing. */
  readonly vainPasses: number
  readonly hasGained: boolean
  readonly way: RangeWay
  readonly failures: number
  readonly bytes: number
  readonly heardAt: Instant
  readonly asked: { readonly after: number; readonly about: Wanted } | undefined
}

export type RangeEvent =
  | { readonly kind: 'tick' }
  /** What the store has: the end of the chain, and the first lacking body behind the cursor. */
  | { readonly kind: 'looked'; readonly chainEnd: number; readonly lacking: number | undefined }
  | {
      readonly kind: 'taken'
      readonly took: Duration
      /** The last record of the answer; undefined when it had none. */
      readonly reached: number | undefined
      /** It brought a body that was lacking, or the chain further. */
      readonly hasGained: boolean
      /** Of the whole ledger. */
      readonly end: number
      readonly words: readonly number[]
    }
  | { readonly kind: 'later' }
  /** No answer, or none that counts. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'refused' }

export type RangeAction =
  | { readonly kind: 'wake'; readonly at: Instant }
  | { readonly kind: 'look'; readonly after: number }
  | {
      readonly kind: 'ask'
      readonly after: number
      /** This one whatever its time. */
      readonly also?: number
      readonly bytes: number
      readonly way: RangeWay
    }
  | { readonly kind: 'end'; readonly phase: RangePhase }

export interface RangeStep {
  readonly state: RangeCourse
  readonly actions: readonly RangeAction[]
}

export const FIRST_BYTES = 8 * 1024
export const MOST_BYTES = 64 * 1024
const LEAST_BYTES = 2 * 1024
/** Answers that take less may grow, those that take twice as long shrink. */
export const ANSWER_WITHIN = duration(250)
const LEAST_REST = 50
const MOST_REST = 10_000
const LATER = duration(1_000)
const FIRST_PATIENCE = 1_000
const MOST_PATIENCE = 60_000
export const GIVE_UP = duration(24 * 3_600_000)
/** Of one range; each is for many bodies. Whoever tells of more is not listened to. */
const MOST_WORDS = 512

export const rangeStart = (now: Instant): RangeCourse => ({
  phase: 'going',
  until: undefined,
  cursor: 0,
  words: [],
  heardWords: [],
  vainPasses: 0,
  hasGained: false,
  way: 'straight',
  failures: 0,
  bytes: FIRST_BYTES,
  heardAt: now,
  asked: undefined,
})

export function rangeCourse(state: RangeCourse, event: RangeEvent, now: Instant): RangeStep {
  if (state.phase !== 'going') return { state, actions: [] }
  switch (event.kind) {
    case 'tick':
      return { state, actions: [{ kind: 'look', after: state.cursor }] }
    case 'looked':
      return next(state, event.chainEnd, event.lacking)
    case 'taken':
      return taken(state, event, now)
    case 'later':
      return rest({ ...state, heardAt: now, asked: undefined }, LATER, now)
    case 'failed':
      return failed(state, now)
    case 'refused':
      return end(state, 'refused')
  }
}

function next(state: RangeCourse, chainEnd: number, lacking: number | undefined): RangeStep {
  const word = state.words.find(number => number <= chainEnd)
  if (word !== undefined) return ask(state, word - 1, 'word')
  if (lacking !== undefined) return ask(state, lacking - 1, 'body')
  if (state.until === undefined || chainEnd < state.until) return ask(state, chainEnd, 'chain')
  if (state.cursor === 0) return end(state, 'whole')
  // The pass is over. What was lacking behind the cursor may be lacking still.
  const vainPasses = state.hasGained ? 0 : state.vainPasses + 1
  const way = vainPasses === 0 ? state.way : otherWay(state.way)
  const begun = { ...state, cursor: 0, hasGained: false, vainPasses, way }
  return vainPasses >= 2 ? end(begun, 'lacking') : { state: begun, actions: [{ kind: 'look', after: 0 }] }
}

function ask(state: RangeCourse, behind: number, about: Wanted): RangeStep {
  const { bytes, way } = state
  const asked = { after: behind, about }
  const also = about === 'word' ? { also: behind + 1 } : {}
  return { state: { ...state, asked }, actions: [{ kind: 'ask', after: behind, ...also, bytes, way }] }
}

function taken(state: RangeCourse, event: Extract<RangeEvent, { kind: 'taken' }>, now: Instant): RangeStep {
  const { asked } = state
  if (asked === undefined) return { state, actions: [] } // to a question that was given up
  const { took, reached, hasGained, end: ledgerEnd } = event
  const until = state.until ?? ledgerEnd
  // Its ledger goes on, and what comes of that is nothing.
  if (asked.about === 'chain' && !hasGained && asked.after < until) return failed({ ...state, until }, now)
  const heard: RangeCourse = {
    ...state,
    ...withWords(state, asked, event.words),
    until,
    // A pass must end: what was asked for and did not come is passed over until the next one.
    cursor: asked.about === 'word' ? state.cursor : Math.max(state.cursor, reached ?? 0, asked.after + 1),
    hasGained: state.hasGained || hasGained,
    failures: 0,
    bytes: fitting(state.bytes, took),
    heardAt: now,
    asked: undefined,
  }
  return rest(heard, duration(Math.min(MOST_REST, Math.max(LEAST_REST, took))), now)
}

function withWords(
  { words, heardWords }: RangeCourse,
  asked: { after: number; about: Wanted },
  told: readonly number[],
) {
  const heard = asked.about === 'word' ? [...heardWords, asked.after + 1].slice(0, MOST_WORDS) : heardWords
  const all = [...new Set([...words, ...told])].filter(number => !heard.includes(number))
  return { words: all.slice(0, MOST_WORDS - heard.length), heardWords: heard }
}

const fitting = (bytes: number, took: Duration): number =>
  took <= ANSWER_WITHIN / 2
    ? Math.min(MOST_BYTES, bytes * 2)
    : took > ANSWER_WITHIN
      ? Math.max(LEAST_BYTES, Math.floor((bytes * ANSWER_WITHIN) / took))
      : bytes

function failed(state: RangeCourse, now: Instant): RangeStep {
  if (now - state.heardAt >= GIVE_UP) return end(state, 'silent')
  const failures = state.failures + 1
  const wait = Math.min(MOST_PATIENCE, FIRST_PATIENCE * 2 ** Math.min(failures - 1, 10))
  const bytes = Math.max(LEAST_BYTES, Math.floor(state.bytes / 2))
  return rest({ ...state, failures, bytes, way: otherWay(state.way), asked: undefined }, duration(wait), now)
}

const otherWay = (way: RangeWay): RangeWay => (way === 'straight' ? 'through' : 'straight')
const rest = (state: RangeCourse, wait: Duration, now: Instant): RangeStep => ({
  state,
  actions: [{ kind: 'wake', at: after(now, wait) }],
})
const end = (state: RangeCourse, phase: RangePhase): RangeStep => ({
  state: { ...state, phase, asked: undefined },
  actions: [{ kind: 'end', phase }],
})
