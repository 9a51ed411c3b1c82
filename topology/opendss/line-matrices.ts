// The electrical figures of a line per unit of its length, and the symmetrical components that OpenDSS makes them from.

import { square } from './complex-matrix.ts'

export interface LineMatrices {
  /** Ohm per unit of length, at the frequency of `atHz`. */
  readonly r: number[][]
  readonly x: number[][]
  /** Nanofarad per unit of length. */
  readonly c: number[][]
}

export interface Sequence {
  readonly r1: number
  readonly x1: number
  readonly r0: number
  readonly x0: number
  /** Nanofarad per unit of length. */
  readonly c1: number
  readonly c0: number
}

/** OpenDSS's defaults: 336 kcmil ACSR on 4 ft spacing, per 1000 ft. */
export const DEFAULT_SEQUENCE: Sequence = { r1: 0.058, x1: 0.1206, r0: 0.1784, x0: 0.4047, c1: 3.4, c0: 1.6 }

/** What `Switch=yes` sets. */
export const SWITCH_SEQUENCE: Sequence = { r1: 1, x1: 1, r0: 1, x0: 1, c1: 1.1, c0: 1 }

/** Self (2 z1 + z0) / 3, mutual (z0 − z1) / 3. */
export function matricesOf({ r1, x1, r0, x0, c1, c0 }: Sequence, order: number): LineMatrices {
  const matrix = (positive: number, zero: number): number[][] =>
    square(order, (row, column) => (row === column ? 2 * positive + zero : zero - positive) / 3)
  return { r: matrix(r1, r0), x: matrix(x1, x0), c: matrix(c1, c0) }
}
