// What the elements of a relay in software look at, each half cycle.

import type { Complex } from '../power-quality/phasor.ts'
import { magnitude, sequenceOf } from '../power-quality/sequence.ts'

type PerPhase<T> = { readonly a?: T; readonly b?: T; readonly c?: T }

/** RMS phasors, primary, all against the same reference, which turns at nominal frequency. What is not measured is absent. */
export interface Quantities {
  /** Line to neutral. */
  readonly volts: PerPhase<Complex>
  readonly amps: PerPhase<Complex>
  readonly hz?: number
  /** As it has been followed over many cycles: a jump of the phase does not move it. */
  readonly followedHz?: number
  readonly rocofHzPerS?: number
  /** Second harmonic over fundamental of the current, the largest of the phases. */
  readonly secondHarmonic?: number
}

const present = (of: PerPhase<Complex>): readonly Complex[] =>
  [of.a, of.b, of.c].filter((each): each is Complex => each !== undefined && Number.isFinite(each.re + each.im))

/** Undefined where no phase is measured. */
export function largest(of: PerPhase<Complex>): number | undefined {
  const sizes = present(of).map(magnitude)
  return sizes.length === 0 ? undefined : Math.max(...sizes)
}
export function smallest(of: PerPhase<Complex>): number | undefined {
  const sizes = present(of).map(magnitude)
  return sizes.length === 0 ? undefined : Math.min(...sizes)
}

/** The sum of the phases, 3I0 or 3V0. A phase that the place does not have counts as nothing; none at all is not known. */
export function residual(of: PerPhase<Complex>): Complex | undefined {
  const all = present(of)
  if (all.length === 0) return undefined
  return all.reduce((sum, { re, im }) => ({ re: sum.re + re, im: sum.im + im }), { re: 0, im: 0 })
}

/** Negative sequence; of three phases only. */
export function negativeSequence({ a, b, c }: PerPhase<Complex>): Complex | undefined {
  return a === undefined || b === undefined || c === undefined ? undefined : sequenceOf(a, b, c).negative
}

export const sizeOf = (of: Complex | undefined): number | undefined => (of === undefined ? undefined : magnitude(of))
