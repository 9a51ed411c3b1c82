// Power from energy: the mean over a sliding window of the pulses that were counted in it.

import type { Duration, Instant } from '../../../topology/units.ts'

interface Look {
  readonly at: Instant
  readonly pulses: bigint
}

/** Oldest first; its first one is as old as the window or a little older, once it has been running for so long. */
export type DemandState = readonly Look[]

/** A look for each so many parts of the window is kept. */
const PARTS = 32

export function demandStep(state: DemandState, window: Duration, pulses: bigint, now: Instant): DemandState {
  const [last] = state.slice(-1)
  // Fewer than before: they were exchanged, and no power is to be made of the difference.
  if (last === undefined || pulses < last.pulses) return [{ at: now, pulses }]
  if (now - last.at < window / PARTS) return state
  const next = [...state, { at: now, pulses }]
  // The second one is old enough to begin with.
  return next.slice(
    Math.max(
      0,
      next.findLastIndex(({ at }) => now - at >= window),
    ),
  )
}

/** Pulses a second, or undefined until half a window has been seen. */
export function pulsesPerSecond(
  [first]: DemandState,
  window: Duration,
  pulses: bigint,
  now: Instant,
): number | undefined {
  if (first === undefined || now - first.at < window / 2) return undefined
  return (Number(pulses - first.pulses) * 1000) / (now - first.at)
}
