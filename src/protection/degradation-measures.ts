// What may grow worse slowly on a section, and how bad it is: a number that is 0 where all is well and grows with the harm,
// so that one rule judges them all.

export const degradationMeasures = [
  /** How far the lowest phase is below nominal, per unit of it. */
  'undervoltage',
  /** How far the highest phase is above nominal, per unit of it. */
  'overvoltage',
  /** Distortion of the voltage, per unit of the fundamental: the worst phase. */
  'distortion',
  /** Negative over positive sequence of the voltage. */
  'unbalance',
  /** Current over what the conductor may carry: the worst phase. */
  'loading',
  /** Sags, swells and interruptions in a day. */
  'disturbances',
  /** Pickups of the own relay in a day: most faults on overhead lines announce themselves by some that clear themselves. */
  'pickups',
  /** Phases without voltage while another one has it. */
  'lost-phases',
] as const
export type DegradationMeasure = (typeof degradationMeasures)[number]

/** Of one number for each measure; absent where it is not measured. */
export type Levels = { readonly [measure in DegradationMeasure]?: number }

/** Counted, and so summed over a period; of all others a period has one level. */
export const isCounted = (measure: DegradationMeasure): boolean => measure === 'disturbances' || measure === 'pickups'

/** No honest number is beyond it, whatever the measure. */
export const HIGHEST_LEVEL = 1_000_000

/** Standards give most of these: ANSI C84.1 range A, IEEE 519 below 69 kV, EN 50160 for unbalance. */
export const degradationLimits: Readonly<Record<DegradationMeasure, number>> = {
  undervoltage: 0.05,
  overvoltage: 0.05,
  distortion: 0.05,
  unbalance: 0.02,
  loading: 1,
  disturbances: 10,
  pickups: 5,
  'lost-phases': 1,
}
