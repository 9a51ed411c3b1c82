// Whether this IED is in test, and how it leaves: by itself when the time is over, by command, by any real pickup anywhere,
// when the feeder is switched, and when the IED that started it is not heard any more. In test only what is flagged so is
// played, beside the live protection, which knows nothing of it: leaving can therefore be late or lost without harm, and it
// happens here by the own clock whatever anybody says.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export const testEnds = ['time', 'command', 'pickup', 'switching', 'starter-lost', 'stopping'] as const
export type TestEnd = (typeof testEnds)[number]

export type SiteTestState =
  | { readonly phase: 'live' }
  | {
      readonly phase: 'in-test'
      readonly test: string
      readonly starter: string
      readonly isStarter: boolean
      readonly until: Instant
      /** Until then the starter must be heard again. */
      readonly heardUntil: Instant
    }
export const live: SiteTestState = { phase: 'live' }

export type SiteTestEvent =
  | {
      readonly kind: 'enter'
      readonly test: string
      readonly starter: string
      readonly isStarter: boolean
      readonly lasts: Duration
    }
  /** The starter says that it goes on. */
  | { readonly kind: 'goes-on'; readonly test: string; readonly from: string }
  /** Somebody in it has ended it. */
  | { readonly kind: 'ended'; readonly test: string; readonly why: TestEnd }
  /** Something here ends it. */
  | { readonly kind: 'end'; readonly why: TestEnd }
  | { readonly kind: 'tick' }

export type SiteTestAction =
  | { readonly kind: 'enter' }
  /** `tell`: the others do not know yet. */
  | { readonly kind: 'leave'; readonly why: TestEnd; readonly tell: boolean }
  | { readonly kind: 'wake'; readonly at: Instant }

/** Whatever an order says. */
export const LONGEST_TEST = duration(60_000)
/** The starter is heard each half second. */
export const STARTER_SILENT = duration(3000)
/** Its first word comes when all have been asked to join. */
const JOINING = duration(10_000)

export function siteTest(
  state: SiteTestState,
  event: SiteTestEvent,
  now: Instant,
): { readonly state: SiteTestState; readonly actions: readonly SiteTestAction[] } {
  switch (event.kind) {
    case 'enter': {
      if (state.phase === 'in-test') return { state, actions: [] }
      const { test, starter, isStarter } = event
      const until = after(now, duration(Math.min(event.lasts, LONGEST_TEST) + JOINING))
      const next = { phase: 'in-test', test, starter, isStarter, until, heardUntil: after(now, JOINING) } as const
      return { state: next, actions: [{ kind: 'enter' }, { kind: 'wake', at: firstOf(next) }] }
    }
    case 'goes-on': {
      if (state.phase === 'live' || state.test !== event.test || state.starter !== event.from)
        return { state, actions: [] }
      const next = { ...state, heardUntil: after(now, STARTER_SILENT) }
      return { state: next, actions: [{ kind: 'wake', at: firstOf(next) }] }
    }
    case 'ended':
      return state.phase === 'in-test' && state.test === event.test ? leave(event.why, false) : { state, actions: [] }
    case 'end':
      return state.phase === 'in-test' ? leave(event.why, true) : { state, actions: [] }
    case 'tick': {
      if (state.phase === 'live') return { state, actions: [] }
      if (now >= state.until) return leave('time', false)
      if (!state.isStarter && now >= state.heardUntil) return leave('starter-lost', false)
      return { state, actions: [{ kind: 'wake', at: firstOf(state) }] }
    }
  }
}

const leave = (why: TestEnd, tell: boolean) => ({ state: live, actions: [{ kind: 'leave', why, tell } as const] })

const firstOf = ({ isStarter, until, heardUntil }: SiteTestState & { readonly phase: 'in-test' }): Instant =>
  isStarter || until < heardUntil ? until : heardUntil
