import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arctangent, arctangentDegrees, cosine, exponential, logarithm, sine } from '../../topology/trigonometry.ts'

const TOLERANCE = 1e-14

describe('trigonometry of our own', () => {
  it('gives the sine and cosine of Math', () => {
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), x => {
        expect(Math.abs(sine(x) - Math.sin(x))).toBeLessThan(TOLERANCE)
        expect(Math.abs(cosine(x) - Math.cos(x))).toBeLessThan(TOLERANCE)
      }),
      { numRuns: 2000 },
    )
  })
  it('is exact where the angle is', () => {
    expect([sine(0), cosine(0), arctangent(0, 1), exponential(0), logarithm(1)]).toEqual([0, 1, 0, 1, 0])
  })
  it('gives the angle of a point in every quadrant', () => {
    const side = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(side, side, (y, x) => {
        fc.pre(x !== 0 || y !== 0)
        const wanted = Math.atan2(y, x)
        const apart = Math.abs(arctangent(y, x) - wanted)
        // The signs of zero are not told apart: π for -π.
        expect(Math.min(apart, Math.abs(2 * Math.PI - apart))).toBeLessThan(TOLERANCE)
      }),
      { numRuns: 2000 },
    )
    expect(arctangent(0, 0)).toBe(0)
    expect(arctangentDegrees(1, 0)).toBe(90)
    expect(arctangentDegrees(0, -1)).toBe(180)
    expect(arctangentDegrees(-1, -1)).toBeCloseTo(-135, 12)
  })
  it('gives the exponential of Math, relative to its size', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), x => {
        expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(TOLERANCE)
      }),
      { numRuns: 2000 },
    )
    expect(exponential(710)).toBe(Number.POSITIVE_INFINITY)
    expect(exponential(-800)).toBe(0)
  })
  it('gives the logarithm of Math, relative to its size', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), x => {
        const wanted = Math.log(x)
        expect(Math.abs(logarithm(x) - wanted)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(wanted)))
      }),
      { numRuns: 2000 },
    )
    expect(logarithm(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(logarithm(-1)).toBeNaN()
  })
})
