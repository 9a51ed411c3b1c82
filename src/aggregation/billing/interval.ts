// The energy of one interval of one meter, as bills are computed of it: whole watt-hours, UTC, stamped at the start.

/**
 * `valid`: measured, and nothing speaks against it. `estimated`: made up for what is missing, by the rule named.
 * `edited`: a person put it there. `questionable`: measured, but a check speaks against it. `missing`: nothing is known;
 * its energy is 0 and counts as a gap.
 */
export const qualities = ['valid', 'estimated', 'edited', 'questionable', 'missing'] as const
export type Quality = (typeof qualities)[number]

export interface Energy {
  /** Taken from the network. */
  readonly importWh: bigint
  /** Given to it. */
  readonly exportWh: bigint
  readonly importVarh?: bigint
  readonly exportVarh?: bigint
}

export interface Interval extends Energy {
  readonly startUtcMs: number
  readonly endUtcMs: number
  readonly quality: Quality
  /** The checks and rules that made it other than `valid`, such as `spike` or `linear`. */
  readonly rules?: readonly string[]
  /** There was no voltage: what was not used then was not withheld, and demand begins anew after it. */
  readonly isOutage?: boolean
  /** What was measured, where something else stands now. Never dropped. */
  readonly original?: Energy
  /** Who edited it, when and why. */
  readonly edit?: { readonly author: string; readonly atUtcMs: number; readonly reason: string }
}

/** From inclusive, to exclusive. */
export interface Period {
  readonly fromUtcMs: number
  readonly toUtcMs: number
}

export const lengthOf = ({ startUtcMs, endUtcMs }: Pick<Interval, 'startUtcMs' | 'endUtcMs'>): number =>
  endUtcMs - startUtcMs

/** An interval counts where it starts, so that what bills of adjoining periods count adds up. */
export const intervalsIn = <T extends Pick<Interval, 'startUtcMs'>>(
  intervals: readonly T[],
  { fromUtcMs, toUtcMs }: Period,
): T[] => intervals.filter(({ startUtcMs }) => startUtcMs >= fromUtcMs && startUtcMs < toUtcMs)
