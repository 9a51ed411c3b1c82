import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exponential, naturalLogarithm } from '../../topology/logarithm.ts'

describe('logarithm and exponential', () => {
  it('meet the known values', () => {
    expect(naturalLogarithm(1)).toBe(0)
    expect(naturalLogarithm(Math.E)).toBeCloseTo(1, 14)
    expect(naturalLogarithm(10)).toBeCloseTo(2.302585092994046, 14)
    expect(exponential(0)).toBe(1)
    expect(exponential(1)).toBeCloseTo(Math.E, 14)
    expect(exponential(-2)).toBeCloseTo(0.1353352832366127, 15)
    expect([exponential(1000), exponential(-1000)]).toEqual([Number.POSITIVE_INFINITY, 0])
  })

  it('agree with the engine, and with each other', () => {
    fc.assert(
      fc.property(fc.double({ min: -200, max: 200, noNaN: true }), x => {
        expect(exponential(x) / Math.exp(x)).toBeCloseTo(1, 12)
        expect(naturalLogarithm(exponential(x))).toBeCloseTo(x, 11)
        expect(naturalLogarithm(Math.exp(x))).toBeCloseTo(x, 11)
      }),
    )
  })
})
