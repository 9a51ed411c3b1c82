// What equipment has to bear, as steps: so low a voltage for so long.
//
// ITIC (once CBEMA) is defined for 120 V equipment at 60 Hz, and SEMI F47 for semiconductor tools. Neither is a limit for a
// network; both are good scales of how bad a disturbance is for those who are connected.

export interface Step {
  /** Up to and including this duration. */
  readonly seconds: number
  readonly pu: number
}

/** Residual voltage below which, after so long, equipment may lose its function. */
export const ITIC_LOWER: readonly Step[] = [
  { seconds: 0.02, pu: 0 },
  { seconds: 0.5, pu: 0.7 },
  { seconds: 10, pu: 0.8 },
  { seconds: Number.POSITIVE_INFINITY, pu: 0.9 },
]

/** Voltage above which, after so long, equipment may be damaged. */
export const ITIC_UPPER: readonly Step[] = [
  { seconds: 0.01 / 60, pu: 5 },
  { seconds: 0.001, pu: 2 },
  { seconds: 0.003, pu: 1.4 },
  { seconds: 0.5, pu: 1.2 },
  { seconds: Number.POSITIVE_INFINITY, pu: 1.1 },
]

/** SEMI F47-0706. It says nothing of the first 50 ms, nor of what is beyond a second. */
const F47: readonly Step[] = [
  { seconds: 0.05, pu: 0 },
  { seconds: 0.2, pu: 0.5 },
  { seconds: 0.5, pu: 0.7 },
  { seconds: 1, pu: 0.8 },
  { seconds: Number.POSITIVE_INFINITY, pu: 0 },
]

/** With the part that SEMI F47-0200 recommends. */
const F47_EXTENDED: readonly Step[] = [
  ...F47.slice(0, 3),
  { seconds: 10, pu: 0.8 },
  { seconds: Number.POSITIVE_INFINITY, pu: 0.9 },
]

/** Durations are sums of sample times: what is a nanosecond past a step is at the step. */
const ROUNDING = 1e-9

const limitAt = (curve: readonly Step[], seconds: number): number =>
  (curve.find(step => seconds <= step.seconds + ROUNDING) ?? (curve[curve.length - 1] as Step)).pu

export const isBelowItic = (residualPu: number, seconds: number): boolean => residualPu < limitAt(ITIC_LOWER, seconds)
export const isAboveItic = (pu: number, seconds: number): boolean => pu > limitAt(ITIC_UPPER, seconds)
export const isBelowF47 = (residualPu: number, seconds: number, extended = false): boolean =>
  residualPu < limitAt(extended ? F47_EXTENDED : F47, seconds)
