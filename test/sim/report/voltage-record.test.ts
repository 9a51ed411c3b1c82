import { describe, expect, it } from 'vitest'
import { type VoltageCourse, worstFirst } from '../../../sim/report/voltage-record.ts'

const course = (ied: string, ...phases: (readonly (readonly [number, number])[])[]): VoltageCourse => ({
  ied,
  node: ied,
  phases: new Map(
    phases.map((samples, index) => [
      (['a', 'b', 'c'] as const)[index] ?? 'a',
      samples.map(([atMs, pu]) => ({ atMs, pu })),
    ]),
  ),
})

describe('worstFirst', () => {
  it('puts the lowest first and says when, on which phase and for how long', () => {
    const sagging = course(
      'sagging',
      [
        [0, 1],
        [1000, 0.6],
        [1500, 1],
      ],
      [
        [0, 1],
        [1200, 0.85],
        [2000, 1],
      ],
    )
    const dead = course(
      'dead',
      [
        [0, 1],
        [3000, 0],
      ],
      [
        [0, 1],
        [2500, 0.05],
      ],
    )
    const [first, second] = worstFirst([course('sound', [[0, 1]]), sagging, dead], 4000)
    expect(first).toMatchObject({ lowestPu: 0, phase: 'a', atMs: 3000, sagMs: 1500, deadMs: 1000 })
    // From 1000, when a falls, to 2000, when b is back.
    expect(second).toMatchObject({ course: { ied: 'sagging' }, lowestPu: 0.6, phase: 'a', sagMs: 1000, deadMs: 0 })
  })

  it('takes 0.9 pu for no sag and a little less for one', () => {
    const [first, second] = worstFirst([course('at', [[0, 0.9]]), course('below', [[0, 0.8999]])], 1000)
    expect([first?.course.ied, first?.sagMs]).toEqual(['below', 1000])
    expect([second?.course.ied, second?.sagMs]).toEqual(['at', 0])
  })
})
