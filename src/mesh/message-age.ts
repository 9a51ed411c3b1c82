// Whether a copy of an envelope is too old to be used.
//
// Over held links age is measured: each hop bounds how long the frame was on its way and how long a relay held it, on
// monotonic clocks. Then UTC is not asked at all, and a peer whose clock is wrong takes part like any other. By gossip,
// and while a hop's clocks have not been bounded yet, UTC alone says it, to two minutes.

import type { Envelope } from './envelope.ts'

export const CLOCK_TOLERANCE_MS = 120_000

export interface Ages {
  /** Measured; undefined when it was not. */
  readonly ageMs: number | undefined
  readonly utc: number
  readonly utcGood: boolean
}

export function refusedForAge(
  { utc: sealed, utcGood, lifetime }: Pick<Envelope, 'utc' | 'utcGood' | 'lifetime'>,
  ages: Ages,
): 'expired' | 'from-the-future' | undefined {
  if (ages.ageMs !== undefined) return ages.ageMs > lifetime ? 'expired' : undefined
  // A clock that was never set says nothing about age; the replay window and the lifetimes of what the message starts
  // still hold.
  if (!utcGood || !ages.utcGood) return undefined
  if (ages.utc - sealed > lifetime + CLOCK_TOLERANCE_MS) return 'expired'
  return sealed - ages.utc > CLOCK_TOLERANCE_MS ? 'from-the-future' : undefined
}

/**
 * No type of message that acts lives longer. For so long after a start there may be messages about that this peer has used
 * before it was stopped, and whose marks were not saved any more, or that came while it was away.
 */
export const LONGEST_LIFETIME_MS = 24_000

/** Whether the envelope was sealed after this peer's start, by both clocks: then it is no replay of what was before. */
export const isSince = (
  { utc: sealed, utcGood }: Pick<Envelope, 'utc' | 'utcGood'>,
  start: { readonly utc: number; readonly utcGood: boolean },
): boolean => utcGood && start.utcGood && sealed >= start.utc

/** Of a copy: what it was when it came, and how long it has waited here. */
export const ageAt = (
  { ageMs, at }: { readonly ageMs: number | undefined; readonly at: number },
  now: number,
): number | undefined => (ageMs === undefined ? undefined : ageMs + now - at)
