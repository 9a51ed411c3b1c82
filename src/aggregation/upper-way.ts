// Which way an aggregator of a group delivers on a large feeder: through the feeder's aggregator, or straight.
//
//   through ──failed, or answered with what the back end has not signed──► straight ──after the pause──► through
//
// One machine for each back end. The feeder's aggregator passes a batch on to the back end and to nobody else, so no
// batch runs in a circle, and a group's aggregator that is the feeder's too delivers straight. Whatever the feeder's
// aggregator does costs at most one request that times out in each pause.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export type UpperWayState = { readonly way: 'through' } | { readonly way: 'straight'; readonly until: Instant }

export type UpperWayEvent =
  /** `isGenuine`: a receipt with the back end's own signature, or a refusal. */
  | { readonly kind: 'outcome'; readonly isGenuine: boolean }
  | { readonly kind: 'failed' }
  | { readonly kind: 'newAggregator' }

export const upperWayStart: UpperWayState = { way: 'through' }
export const UPPER_PAUSE: Duration = duration(120_000)

export function upperWay(state: UpperWayState, event: UpperWayEvent, now: Instant): UpperWayState {
  switch (event.kind) {
    case 'outcome':
      return event.isGenuine ? state : { way: 'straight', until: after(now, UPPER_PAUSE) }
    case 'failed':
      return { way: 'straight', until: after(now, UPPER_PAUSE) }
    case 'newAggregator':
      // One that takes turns with another must not have each batch first: the pause goes on.
      return state
  }
}

export const goesThrough = (state: UpperWayState, now: Instant): boolean =>
  state.way === 'through' || now >= state.until
