// Whether the fault current that took the voltage away passed a switching device: the fault-passage indicator, latched.
//
//                live again, or well for a while
//        ┌─────────────────────────────────────────────┐
//        ▼        fault current          it ends, live  │ it dies: at once yes, later unknown
//      well ───────────────────► passing ────────────► after ─────► dead
//        │ it dies: no              │ it dies: yes                   │
//        └──────────► dead ◄────────┘                                └──► live again: well
//
// What counts is the last time with voltage. A fault that somebody farther down cleared, and after which it died of another
// one, has passed too, and is not the one that is looked for: soon after, that cannot be told apart (a generator may have
// held the voltage for a moment), so it is unknown; later it is no. Each shot of a recloser shows anew whose fault it is;
// where one says yes and another one no, there was more than one fault, and it is unknown.
//
// "No" is an answer only of who has watched; who has not says "unknown", which is never taken for no.

import { after, duration, type Instant } from '../../../topology/units.ts'
import type { Seen } from './locate-types.ts'

export interface PassageLatch {
  /** When it died last, or as it would be if it died now by what passes. */
  readonly passage: Seen
  readonly isLive: boolean
  readonly isPassing: boolean
  /** Since when it has been live without fault current, in this shot. */
  readonly quietSince?: Instant
  /** Fault current has passed in this shot, and ended. */
  readonly hasEnded?: boolean
  /** What the shots before this one said. */
  readonly earlier?: Seen
  /** Fault current was last seen, or seen to have ended. */
  readonly passedAt?: Instant
}
export const unwatched: PassageLatch = { passage: 'unknown', isLive: false, isPassing: false }

export type PassageEvent =
  | {
      readonly kind: 'status'
      /** Fault current passes the device now. */
      readonly passes: boolean
      /** A side of it is. A fault close by takes all voltage while its current passes. */
      readonly dead: boolean
    }
  | { readonly kind: 'silent' }

/** Current and voltage that end together may show in two polls. */
const TOGETHER = duration(150)
/** Longer than a generator may hold an island (IEEE 1547-2018, 8.1: 2 s). */
const WELL = duration(2500)

export function stepPassage(before: PassageLatch, event: PassageEvent, now: Instant): PassageLatch {
  if (event.kind === 'silent') return unwatched
  const next = stepped(before, event, now)
  const passedAt = event.passes || before.isPassing ? now : before.passedAt
  return passedAt === next.passedAt ? next : { ...next, ...(passedAt === undefined ? {} : { passedAt }) }
}

function stepped(before: PassageLatch, event: PassageEvent & { kind: 'status' }, now: Instant): PassageLatch {
  const { passes, dead } = event
  const isDead = !before.isLive && !before.isPassing
  const state = isDead ? before : withoutWhatIsOver(before, now)
  if (dead && !passes) return isDead ? before : died(state, now)
  const earlier = isDead ? earlierOf(before) : state.earlier
  const shot = { isLive: !dead, ...(earlier === undefined ? {} : { earlier }) }
  if (passes) return { ...shot, passage: 'yes', isPassing: true }
  if (state.isPassing) return { ...shot, passage: 'yes', isPassing: false, quietSince: now, hasEnded: true }
  return isDead ? { ...shot, passage: 'no', isPassing: false, quietSince: now } : state
}

/** Of two that differ, both are kept: what was mixed stays so in the shots that follow. */
function died(state: PassageLatch, now: Instant): PassageLatch {
  const passage = atDeath(state, now)
  const isMixed = passage === 'unknown'
  return { passage, isLive: false, isPassing: false, ...(isMixed ? { earlier: 'unknown' as const } : {}) }
}

/** Who has not watched says nothing about the shots to come; who has heard two things has. */
const earlierOf = ({ passage, earlier }: PassageLatch): Seen | undefined => (passage === 'unknown' ? earlier : passage)

/** It was well in between: nothing of before has to do with what comes. */
function withoutWhatIsOver(state: PassageLatch, now: Instant): PassageLatch {
  const { isLive, isPassing, quietSince } = state
  if (!isLive || isPassing || quietSince === undefined || now < after(quietSince, WELL)) return state
  return { passage: 'no', isLive, isPassing, quietSince }
}

function atDeath({ passage, isPassing, quietSince, hasEnded, earlier }: PassageLatch, now: Instant): Seen {
  const isLate = !isPassing && hasEnded === true && quietSince !== undefined && now > after(quietSince, TOGETHER)
  const verdict = isLate ? 'unknown' : passage
  return earlier === undefined || earlier === verdict ? verdict : 'unknown'
}

/** What it says now. */
export const passageOf = (state: PassageLatch, now: Instant): Seen =>
  state.isLive || state.isPassing ? atDeath(withoutWhatIsOver(state, now), now) : state.passage

/** How long ago fault current was last seen, ms; undefined when it has not been. */
export const passedAgoMs = ({ passedAt, isPassing }: PassageLatch, now: Instant): number | undefined =>
  passedAt === undefined ? undefined : isPassing ? 0 : now - passedAt
