// How unlike the three phases are (IEC 61000-4-30 §5.7; NEMA MG 1).

import type { Complex } from './phasor.ts'
import { magnitude, sequenceOf } from './sequence.ts'

export interface Unbalance {
  /** Negative over positive sequence. */
  readonly u2: number
  /** Zero over positive sequence. */
  readonly u0: number
}

/** @returns nothing where there is no positive sequence to compare with */
export function unbalanceOf(a: Complex, b: Complex, c: Complex): Unbalance | undefined {
  const { zero, positive, negative } = sequenceOf(a, b, c)
  const one = magnitude(positive)
  return one > 0 ? { u2: magnitude(negative) / one, u0: magnitude(zero) / one } : undefined
}

/** u2 from the three line to line magnitudes alone. */
export function unbalanceOfLines(ab: number, bc: number, ca: number): number | undefined {
  const squares = ab * ab + bc * bc + ca * ca
  if (!(squares > 0)) return undefined
  const beta = (ab ** 4 + bc ** 4 + ca ** 4) / (squares * squares)
  const root = Math.sqrt(Math.max(0, 3 - 6 * beta)) // beyond ½ the three make no triangle
  return Math.sqrt((1 - root) / (1 + root))
}

/** The greatest deviation from the mean, over the mean. */
export function nemaUnbalance(...magnitudes: readonly number[]): number | undefined {
  const mean = magnitudes.reduce((sum, each) => sum + each, 0) / magnitudes.length
  return mean > 0 ? Math.max(...magnitudes.map(each => Math.abs(each - mean))) / mean : undefined
}
