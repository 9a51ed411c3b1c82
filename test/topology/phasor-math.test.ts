// Vectors: a full-cycle estimate over 32 samples of 230 V at 30 degrees, off nominal frequency; 1.006 in magnitude and 0.4
// degrees make a total vector error of 0.9221 %.

import { describe, expect, it } from 'vitest'
import { sequenceOf, totalVectorError, wrapDegrees } from '../../topology/phasor-math.ts'

const phasor = (magnitude: number, degrees: number) => ({ magnitude, degrees })

describe('total vector error', () => {
  it('is 0.9221 % for 0.6 % of magnitude and 0.4 degrees', () => {
    expect(100 * (totalVectorError(phasor(1.006, 0.4), phasor(1, 0)) ?? 0)).toBeCloseTo(0.9221, 4)
  })
  it('is 1 % for 1 % of magnitude alone, and for 0.573 degrees alone', () => {
    expect(totalVectorError(phasor(232.3, 30), phasor(230, 30))).toBeCloseTo(0.01, 12)
    expect(totalVectorError(phasor(230, 30.573), phasor(230, 30))).toBeCloseTo(0.01, 5)
  })
  it('takes angles a turn apart for the same', () => {
    expect(totalVectorError(phasor(5, 359), phasor(5, -1))).toBeCloseTo(0, 12)
  })
  it('is the length of the difference: 2 for the opposite, 1 for nothing', () => {
    expect(totalVectorError(phasor(3, 180), phasor(3, 0))).toBeCloseTo(2, 12)
    expect(totalVectorError(phasor(0, 0), phasor(3, 70))).toBeCloseTo(1, 12)
  })
  it('is not defined against nothing', () => {
    expect(totalVectorError(phasor(1, 0), phasor(0, 0))).toBeUndefined()
  })
})

describe('symmetrical components', () => {
  const balanced = { a: phasor(10, 5), b: phasor(10, -115), c: phasor(10, 125) }
  it('of a balanced system are its positive sequence', () => {
    const { zero, positive, negative } = sequenceOf(balanced)
    expect(positive.magnitude).toBeCloseTo(10, 12)
    expect(positive.degrees).toBeCloseTo(5, 12)
    expect(zero.magnitude).toBeCloseTo(0, 12)
    expect(negative.magnitude).toBeCloseTo(0, 12)
  })
  it('of one with two phases exchanged are its negative sequence', () => {
    const { positive, negative } = sequenceOf({ a: balanced.a, b: balanced.c, c: balanced.b })
    expect(negative.magnitude).toBeCloseTo(10, 12)
    expect(positive.magnitude).toBeCloseTo(0, 12)
  })
  it('of one phase alone are a third of it each', () => {
    const { zero, positive, negative } = sequenceOf({ a: phasor(9, 40) })
    for (const each of [zero, positive, negative]) {
      expect(each.magnitude).toBeCloseTo(3, 12)
      expect(each.degrees).toBeCloseTo(40, 12)
    }
  })
})

describe('an angle', () => {
  it.each([
    [0, 0],
    [180, 180],
    [-180, 180],
    [181, -179],
    [-181, 179],
    [725, 5],
    [-725, -5],
  ])('of %i is %i', (given, wrapped) => expect(wrapDegrees(given)).toBe(wrapped))
})
