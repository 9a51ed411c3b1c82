// The events of a recording, channel by channel.

import type { Category } from './event.ts'

export interface RecordedChannel {
  readonly name: string
  /** As the file has it. Voltages are those in V, with whatever prefix; all else is not judged. */
  readonly unit: string
  /** Not a number where a sample is missing. */
  readonly values: Float64Array
}

export interface Recording {
  readonly samplesPerSecond: number
  /** 0 where the file does not say: then nothing can be judged. */
  readonly nominalHz: number
  readonly channels: readonly RecordedChannel[]
  /** RMS, in the channels' unit, of 1 per unit. By default that of the mean of each channel's first three values. */
  readonly nominal?: number
}

export type RecordedKind = 'sag' | 'swell' | 'interruption' | 'transient' | 'waveShape' | 'rapidVoltageChange'

export interface RecordedEvent {
  readonly channel: string
  readonly kind: RecordedKind
  /** Of sags, swells and interruptions. */
  readonly category?: Category
  readonly startSeconds: number
  /** Start to start, see event.ts. */
  readonly durationSeconds: number
  /** RMS; of a transient and of a wave shape, the crest of the wave and of the deviation, of the nominal crest. */
  readonly extremePu: number
  /** The record ends before the event does. */
  readonly isCutOff?: true
}

/** RMS over one cycle, renewed each half cycle. */
export interface HalfCycleCourse {
  readonly channel: string
  readonly unit: string
  /** What 1 per unit is, in that unit. */
  readonly nominal: number
  /** Start of each window, from the first sample. */
  readonly startSeconds: Float64Array
  readonly rms: Float64Array
}

export interface NotJudged {
  readonly channel: string
  readonly because: 'not-a-voltage' | 'no-frequency' | 'too-short' | 'too-few-samples-a-cycle' | 'not-energised'
}

export interface RecordAnalysis {
  /** By start, then channel. */
  readonly events: readonly RecordedEvent[]
  readonly courses: readonly HalfCycleCourse[]
  readonly notJudged: readonly NotJudged[]
}

export type AnalyseRecord = (recording: Recording) => RecordAnalysis
