// What a member does when its records do not arrive: it turns to the next candidate, and in the end to the back end.
//
//   aggregator ──3 intervals──► candidate 1 ──3──► candidate 2 … ──3──► direct ──retry──► aggregator
//        ▲                          │ new aggregator                      │
//        └──────────────────────────┴─────────────────────────────────────┘
//
// One machine for each back end. A receipt starts the patience again and changes nothing else: what works is kept. To be
// asked by a candidate while the aggregator also asks is harmless, because records are counted once.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export interface FallbackSettings {
  readonly forwardingInterval: Duration
  /** Forwarding intervals without a receipt before the next way is tried. */
  readonly patience: number
  /** From going direct until the aggregator is tried again, in forwarding intervals. */
  readonly retry: number
}

export const fallbackDefaults = { patience: 3, retry: 40 } as const

export type FallbackState =
  | { readonly way: 'aggregator'; readonly deadline: Instant | undefined }
  | { readonly way: 'candidate'; readonly index: number; readonly deadline: Instant | undefined }
  | { readonly way: 'direct'; readonly deadline: Instant | undefined; readonly retryAt: Instant }

export type FallbackEvent =
  | { readonly kind: 'receipt'; readonly pending: number }
  /** Before or after an append. `candidates` by rank, without this member and the aggregator. */
  | { readonly kind: 'tick'; readonly pending: number; readonly candidates: readonly string[] }
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
export const fallbackStart: FallbackState = { way: 'aggregator', deadline: undefined }

export const fallback =
  (settings: FallbackSettings) =>
  (state: FallbackState, event: FallbackEvent, now: Instant): FallbackStep => {
    switch (event.kind) {
      case 'receipt':
        return wait({ ...state, deadline: event.pending > 0 ? patienceEnd(settings, now) : undefined })
      case 'newAggregator':
        return toAggregator(settings, state, now)
      case 'tick':
        return tick(settings, state, event.pending, event.candidates, now)
    }
  }

function tick(
  settings: FallbackSettings,
  state: FallbackState,
  pending: number,
  candidates: readonly string[],
  now: Instant,
): FallbackStep {
  if (state.way === 'direct' && now >= state.retryAt) return toAggregator(settings, state, now)
  if (pending === 0) return wait({ ...state, deadline: undefined })
  const deadline = state.deadline ?? patienceEnd(settings, now)
  if (now < deadline) return wait({ ...state, deadline })

  const index = state.way === 'aggregator' ? 0 : state.way === 'candidate' ? state.index + 1 : candidates.length
  const candidate = candidates[index]
  const next = patienceEnd(settings, now)
  if (candidate !== undefined) {
    return wait({ way: 'candidate', index, deadline: next }, { kind: 'askCandidate', candidate })
  }
  const retryAt =
    state.way === 'direct' ? state.retryAt : after(now, times(settings.forwardingInterval, settings.retry))
  return wait({ way: 'direct', deadline: next, retryAt }, { kind: 'goDirect' })
}

const toAggregator = (settings: FallbackSettings, state: FallbackState, now: Instant): FallbackStep =>
  state.way === 'aggregator'
    ? wait(state)
    : wait({ way: 'aggregator', deadline: patienceEnd(settings, now) }, { kind: 'useAggregator' })

const patienceEnd = ({ forwardingInterval, patience }: FallbackSettings, now: Instant): Instant =>
  after(now, times(forwardingInterval, patience))

const times = (interval: Duration, count: number): Duration => duration(interval * count)

function wait(state: FallbackState, ...actions: FallbackAction[]): FallbackStep {
  const deadlines = [state.deadline, state.way === 'direct' ? state.retryAt : undefined]
  const next = deadlines.filter(each => each !== undefined).sort((a, b) => a - b)[0]
  return { state, actions: next === undefined ? actions : [...actions, { kind: 'wake', at: next }] }
}
