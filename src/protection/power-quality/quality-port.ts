// The power-quality monitor as its shell sees it: what it takes, and what it says.

import type { Instant, UtcMs } from '../../../topology/units.ts'
import type { Interval, Values } from './aggregates.ts'
import type { PowerQualityEvent, QualitySeverity, Resolution } from './event.ts'
import type { Sign } from './impending.ts'
import type { PerPhase, Samples } from './samples.ts'
import type { TenSeconds } from './ten-seconds.ts'

export interface Taken {
  /** In the order in which they were known. */
  readonly events: readonly PowerQualityEvent[]
  readonly tenMinutes: readonly Interval[]
}

/** Values of one moment. A phase that is absent, or not a number, is not known. */
export interface RmsReading {
  readonly at: Instant
  readonly utc: UtcMs
  readonly volts: PerPhase
  readonly amps?: PerPhase
  readonly hz?: number
}

/** What is measured now. */
export interface Present {
  readonly resolution: Resolution | undefined
  readonly samplesPerSecond?: number
  /** Of samples, ever. */
  readonly lost: number
  readonly rms: Values
  /** Of the last 10 or 12 cycles. */
  readonly window: Values
  /** Of the voltages, RMS from the fundamental on. */
  readonly harmonics: { readonly [channel: string]: readonly number[] }
  /** Frequency over the last whole ten seconds of UTC. */
  readonly tenSeconds: TenSeconds | undefined
  readonly tenMinutes: Interval | undefined
  readonly running: readonly PowerQualityEvent[]
}

/** What a warning to others is made of, see `disturbance-below.ts`. */
export interface Disturbed {
  /** The worst that runs now among sags, interruptions and what is impending here by own measurement. */
  readonly severity: QualitySeverity | undefined
  /** Lowest now, over the last half cycle or the last value. */
  readonly residualPu: number
  /** Whether a current has risen since the voltage was last good; absent where no current is measured. */
  readonly currentsRose?: boolean
}

export interface QualityMonitor {
  /** A stretch that cannot be judged, for its rate or its sizes, counts as lost. */
  take(samples: Samples): Taken
  hearRms(reading: RmsReading, resolution: 'half-cycle' | 'poll'): Taken
  /** From elsewhere: the own relay, a neighbour. */
  hearSign(sign: Sign, now: Instant, utc: UtcMs): Taken
  tick(now: Instant, utc: UtcMs): Taken
  /** Nothing is measured any more. */
  cutOff(now: Instant, utc: UtcMs): Taken
  present(): Present
  disturbed(): Disturbed
  /** A sag or interruption runs by own measurement. */
  hasSag(): boolean
}
