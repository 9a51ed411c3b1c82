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
// held the voltage for a moment), so it is unknown; later it is no. Each shot of a recloser shows anew whose fault it is.
//
// "No" is an answer only of who has watched; who has not says "unknown", which is never taken for no.

import { after, duration, type Instant } from '../../../topology/units.ts'
import type { Seen } from './locate-types.ts'

export interface PassageLatch {
  /** When it died last, or as it would be if it died now. */
  readonly passage: Seen
  readonly isLive: boolean
  readonly isPassing: boolean
  /** When fault current last ended while there was voltage. */
  readonly endedAt?: Instant
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

export function stepPassage(state: PassageLatch, event: PassageEvent, now: Instant): PassageLatch {
  if (event.kind === 'silent') return unwatched
  const { passes, dead } = event
  if (passes) {
    return state.isPassing && state.isLive === !dead ? state : { passage: 'yes', isLive: !dead, isPassing: true }
  }
  if (dead)
    return state.isLive || state.isPassing ? { passage: atDeath(state, now), isLive: false, isPassing: false } : state
  if (state.isPassing) return { passage: 'yes', isLive: true, isPassing: false, endedAt: now }
  return state.isLive ? state : { passage: 'no', isLive: true, isPassing: false }
}

function atDeath({ passage, isPassing, endedAt }: PassageLatch, now: Instant): Seen {
  if (isPassing) return 'yes'
  if (endedAt === undefined) return passage
  if (now <= after(endedAt, TOGETHER)) return 'yes'
  return now < after(endedAt, WELL) ? 'unknown' : 'no'
}

/** What it says now. */
export const passageOf = (state: PassageLatch, now: Instant): Seen =>
  state.isLive ? atDeath(state, now) : state.passage
