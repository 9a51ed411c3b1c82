import { describe, expect, it } from 'vitest'
import { secondsOf, shareAt } from '../../../sim/run/load-shapes.ts'

const at = (timeOfDay: string): number => secondsOf(timeOfDay)

describe('a load shape', () => {
  it('goes straight from point to point, in any order of writing', () => {
    const share = shareAt([
      ['18:00', 1],
      ['06:00', 0.25],
      ['12:00', 0.75],
    ])
    expect([share(at('06:00')), share(at('09:00')), share(at('12:00')), share(at('15:00'))]).toEqual([
      0.25, 0.5, 0.75, 0.875,
    ])
  })
  it('goes on over midnight, day after day', () => {
    const share = shareAt([
      ['22:00', 1],
      ['02:00', 0.5],
    ])
    expect([share(at('00:00')), share(86_400), share(-86_400)]).toEqual([0.75, 0.75, 0.75])
    expect(share(at('12:00'))).toBeCloseTo(0.75, 9)
    expect(share(at('23:59:59'))).toBeCloseTo(0.75, 4)
  })
  it('of one point is that share always', () => {
    const share = shareAt([['12:00', 0.3]])
    expect([share(0), share(at('12:00')), share(at('23:00'))]).toEqual([0.3, 0.3, 0.3])
  })
  it('is the file’s values when flat, and peaks at 18:00 on the built-in day', () => {
    expect(shareAt('flat')(at('03:00'))).toBe(1)
    expect([shareAt('day')(at('18:00')), shareAt('day')(at('03:00'))]).toEqual([1, 0.46])
  })
})
