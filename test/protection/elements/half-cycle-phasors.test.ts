import { describe, expect, it } from 'vitest'
import { type HalfCycle, halfCyclePhasors } from '../../../src/protection/elements/half-cycle-phasors.ts'
import { negativeSequence, residual, sizeOf } from '../../../src/protection/elements/quantities.ts'
import type { Samples } from '../../../src/protection/power-quality/samples.ts'
import { magnitude } from '../../../src/protection/power-quality/sequence.ts'
import { instant, utcMs } from '../../../topology/units.ts'

const HZ = 3840
const NOMINAL = 60
const HALF = HZ / NOMINAL / 2

/** @param value of phase `n` (0 to 2), per unit of RMS 100, at that many seconds */
function samples(from: number, count: number, value: (seconds: number, phase: number) => number, lost = 0): Samples {
  const channel = (phase: number): Float64Array =>
    Float64Array.from({ length: count }, (_, n) => 100 * Math.SQRT2 * value((from + n) / HZ, phase))
  const three = { a: channel(0), b: channel(1), c: channel(2) }
  return { at: instant((from / HZ) * 1000), utc: utcMs(0), samplesPerSecond: HZ, lost, volts: three, amps: three }
}
const cosine = (hz: number) => (seconds: number, phase: number) =>
  Math.cos(2 * Math.PI * hz * seconds - (phase * 2 * Math.PI) / 3)
const last = (found: readonly HalfCycle[]): HalfCycle => found.at(-1) as HalfCycle

describe('the phasors of a relay', () => {
  it('come each half cycle from the first whole cycle on, each at its last sample', () => {
    const meter = halfCyclePhasors(HZ, NOMINAL, 100)
    expect(meter.take(samples(0, HALF, cosine(60)), HALF)).toEqual([])
    const found = meter.take(samples(HALF, 3 * HALF, cosine(60)), 3 * HALF)
    expect(found.map(({ at }) => Math.round((at * HZ) / 1000))).toEqual([63, 95, 127])
    for (const { quantities } of found) {
      expect(magnitude(quantities.amps.a ?? { re: 0, im: 0 })).toBeCloseTo(100, 9)
      expect(sizeOf(residual(quantities.amps))).toBeCloseTo(0, 9)
      expect(sizeOf(negativeSequence(quantities.volts))).toBeCloseTo(0, 9)
    }
  })

  it('keep their angle from one half cycle to the next at nominal frequency', () => {
    const meter = halfCyclePhasors(HZ, NOMINAL, 100)
    for (const { quantities } of meter.take(samples(0, 10 * HALF, cosine(60)), 10 * HALF)) {
      expect(quantities.volts.a?.re).toBeCloseTo(100, 6)
      expect(quantities.volts.a?.im).toBeCloseTo(0, 6)
    }
  })

  it('see neither a constant part nor harmonics, and say how much second there is', () => {
    const meter = halfCyclePhasors(HZ, NOMINAL, 100)
    const wave = (seconds: number, phase: number): number =>
      0.5 + cosine(60)(seconds, phase) + 0.3 * Math.cos(2 * Math.PI * 120 * seconds) + 0.2 * cosine(300)(seconds, phase)
    const { quantities } = last(meter.take(samples(0, 4 * HALF, wave), 4 * HALF))
    expect(magnitude(quantities.amps.b ?? { re: 0, im: 0 })).toBeCloseTo(100, 6)
    expect(quantities.secondHarmonic).toBeCloseTo(0.3, 6)
  })

  it('follow the frequency of a steady voltage', () => {
    const meter = halfCyclePhasors(HZ, NOMINAL, 100)
    const { quantities } = last(meter.take(samples(0, 40 * HALF, cosine(59.3)), 40 * HALF))
    expect(quantities.hz).toBeCloseTo(59.3, 2)
    expect(quantities.followedHz).toBeCloseTo(59.3, 2)
  })

  it('know nothing of a cycle of which samples were lost, and go on after it', () => {
    const meter = halfCyclePhasors(HZ, NOMINAL, 100)
    meter.take(samples(0, 4 * HALF, cosine(60)), 4 * HALF)
    const after = meter.take(samples(4 * HALF + 10, 4 * HALF, cosine(60), 10), 4 * HALF)
    expect(after[0]?.quantities.amps).toEqual({})
    expect(last(after).quantities.amps.a?.re).toBeCloseTo(100, 6)
  })
})
