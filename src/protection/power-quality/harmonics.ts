// Harmonics as IEC 61000-4-7 has them: the spectrum of the 10- or 12-cycle window in bins of 5 Hz, and for each harmonic the
// subgroup of its own bin and the two beside it.
//
// The window is as long as the tracked frequency says, which is no power of two of samples. It is resampled to one, between
// six samples each time, which is good to 1 % up to a quarter of the sampling rate. Harmonics beyond that are left out.

import FFT from 'fft.js'
import { cosine, sine } from '../../../topology/trigonometry.ts'
import type { Complex } from './phasor.ts'
import { placeOf, type SampleRing } from './sample-ring.ts'

export interface Spectrum {
  /** RMS; the angle is that of a cosine at the start of the window. */
  readonly fundamental: Complex
  /** RMS of each subgroup, from the first on. */
  readonly harmonics: readonly number[]
  /** Of the first subgroup, the harmonics from the second on. Not a number without a fundamental. */
  readonly thd: number
}

/** Samples beyond the window's end that are needed to find the values between samples. */
export const BEYOND = 3
const BEFORE = 2
const HIGHEST = 50

export interface SpectrumMeter {
  /** The highest harmonic that can be seen. */
  readonly highest: number
  /** @returns nothing when a sample within is not known. @param from at least two samples after the oldest that is kept */
  measure(ring: SampleRing, from: number, to: number): Spectrum | undefined
}

/** @param cycles in a window */
export function spectrumMeter(samplesPerCycle: number, cycles: number): SpectrumMeter {
  const highest = Math.max(1, Math.min(HIGHEST, Math.floor(samplesPerCycle / 4)))
  const least = Math.max(2 * (cycles * highest + 2), 0.75 * samplesPerCycle * cycles)
  let size = 64
  while (size < least) size *= 2
  const fft = new FFT(size)
  // The library's own table comes from Math.sin, whose last digits differ from engine to engine.
  for (let n = 0; n < size; n++) {
    fft.table[2 * n] = cosine((2 * Math.PI * n) / size)
    fft.table[2 * n + 1] = -sine((2 * Math.PI * n) / size)
  }
  const points = new Float64Array(size)
  const bins = fft.createComplexArray()
  const scale = Math.SQRT2 / size

  return {
    highest,
    measure(ring, from, to) {
      resample(ring, from, (to - from) / size, points)
      fft.realTransform(bins, points)
      const square = (bin: number): number => (bins[2 * bin] as number) ** 2 + (bins[2 * bin + 1] as number) ** 2
      const harmonics: number[] = []
      let above = 0
      for (let h = 1; h <= highest; h++) {
        const middle = h * cycles
        const sum = square(middle - 1) + square(middle) + square(middle + 1)
        harmonics.push(Math.sqrt(sum) * scale)
        if (h > 1) above += sum
      }
      const first = (harmonics[0] as number) / scale
      if (Number.isNaN(first)) return undefined
      const fundamental = { re: (bins[2 * cycles] as number) * scale, im: (bins[2 * cycles + 1] as number) * scale }
      return { fundamental, harmonics, thd: Math.sqrt(above) / first }
    },
  }
}

/** Lagrange's polynomial through the three samples before and the three after each point. */
function resample(ring: SampleRing, from: number, step: number, into: Float64Array): void {
  const { data } = ring
  const origin = Math.floor(from) - BEFORE
  const place = placeOf(ring, origin)
  for (let n = 0; n < into.length; n++) {
    const at = from + n * step - origin
    const whole = Math.floor(at)
    const t = at - whole
    const k = place + whole - BEFORE
    const a = t + 2
    const b = t + 1
    const d = t - 1
    const e = t - 2
    const f = t - 3
    const ab = a * b
    const ef = e * f
    const td = t * d
    into[n] =
      (-b * td * ef * (data[k] as number) +
        5 * a * td * ef * (data[k + 1] as number) -
        10 * ab * d * ef * (data[k + 2] as number) +
        10 * ab * t * ef * (data[k + 3] as number) -
        5 * ab * td * f * (data[k + 4] as number) +
        ab * td * e * (data[k + 5] as number)) /
      120
  }
}
