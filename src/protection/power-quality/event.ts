// What the power-quality monitor tells: an event begins, grows worse, ends.

import type { Instant, UtcMs } from '../../../topology/units.ts'
import type { Severity } from '../alert.ts'

export const powerQualityKinds = [
  'sag',
  'swell',
  'interruption',
  'transient',
  'waveShape',
  'rapidVoltageChange',
  'harmonics',
  'unbalance',
  'frequency',
  'impending',
] as const
export type PowerQualityKind = (typeof powerQualityKinds)[number]

/** IEEE 1159, by duration alone; what is beyond a minute is sustained (under- and overvoltage there). */
export const categories = ['instantaneous', 'momentary', 'temporary', 'sustained'] as const
export type Category = (typeof categories)[number]

/** Those of alerts. What each means here is in `severity.ts`. */
export type QualitySeverity = Severity

/**
 * How finely it was seen: from a waveform; from values of about a cycle, such as synchrophasors; or from polled values,
 * between two of which anything may have happened.
 */
export type Resolution = 'samples' | 'half-cycle' | 'poll'

/** Why something is about to happen, see `impending.ts`. */
export type ImpendingCause =
  | 'collapse'
  | 'ownPickup'
  | 'upstreamPickup'
  | 'upstreamTrip'
  | 'neighbourWarning'
  | 'frequencyFalling'

interface Common {
  /** The same at begin and end, unique within one start of the agent. */
  readonly id: string
  readonly kind: PowerQualityKind
  /** While it lasts: what it amounts to if it lasts as long as such events do. At the end: what it came to. */
  readonly severity: QualitySeverity
  /** Measured channels that took part, by the names of `Measurement`: `volts.a`, `amps.c`. Sorted. */
  readonly channels: readonly string[]
  /** Start of the first window beyond the threshold. */
  readonly startedAt: Instant
  readonly startedUtcMs: UtcMs
  /** When it was known: the end of that window, or later where several are needed. */
  readonly detectedAt: Instant
  readonly resolution: Resolution
  /** Of impending ones. */
  readonly cause?: ImpendingCause
  /**
   * The farthest so far, per unit: of the nominal voltage (residual or greatest RMS; the crest of a transient, of nominal
   * crest), of the fundamental (harmonics: THD), of the positive sequence (unbalance), of nominal frequency.
   */
  readonly extremePu?: number
}

export interface PowerQualityBegins extends Common {
  readonly phase: 'begins'
}

/** Its severity rose. */
export interface PowerQualityWorsens extends Common {
  readonly phase: 'worsens'
}

export interface PowerQualityEnds extends Common {
  readonly phase: 'ends'
  /** From the start of the first window beyond the threshold to the start of the first one back. */
  readonly durationMs: number
  /** From the same start to the end of that last window: the other reading of IEC 61000-4-30. */
  readonly outerDurationMs: number
  /** Of sags, swells and interruptions. */
  readonly category?: Category
  /** It ended for the monitor because nothing more was measured; how it went on is not known. */
  readonly isCutOff?: true
}

export type PowerQualityEvent = PowerQualityBegins | PowerQualityWorsens | PowerQualityEnds
