// How many events a bad wave may make an agent report: each becomes a record and an alert. Milder ones give way first. What
// was told when it began is told when it ends, so nothing stays open; what was not told is counted.

import type { Instant } from '../../../topology/units.ts'
import type { PowerQualityEvent } from './event.ts'

export interface TalkState {
  readonly tokens: number
  readonly at: Instant
  /** Begun and told. */
  readonly told: ReadonlySet<string>
  readonly unsaid: number
}

/** At once; then one each so many ms. */
const BURST = 60
const REFILL_MS = 2000
/** What is left of the burst is for warnings and worse alone. */
const FOR_WORSE = 30

export const silent = (now: Instant): TalkState => ({ tokens: BURST, at: now, told: new Set(), unsaid: 0 })

export function mayTell(
  state: TalkState,
  { id, phase, severity }: PowerQualityEvent,
  now: Instant,
): { state: TalkState; isTold: boolean } {
  const tokens = Math.min(BURST, state.tokens + Math.max(0, now - state.at) / REFILL_MS)
  const known = state.told.has(id)
  if (phase !== 'begins' && known) {
    const told = new Set(state.told)
    if (phase === 'ends') told.delete(id)
    return { state: { ...state, tokens, at: now, told }, isTold: true }
  }
  // One that grew worse may be told though its begin was not.
  const isTold = phase !== 'ends' && tokens >= (severity === 'status' ? FOR_WORSE + 1 : 1)
  if (!isTold) return { state: { ...state, tokens, at: now, unsaid: state.unsaid + 1 }, isTold }
  return { state: { ...state, tokens: tokens - 1, at: now, told: new Set(state.told).add(id) }, isTold }
}
