// What a member does when its records do not arrive: it turns to the next candidate, and in the end to the back end.
//
//   aggregator ──3 intervals──► candidate 1 ──3──► candidate 2 … ──3──► direct ──retry──► aggregator
//        ▲                          │ new aggregator                      │
//        └──────────────────────────┴─────────────────────────────────────┘
//
// One machine for each back end. Receipts that get on start the patience again and change nothing else: what works is
// kept. Getting on is to reach, within the patience, all that waited when it began, or `progress` records of it: an
// aggregator that lets one record through now and then keeps nobody. Nor do aggregators that take turns: however often
// there is a new one, after four patiences without getting on a member delivers itself. To be asked by a candidate while
// the aggregator also asks is harmless, because records are counted once.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export interface FallbackSettings {
  readonly forwardingInterval: Duration
  /** Forwarding intervals without a receipt before the next way is tried. */
  readonly patience: number
  /** From going direct until the aggregator is tried again, in forwarding intervals. */
  readonly retry: number
  /** So many records within the patience are enough, however many wait: as much as a slow link carries. */
  readonly progress: number
}

export const fallbackDefaults = { patience: 3, retry: 40, progress: 100 } as const

/** Ways that are tried before the direct one, each for one patience, and one more for a new aggregator meanwhile. */
const STUCK_PATIENCES = 4

interface Patience {
  /** Undefined: nothing waits. */
  readonly deadline: Instant | undefined
  /** The record that is to be receipted by then. */
  readonly goal: number
  /** Since when no goal has been reached. */
  readonly stuckSince: Instant | undefined
}

export type FallbackState = Patience &
  (
    | { readonly way: 'aggregator' }
    | { readonly way: 'candidate'; readonly index: number }
    | { readonly way: 'direct'; readonly retryAt: Instant }
  )

export type FallbackEvent =
  /** The back end has receipted `upTo`, and `pending` records after it wait. */
  | { readonly kind: 'receipt'; readonly pending: number; readonly upTo: number }
  /** Before or after an append. `candidates` by rank, without this member and the aggregator. */
  | {
      readonly kind: 'tick'
      readonly pending: number
      readonly upTo: number
      readonly candidates: readonly string[]
    }
  | { readonly kind: 'newAggregator' }

export type FallbackAction =
  /** Ask this member to pull from us. */
  | { readonly kind: 'askCandidate'; readonly candidate: string }
  /** Run a roll-up round with ourselves as the only member. Comes again with each deadline until something works. */
  | { readonly kind: 'goDirect' }
  | { readonly kind: 'useAggregator' }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface FallbackStep {
  readonly state: FallbackState
  readonly actions: readonly FallbackAction[]
}

/** Nothing is waited for while nothing is pending. */
export const fallbackStart: FallbackState = { way: 'aggregator', deadline: undefined, goal: 0, stuckSince: undefined }

export const fallback =
  (settings: FallbackSettings) =>
  (state: FallbackState, event: FallbackEvent, now: Instant): FallbackStep => {
    switch (event.kind) {
      case 'receipt':
        return receipted(settings, state, event, now)
      case 'newAggregator':
        return isStuck(settings, state, now) ? wait(state) : toAggregator(settings, state, now)
      case 'tick':
        return tick(settings, state, event, now)
    }
  }

interface Waiting {
  readonly pending: number
  readonly upTo: number
}

function receipted(settings: FallbackSettings, state: FallbackState, waiting: Waiting, now: Instant): FallbackStep {
  if (waiting.pending === 0) return wait({ ...state, ...atRest })
  if (state.deadline !== undefined && waiting.upTo < state.goal) return wait(state)
  return wait({ ...state, ...patience(settings, waiting, now), stuckSince: now })
}

function tick(
  settings: FallbackSettings,
  state: FallbackState,
  { candidates, ...waiting }: Waiting & { readonly candidates: readonly string[] },
  now: Instant,
): FallbackStep {
  if (state.way === 'direct' && now >= state.retryAt) {
    return toAggregator(settings, { ...state, stuckSince: now }, now)
  }
  if (waiting.pending === 0) return wait({ ...state, ...atRest })
  if (state.deadline === undefined) return wait({ ...state, ...patience(settings, waiting, now), stuckSince: now })
  if (now < state.deadline) return wait(state)

  const next = { ...patience(settings, waiting, now), stuckSince: state.stuckSince ?? now }
  const index = state.way === 'aggregator' ? 0 : state.way === 'candidate' ? state.index + 1 : candidates.length
  const candidate = isStuck(settings, state, now) ? undefined : candidates[index]
  if (candidate !== undefined) {
    return wait({ way: 'candidate', index, ...next }, { kind: 'askCandidate', candidate })
  }
  const retryAt =
    state.way === 'direct' ? state.retryAt : after(now, times(settings.forwardingInterval, settings.retry))
  return wait({ way: 'direct', ...next, retryAt }, { kind: 'goDirect' })
}

const toAggregator = (settings: FallbackSettings, state: FallbackState, now: Instant): FallbackStep => {
  if (state.way === 'aggregator') return wait(state)
  const { goal, stuckSince } = state
  return wait({ way: 'aggregator', goal, stuckSince, deadline: patienceEnd(settings, now) }, { kind: 'useAggregator' })
}

const atRest = { deadline: undefined, stuckSince: undefined } as const

const patience = (settings: FallbackSettings, { pending, upTo }: Waiting, now: Instant) => ({
  deadline: patienceEnd(settings, now),
  goal: upTo + Math.min(pending, settings.progress),
})

const isStuck = (settings: FallbackSettings, { stuckSince }: FallbackState, now: Instant): boolean =>
  stuckSince !== undefined &&
  now >= after(stuckSince, times(settings.forwardingInterval, settings.patience * STUCK_PATIENCES))

const patienceEnd = ({ forwardingInterval, patience }: FallbackSettings, now: Instant): Instant =>
  after(now, times(forwardingInterval, patience))

const times = (interval: Duration, count: number): Duration => duration(interval * count)

function wait(state: FallbackState, ...actions: FallbackAction[]): FallbackStep {
  const deadlines = [state.deadline, state.way === 'direct' ? state.retryAt : undefined]
  const next = deadlines.filter(each => each !== undefined).sort((a, b) => a - b)[0]
  return { state, actions: next === undefined ? actions : [...actions, { kind: 'wake', at: next }] }
}
