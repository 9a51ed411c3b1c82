// What the monitor is fed: stretches of samples, as a device's driver hands them over.

import type { Instant, UtcMs } from '../../../topology/units.ts'

export interface PerPhase<T = number> {
  readonly a?: T
  readonly b?: T
  readonly c?: T
}

export const phaseNames = ['a', 'b', 'c'] as const
export type PhaseName = (typeof phaseNames)[number]

/** Evenly spaced, gapless within itself: primary volts (line to neutral) and amps. */
export interface Samples {
  /** Of the first sample. */
  readonly at: Instant
  readonly utc: UtcMs
  readonly samplesPerSecond: number
  /** Samples missing since the stretch before. */
  readonly lost: number
  /** As many in each channel. */
  readonly volts: PerPhase<Float64Array>
  readonly amps: PerPhase<Float64Array>
}
