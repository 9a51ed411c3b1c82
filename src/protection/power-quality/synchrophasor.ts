// Phasors, frequency and its rate of change of one to three phases at one moment, as IEC/IEEE 60255-118-1 defines them, P
// class: total vector error within 1 % and frequency error within 5 mHz from two hertz below nominal to two above, with
// harmonics, under modulation and ramps (test/protection/power-quality/synchrophasor.test.ts).
//
// Frequency is how far the phasor turns from half a cycle before the moment to half a cycle after it. With three phases it is
// taken of the positive sequence, in which the mirror images of the single phases cancel.

import { arctangent } from '../../../topology/trigonometry.ts'
import { type Complex, phasorMeter } from './phasor.ts'
import type { SampleRing } from './sample-ring.ts'
import { magnitude, sequenceOf } from './sequence.ts'

export interface Synchrophasor {
  /** RMS, in the order of the rings; the angle is that of a cosine at the moment. */
  readonly phasors: readonly Complex[]
  readonly hz: number
  readonly rocofHzPerS: number
}

export interface SynchrophasorMeter {
  /** Samples that it needs on each side of the moment. */
  readonly reach: number
  /** @returns nothing when there is no wave, or a sample within reach is not known */
  measure(rings: readonly SampleRing[], moment: number): Synchrophasor | undefined
}

const LEAST = 1e-9

export function synchrophasorMeter(samplesPerSecond: number, nominalHz: number): SynchrophasorMeter {
  const meter = phasorMeter(samplesPerSecond, nominalHz)
  const aside = Math.round(samplesPerSecond / nominalHz / 2)
  const perSample = 2 * Math.PI * (nominalHz / samplesPerSecond)

  function angleAt(rings: readonly SampleRing[], moment: number): number | undefined {
    const [a, b, c] = rings.map(ring => meter.estimate(ring, moment))
    if (a === undefined) return undefined
    const whole = b === undefined || c === undefined ? a : sequenceOf(a, b, c).positive
    return magnitude(whole) > LEAST ? arctangent(whole.im, whole.re) : undefined
  }
  const turned = (from: number, to: number): number => {
    const rest = to - from - perSample * aside
    return rest - 2 * Math.PI * Math.round(rest / (2 * Math.PI))
  }

  return {
    reach: meter.reach + aside,
    measure(rings, moment) {
      const before = angleAt(rings, moment - aside)
      const now = angleAt(rings, moment)
      const after = angleAt(rings, moment + aside)
      if (before === undefined || now === undefined || after === undefined) return undefined
      const seconds = aside / samplesPerSecond
      const first = turned(before, now)
      const second = turned(now, after)
      const hz = nominalHz + (first + second) / (4 * Math.PI * seconds)
      const gain = meter.gain(hz)
      const phasors = rings.map(ring => {
        const { re, im } = meter.estimate(ring, moment)
        return { re: re / gain, im: im / gain }
      })
      return { phasors, hz, rocofHzPerS: (second - first) / (2 * Math.PI * seconds * seconds) }
    },
  }
}

/** Total vector error: how far the estimate lies from the truth, of the truth. */
export const totalVectorError = (estimate: Complex, truth: Complex): number =>
  magnitude({ re: estimate.re - truth.re, im: estimate.im - truth.im }) / magnitude(truth)
