// What is computed from phasors alike everywhere: symmetrical components, total vector error, angles in (-180, 180].

import { arctangent, cosine, sine } from './trigonometry.ts'

/** RMS magnitude, and angle against a reference that the place where it is used names. */
interface Phasor {
  readonly magnitude: number
  readonly degrees: number
}
interface ThreePhases {
  readonly a?: Phasor
  readonly b?: Phasor
  readonly c?: Phasor
}
interface Vector {
  readonly re: number
  readonly im: number
}

const RADIANS = Math.PI / 180

const vectorOf = ({ magnitude, degrees }: Phasor, turnedBy = 0): Vector => ({
  re: magnitude * cosine((degrees + turnedBy) * RADIANS),
  im: magnitude * sine((degrees + turnedBy) * RADIANS),
})

/** The angle of nothing is 0. */
export const phasorOf = ({ re, im }: Vector): Phasor => ({
  magnitude: Math.sqrt(re * re + im * im),
  degrees: re === 0 && im === 0 ? 0 : arctangent(im, re) / RADIANS,
})

/** The same angle in (-180, 180]. */
export function wrapDegrees(degrees: number): number {
  const turned = degrees % 360
  if (turned > 180) return turned - 360
  return turned <= -180 ? turned + 360 : turned
}

/**
 * Symmetrical components after C. L. Fortescue, phase a as reference; a phase that is not there counts as zero:
 * U0 = (A + B + C) / 3, U1 = (A + aB + a²C) / 3, U2 = (A + a²B + aC) / 3, where a turns by 120 degrees.
 */
export function sequenceOf({ a, b, c }: ThreePhases): { zero: Phasor; positive: Phasor; negative: Phasor } {
  const component = (onB: number, onC: number): Phasor => {
    const parts = [a && vectorOf(a), b && vectorOf(b, onB), c && vectorOf(c, onC)]
    const sum = (part: 're' | 'im'): number => parts.reduce((total, each) => total + (each?.[part] ?? 0), 0) / 3
    return phasorOf({ re: sum('re'), im: sum('im') })
  }
  return { zero: component(0, 0), positive: component(120, -120), negative: component(-120, 120) }
}

/**
 * Total vector error: the length of the difference over the length of the true phasor. Limit in steady state 0.01.
 * Undefined where the true phasor is nothing.
 *
 * Source: IEEE C37.118.1-2011, 5.3.1 (now IEC/IEEE 60255-118-1).
 */
export function totalVectorError(estimate: Phasor, truth: Phasor): number | undefined {
  if (truth.magnitude === 0) return undefined
  const [is, was] = [vectorOf(estimate), vectorOf(truth)]
  return Math.sqrt((is.re - was.re) ** 2 + (is.im - was.im) ** 2) / truth.magnitude
}
