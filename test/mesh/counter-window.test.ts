import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COUNTER_WINDOW, counterWindow } from '../../src/mesh/counter-window.ts'

const having = (...taken: number[]) => {
  const window = counterWindow()
  for (const counter of taken) if (window.isFresh(counter)) window.take(counter)
  return window
}

describe('the counter window', () => {
  const cases = [
    { it: 'takes the first, whatever it is', taken: [], counter: 7, fresh: true },
    { it: 'refuses what was taken', taken: [0, 1, 2], counter: 1, fresh: false },
    { it: 'takes what was overtaken', taken: [0, 2], counter: 1, fresh: true },
    { it: 'takes the oldest within', taken: [0, COUNTER_WINDOW], counter: 1, fresh: true },
    { it: 'refuses the first beyond', taken: [1, COUNTER_WINDOW], counter: 0, fresh: false },
    {
      it: 'forgets what lay in the same place a window ago',
      taken: [5, 1000],
      counter: 5 + COUNTER_WINDOW,
      fresh: true,
    },
    { it: 'takes what was skipped by a jump of a whole window', taken: [0, 3000], counter: 2500, fresh: true },
    { it: 'refuses the greatest', taken: [2 ** 32 - 1], counter: 2 ** 32 - 1, fresh: false },
    { it: 'takes one below the greatest beyond 32 bits', taken: [2 ** 40], counter: 2 ** 40 - 1, fresh: true },
  ]
  for (const c of cases) it(c.it, () => expect(having(...c.taken).isFresh(c.counter)).toBe(c.fresh))

  it('does not move by being asked', () => {
    const window = having(3)
    expect(window.isFresh(5000)).toBe(true)
    expect(window.isFresh(2)).toBe(true)
    expect(window.greatest).toBe(3)
  })

  it('takes each counter once, and each of the last 1,024 that never came, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4000 }), { maxLength: 300 }), counters => {
        const window = counterWindow()
        const taken = new Set<number>()
        for (const counter of counters) {
          const greatest = Math.max(-1, ...taken)
          expect(window.isFresh(counter)).toBe(!taken.has(counter) && counter > greatest - COUNTER_WINDOW)
          if (!window.isFresh(counter)) continue
          window.take(counter)
          taken.add(counter)
        }
      }),
    )
  })
})
