// What the monitor judges by. Per unit is of the declared voltage, line to neutral, unless the line says otherwise.

export interface QualitySettings {
  /** Declared voltage: RMS, line to neutral, primary. */
  readonly nominalVolts: number
  readonly nominalHz: number
  readonly sagPu: number
  readonly swellPu: number
  /** IEEE 1159 and 1366 say 0.1, IEC 61000-4-30 typically 0.05, EN 50160 before 2010 0.01. */
  readonly interruptionPu: number
  readonly hysteresisPu: number
  /** An event that lasts is judged as if it lasted so long, see severity.ts. */
  readonly assumedMs: number
  /** From the mean of the last second. */
  readonly rapidChangePu: number
  /** Cycle difference, of the nominal crest; and how long it must last. */
  readonly waveShapePu: number
  readonly waveShapeMs: number
  /** Crest beyond which a deviation is a transient, of the nominal crest. */
  readonly crestPu: number
  /** Jump from one sample to the next of the cycle difference, of the nominal crest. */
  readonly stepPu: number
  /** Total harmonic distortion of the voltage, of the fundamental. */
  readonly thd: number
  /** Negative over positive sequence. */
  readonly unbalance: number
  /** Deviation from nominal frequency, of it. */
  readonly frequency: number
  /** Below so much, the voltage collapses: what is measured over half a cycle. */
  readonly collapsePu: number
  /** So much sooner a falling voltage or frequency is said to be about to cross its limit. */
  readonly horizonMs: number
  /** Frequency at which load is shed, of nominal: 49.0 of 50 Hz. */
  readonly sheddingPu: number
  /** A current that rises by so much at the onset says that the disturbance is below. */
  readonly currentRise: number
  /** Declared voltage, or a mean over a minute that follows slow changes, as at medium voltage. */
  readonly reference: 'nominal' | 'sliding'
}

export const qualityDefaults: Omit<QualitySettings, 'nominalVolts' | 'nominalHz'> = {
  sagPu: 0.9,
  swellPu: 1.1,
  interruptionPu: 0.1,
  hysteresisPu: 0.02,
  assumedMs: 500,
  rapidChangePu: 0.033,
  waveShapePu: 0.15,
  waveShapeMs: 0.5,
  crestPu: 1.5,
  stepPu: 0.4,
  thd: 0.08,
  unbalance: 0.02,
  frequency: 0.01,
  collapsePu: 0.7,
  horizonMs: 2000,
  sheddingPu: 0.98,
  currentRise: 1.5,
  reference: 'nominal',
}
