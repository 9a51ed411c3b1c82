// What is found in the wave of one channel, in samples and in the unit of the samples.

export interface WaveEvent {
  readonly phase: 'begins' | 'ends'
  readonly from: number
  /** When it was known, or the end. */
  readonly to: number
  readonly extreme: number
  readonly isCutOff?: true
}
