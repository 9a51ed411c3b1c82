// One thing about a feeder's settings that cannot be meant, or that somebody should know of.

export type ContradictionKind =
  /** A device does not wait for the next one below it. */
  | 'grading'
  | 'pickup under load'
  /** Below the load that comes back after a long interruption. */
  | 'pickup under cold load'
  /** A fault in its own stretch that it does not see. */
  | 'blind'
  | 'tie without capacity'
  | 'high-set too low'
  | 'high-set too high'
  /** None is set, and one could be. */
  | 'high-set missing'
  /** None can be set: no fast trip. */
  | 'high-set impossible'
  /** Part of a loop, where one upper and one lower device cannot be told. */
  | 'not judged'

export interface Contradiction {
  /** Warnings make `topology check --strict` fail. Notes are of what is so by choice, or of states other than the normal. */
  readonly severity: 'warning' | 'note'
  readonly kind: ContradictionKind
  /** The one that is wrong first, then the one that it is wrong beside. */
  readonly devices: readonly string[]
  /** `normal`, or what differs. */
  readonly state: string
  /** What was found and what would be right, with both figures. */
  readonly text: string
}

/** Primary amperes, to what anybody would set. */
export const amperes = (amps: number): string => `${amps < 10 ? amps.toFixed(1) : amps.toFixed(0)} A`
