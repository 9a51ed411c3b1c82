// Symmetrical components (Fortescue), of complex RMS values.

import type { Complex } from './phasor.ts'

export interface SequenceComponents {
  readonly zero: Complex
  readonly positive: Complex
  readonly negative: Complex
}

/** One at 120 degrees. */
const A: Complex = { re: -0.5, im: Math.sqrt(3) / 2 }

const turned = ({ re, im }: Complex, by: Complex): Complex => ({
  re: re * by.re - im * by.im,
  im: re * by.im + im * by.re,
})
const back: Complex = { re: A.re, im: -A.im }
const third = (one: Complex, two: Complex, three: Complex): Complex => ({
  re: (one.re + two.re + three.re) / 3,
  im: (one.im + two.im + three.im) / 3,
})

export const sequenceOf = (a: Complex, b: Complex, c: Complex): SequenceComponents => ({
  zero: third(a, b, c),
  positive: third(a, turned(b, A), turned(c, back)),
  negative: third(a, turned(b, back), turned(c, A)),
})

export const magnitude = ({ re, im }: Complex): number => Math.sqrt(re * re + im * im)
