import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundedBy, type ClockBounds, flightAtMost } from '../../src/mesh/link-clock.ts'

describe('the bounds of two clocks', () => {
  // The other clock is 1000 ahead.
  it('are as far apart as one round trip', () => {
    expect(boundedBy(undefined, 10, 1012, 16)).toEqual({ least: 996, most: 1002, at: 16 })
  })
  it('narrow by each faster trip, from either side', () => {
    const first = boundedBy(undefined, 0, 1005, 10)
    const second = boundedBy(first, 10, 1010.5, 14)
    expect(second?.most).toBeCloseTo(1000.5)
    expect(second?.least).toBeCloseTo(996.5)
  })
  it('widen by 200 ppm when only slow trips come', () => {
    const first = boundedBy(undefined, 0, 1000.5, 1)
    const later = boundedBy(first, 10_001, 11_500, 12_001)
    expect(later?.most).toBeCloseTo(1000.5 + 12_000 * 200e-6)
    expect(later?.least).toBeCloseTo(999.5 - 12_000 * 200e-6)
  })
  it('start anew when a clock has stood still', () => {
    const first = boundedBy(undefined, 0, 1000.5, 1)
    expect(boundedBy(first, 100, 500.5, 101)).toEqual({ least: 399.5, most: 400.5, at: 101 })
  })
  it('take nothing from an echo before its beat', () => {
    expect(boundedBy(undefined, 10, 1000, 9)).toBeUndefined()
  })
  it('hold the true offset through any delays and drift within 100 ppm of each clock', () => {
    const trip = fc.record({ gap: fc.nat({ max: 5000 }), there: fc.nat({ max: 300 }), back: fc.nat({ max: 300 }) })
    fc.assert(
      fc.property(fc.array(trip, { minLength: 1 }), fc.integer({ min: -180, max: 180 }), (trips, ppm) => {
        const other = (now: number): number => 12_345 + now * (1 + ppm * 1e-6)
        let bounds: ClockBounds | undefined
        let now = 0
        for (const { gap, there, back } of trips) {
          const sentAt = now + gap
          now = sentAt + there + back
          bounds = boundedBy(bounds, sentAt, other(sentAt + there), now)
          const offset = other(now) - now
          // The round trip itself drifts by less than a tenth of a ms.
          expect(bounds?.least).toBeLessThanOrEqual(offset + 0.2)
          expect(bounds?.most).toBeGreaterThanOrEqual(offset - 0.2)
        }
      }),
    )
  })
})

describe('the flight of a frame', () => {
  const bounds = { least: 999, most: 1001, at: 0 }
  it('is the longest that the bounds allow', () => {
    expect(flightAtMost(bounds, 1010, 20)).toBeCloseTo(11.004)
  })
  it('is never shorter than it was', () => {
    // Sent at 10 here, whatever the offset within the bounds.
    for (const offset of [999, 1000, 1001]) expect(flightAtMost(bounds, 10 + offset, 20)).toBeGreaterThanOrEqual(10)
  })
  it('is not known without bounds, or when it was sent later than now', () => {
    expect(flightAtMost(undefined, 1010, 20)).toBeUndefined()
    expect(flightAtMost(bounds, 1022, 20)).toBeUndefined()
  })
})
