// Complex numbers, and a value for each of the phases a, b and c.

import type { Phase } from '../../topology/feeder-file.ts'

export interface Complex {
  readonly re: number
  readonly im: number
}

export const ZERO: Complex = { re: 0, im: 0 }
export const complex = (re: number, im: number): Complex => ({ re, im })
export const add = (p: Complex, q: Complex): Complex => ({ re: p.re + q.re, im: p.im + q.im })
export const subtract = (p: Complex, q: Complex): Complex => ({ re: p.re - q.re, im: p.im - q.im })
export const multiply = (p: Complex, q: Complex): Complex => ({
  re: p.re * q.re - p.im * q.im,
  im: p.re * q.im + p.im * q.re,
})
export const scaleBy = (p: Complex, factor: number): Complex => ({ re: p.re * factor, im: p.im * factor })
export const conjugate = (p: Complex): Complex => ({ re: p.re, im: -p.im })
export const magnitude = (p: Complex): number => Math.sqrt(p.re * p.re + p.im * p.im)
/** `q` is not zero. */
export const divide = (p: Complex, q: Complex): Complex =>
  scaleBy(multiply(p, conjugate(q)), 1 / (q.re * q.re + q.im * q.im))

export const PHASES: readonly [Phase, Phase, Phase] = ['a', 'b', 'c']
/** A value for each of the phases a, b, c. */
export type Triple<T> = readonly [T, T, T]
export const triple = <T>(make: (phase: 0 | 1 | 2) => T): Triple<T> => [make(0), make(1), make(2)]
/** A complex figure for each phase; zero for a phase that is not there. */
export type PhaseComplex = Triple<Complex>
export const NONE: PhaseComplex = [ZERO, ZERO, ZERO]
/** Where phases a, b, c point: 120 degrees apart, a leading b. */
export const ROTATION: PhaseComplex = [
  { re: 1, im: 0 },
  { re: -0.5, im: -Math.sqrt(3) / 2 },
  { re: -0.5, im: Math.sqrt(3) / 2 },
]
/** Complex power of each phase, in VA, of a current that flows at a voltage to ground. */
export const powerOf = (volts: PhaseComplex, amps: PhaseComplex): PhaseComplex =>
  triple(i => multiply(volts[i], conjugate(amps[i])))
