// Phasors of one channel.
//
// `fullCycleDft` is the plain one: exact at nominal frequency, and off by a percent and a few degrees half a hertz away.
//
// `phasorMeter` is the P class of IEC/IEEE 60255-118-1 (its reference model): the wave is turned back by the nominal
// frequency and weighted by a triangle of two cycles, which has double zeros at every harmonic. The P class was chosen
// because it answers within two cycles and does not overshoot, which protection needs; the M class of the same standard
// filters harder against what lies between the harmonics and is four to seven cycles late. The triangle's gain at the
// measured frequency is known and taken out, so the magnitude is right off nominal too.

import { cosine, sine } from '../../../topology/trigonometry.ts'
import { placeOf, type SampleRing } from './sample-ring.ts'

export interface Complex {
  readonly re: number
  readonly im: number
}

/** RMS magnitude; the angle is that of a cosine at the first sample. @param wave exactly one cycle */
export function fullCycleDft(wave: ArrayLike<number>): Complex {
  let re = 0
  let im = 0
  const count = wave.length
  for (let k = 0; k < count; k++) {
    const angle = (2 * Math.PI * k) / count
    re += (wave[k] as number) * cosine(angle)
    im -= (wave[k] as number) * sine(angle)
  }
  return { re: (re * Math.SQRT2) / count, im: (im * Math.SQRT2) / count }
}

export interface PhasorMeter {
  /** It needs so many samples on each side of the one that it is asked for. */
  readonly reach: number
  /**
   * RMS; the angle is that of a cosine at the sample `centre`. Its magnitude is too low off the nominal frequency, by `gain`.
   * Not a number when a sample within reach is not known.
   */
  estimate(ring: SampleRing, centre: number): Complex
  /** What the magnitude is to be divided by when the wave has this frequency. */
  gain(hz: number): number
}

export function phasorMeter(samplesPerSecond: number, nominalHz: number): PhasorMeter {
  const perCycle = samplesPerSecond / nominalHz
  const reach = Math.ceil(perCycle) - 1
  const count = 2 * reach + 1
  const real = new Float64Array(count)
  const imaginary = new Float64Array(count)
  let sum = 0
  for (let n = 0; n < count; n++) sum += 1 - Math.abs(n - reach) / perCycle
  for (let n = 0; n < count; n++) {
    const weight = ((1 - Math.abs(n - reach) / perCycle) * Math.SQRT2) / sum
    const angle = (2 * Math.PI * (n - reach)) / perCycle
    real[n] = weight * cosine(angle)
    imaginary[n] = -weight * sine(angle)
  }
  return {
    reach,
    estimate(ring, centre) {
      const { data } = ring
      const place = placeOf(ring, centre - reach)
      let re = 0
      let im = 0
      for (let n = 0; n < count; n++) {
        const value = data[place + n] as number
        re += value * (real[n] as number)
        im += value * (imaginary[n] as number)
      }
      return { re, im }
    },
    gain(hz) {
      const off = (Math.PI * (hz - nominalHz)) / nominalHz
      if (Math.abs(off) < 1e-9) return 1
      const root = sine(off) / (perCycle * sine(off / perCycle))
      return root * root
    },
  }
}
