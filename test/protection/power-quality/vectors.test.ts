// Numbers of the standards and computed from their formulas: IEC 61000-4-30, IEC 61000-4-7, IEEE 1159, ITIC, SEMI F47.

import { describe, expect, it } from 'vitest'
import { categoryOf } from '../../../src/protection/power-quality/category.ts'
import { halfCycleGrid, isDue, takeWindow } from '../../../src/protection/power-quality/half-cycle-rms.ts'
import { spectrumMeter } from '../../../src/protection/power-quality/harmonics.ts'
import { isAboveItic, isBelowF47, isBelowItic } from '../../../src/protection/power-quality/immunity-curves.ts'
import { type Complex, fullCycleDft } from '../../../src/protection/power-quality/phasor.ts'
import { pushSamples, sampleRing } from '../../../src/protection/power-quality/sample-ring.ts'
import { magnitude, sequenceOf } from '../../../src/protection/power-quality/sequence.ts'
import { sagSeverity, swellSeverity, transientSeverity } from '../../../src/protection/power-quality/severity.ts'
import { nemaUnbalance, unbalanceOf, unbalanceOfLines } from '../../../src/protection/power-quality/unbalance.ts'
import { wave } from './waves.ts'

const polar = (size: number, degrees: number): Complex => ({
  re: size * Math.cos((degrees * Math.PI) / 180),
  im: size * Math.sin((degrees * Math.PI) / 180),
})
const degreesOf = ({ re, im }: Complex): number => (Math.atan2(im, re) * 180) / Math.PI
const ringOf = (values: Float64Array) => {
  const ring = sampleRing(values.length + 16)
  pushSamples(ring, values, 0, values.length)
  return ring
}

describe('RMS over one cycle, renewed each half cycle', () => {
  // 50 Hz, clean 0.70 per unit from 100 to 200 ms at zero crossings.
  const expected: Record<number, number> = { 80: 1, 90: 0.8631, 100: 0.7, 110: 0.7, 180: 0.7, 190: 0.8631, 200: 1 }
  it.each([1600, 6400, 12_800])('at %i samples a second', samplesPerSecond => {
    const ring = ringOf(wave({ samplesPerSecond, seconds: 0.3, rms: t => (t > 0.0999 && t < 0.1999 ? 0.7 : 1) }))
    const grid = halfCycleGrid(0, samplesPerSecond / 50)
    const found = new Map<number, number>()
    while (isDue(ring, grid)) {
      const { from, rms } = takeWindow(ring, grid, samplesPerSecond / 50)
      found.set(Math.round((from * 1000) / samplesPerSecond), rms)
    }
    for (const [ms, rms] of Object.entries(expected)) expect(found.get(Number(ms)), ms).toBeCloseTo(rms, 4)
  })
  it('is exact over a cycle that is no whole number of samples', () => {
    const samplesPerSecond = 7678.48
    const ring = ringOf(wave({ samplesPerSecond, seconds: 0.2, hz: 60, rms: 230 }))
    const grid = halfCycleGrid(0, samplesPerSecond / 60)
    while (isDue(ring, grid)) expect(takeWindow(ring, grid, samplesPerSecond / 60).rms).toBeCloseTo(230, 2)
  })
})

describe('unbalance', () => {
  it('of line voltages 400, 390, 395 is 1.4618 %, by NEMA 1.2658 %', () => {
    expect(unbalanceOfLines(400, 390, 395)).toBeCloseTo(0.014618, 6)
    expect(nemaUnbalance(400, 390, 395)).toBeCloseTo(0.012658, 6)
  })
  it('of 207, 230, 230 V in the three phases is 3.4483 %', () => {
    const phases = [polar(207, 0), polar(230, -120), polar(230, 120)] as const
    const { zero, positive, negative } = sequenceOf(...phases)
    expect(magnitude(positive)).toBeCloseTo(222.3333, 4)
    expect(magnitude(negative)).toBeCloseTo(7.6667, 4)
    expect(magnitude(zero)).toBeCloseTo(7.6667, 4)
    expect(Math.abs(degreesOf(negative))).toBeCloseTo(180, 6)
    expect(unbalanceOf(...phases)?.u2).toBeCloseTo(0.034483, 6)
  })
  it('with one phase gone is 50 %, with the sequence reversed all in the negative one', () => {
    expect(unbalanceOf({ re: 0, im: 0 }, polar(230, -120), polar(230, 120))?.u2).toBeCloseTo(0.5, 9)
    const { positive, negative } = sequenceOf(polar(230, 0), polar(230, 120), polar(230, -120))
    expect(magnitude(positive)).toBeCloseTo(0, 9)
    expect(magnitude(negative)).toBeCloseTo(230, 9)
  })
  it('of nothing is nothing', () => {
    const none = { re: 0, im: 0 }
    expect(unbalanceOf(none, none, none)).toBeUndefined()
    expect(unbalanceOfLines(0, 0, 0)).toBeUndefined()
    expect(nemaUnbalance(0, 0, 0)).toBeUndefined()
  })
})

describe('harmonics', () => {
  // 230 V with h3 11.5, h5 13.8, h7 6.9: THD 8.3666 % of the fundamental.
  const harmonics = [
    [3, 0.05, 40],
    [5, 0.06, 100],
    [7, 0.03, 0],
  ] as const
  it.each([
    [50, 10, 12_800, 50],
    [60, 12, 15_360, 60],
    [50, 10, 12_800, 49.37],
    [60, 12, 7678.48, 60.21],
  ])(
    'at nominal %i Hz: THD 8.3666 %% (%i cycles, %d samples a second, in fact %d Hz)',
    (nominal, cycles, samplesPerSecond, hz) => {
      const ring = ringOf(wave({ samplesPerSecond, seconds: 0.25, hz, rms: 230, harmonics }))
      const meter = spectrumMeter(samplesPerSecond / nominal, cycles)
      const from = 7.3
      const spectrum = meter.measure(ring, from, from + (cycles * samplesPerSecond) / hz)
      expect(spectrum?.thd).toBeCloseTo(0.083666, 4)
      expect(spectrum?.harmonics[0]).toBeCloseTo(230, 2)
      expect(spectrum?.harmonics[2]).toBeCloseTo(11.5, 2)
      expect(spectrum?.harmonics[4]).toBeCloseTo(13.8, 1)
      expect(spectrum?.harmonics[10]).toBeLessThan(0.02)
    },
  )
  it('of the 49th is right to 2 % at 256 samples a cycle', () => {
    const ring = ringOf(wave({ samplesPerSecond: 12_800, seconds: 0.25, hz: 50.03, rms: 230, harmonics: [[49, 0.02]] }))
    const spectrum = spectrumMeter(256, 10).measure(ring, 5, 5 + 128_000 / 50.03)
    expect(Math.abs((spectrum?.harmonics[48] ?? 0) / 4.6 - 1)).toBeLessThan(0.02)
  })
  it('are left out beyond a quarter of the sampling rate', () => {
    expect(spectrumMeter(32, 10).highest).toBe(8)
    expect(spectrumMeter(256, 10).highest).toBe(50)
  })
})

describe('the plain DFT of one cycle', () => {
  // 32 samples, x = 230√2 cos(ωt + 30°), sampled for 50 Hz.
  it.each([
    [50, 230.0, 30.0],
    [49.5, 229.1451, 28.4628],
    [48, 225.5437, 23.708],
  ])('of %d Hz is %d V at %d degrees', (hz, volts, degrees) => {
    const cycle = wave({ samplesPerSecond: 1600, seconds: 0.02, hz, rms: 230, degrees: 120 })
    const phasor = fullCycleDft(cycle)
    expect(magnitude(phasor)).toBeCloseTo(volts, 4)
    expect(degreesOf(phasor)).toBeCloseTo(degrees, 4)
  })
})

describe('immunity curves', () => {
  it.each([
    [0, 0.015, false],
    [0, 0.02, false],
    [0, 0.025, true],
    [0.72, 0.4, false],
    [0.68, 0.4, true],
    [0.78, 2, true],
    [0.85, 60, true],
    [0.85, 9, false],
  ])('ITIC: %d per unit for %d s violates: %s', (pu, seconds, violates) =>
    expect(isBelowItic(pu, seconds)).toBe(violates),
  )
  it.each([
    [1.18, 0.3, false],
    [1.15, 1, true],
    [1.15, 0.5, false],
    [1.3, 0.01, true],
    [1.9, 0.001, false],
    [1.9, 0.002, true],
    [4.9, 0.0001, false],
  ])('ITIC: %d per unit for %d s is prohibited: %s', (pu, seconds, violates) =>
    expect(isAboveItic(pu, seconds)).toBe(violates),
  )
  it.each([
    [0.5, 0.2, false],
    [0.49, 0.2, true],
    [0.69, 0.3, true],
    [0.7, 0.5, false],
    [0.79, 1, true],
    [0.8, 1, false],
    [0.5, 2, false],
  ])('SEMI F47: %d per unit for %d s violates: %s', (pu, seconds, violates) =>
    expect(isBelowF47(pu, seconds)).toBe(violates),
  )
  it('SEMI F47 extended goes on beyond a second', () => {
    expect(isBelowF47(0.79, 2, true)).toBe(true)
    expect(isBelowF47(0.85, 11, true)).toBe(true)
    expect(isBelowF47(0.85, 9, true)).toBe(false)
  })
})

describe('severity', () => {
  it.each([
    ['rides through', 0, 20, 'status'],
    ['sensitive equipment only', 0.6, 100, 'warning'],
    ['outside both curves', 0.6, 300, 'alert'],
    ['little is left', 0.4, 300, 'alarm'],
    ['shallow and short', 0.85, 5000, 'status'],
    ['shallow for more than a minute', 0.85, 61_000, 'alarm'],
  ])('of a sag: %s: %d per unit for %d ms is %s', (_, pu, ms, severity) => expect(sagSeverity(pu, ms)).toBe(severity))
  it.each([
    [1.15, 400, 'status'],
    [1.15, 600, 'warning'],
    [1.3, 100, 'alert'],
    [1.5, 100, 'alarm'],
  ])('of a swell to %d per unit for %d ms is %s', (pu, ms, severity) => expect(swellSeverity(pu, ms)).toBe(severity))
  it.each([
    [1.9, 'status'],
    [2.1, 'warning'],
    [5.1, 'alert'],
  ])('of a crest of %d is %s', (pu, severity) => expect(transientSeverity(pu)).toBe(severity))
})

describe('IEEE 1159 category', () => {
  it.each([
    ['sag', 600, 50, 'instantaneous'],
    ['sag', 600.1, 50, 'momentary'],
    ['swell', 500, 60, 'instantaneous'],
    ['swell', 500.1, 60, 'momentary'],
    ['sag', 3000, 50, 'momentary'],
    ['sag', 3001, 50, 'temporary'],
    ['sag', 60_000, 50, 'temporary'],
    ['sag', 60_001, 50, 'sustained'],
    ['interruption', 10, 50, 'momentary'],
    ['interruption', 3000, 60, 'momentary'],
    ['interruption', 3001, 60, 'temporary'],
    ['interruption', 60_001, 60, 'sustained'],
  ] as const)('of a %s of %d ms at %i Hz is %s', (kind, ms, hz, category) =>
    expect(categoryOf(kind, ms, hz)).toBe(category),
  )
})
