// Whose word counts on one load: each pair of ranks that disagrees, and how words end.

import { describe, expect, it } from 'vitest'
import {
  against,
  deciding,
  type Hold,
  ranks,
  standing,
  withHold,
  withoutHold,
} from '../../../src/protection/load/precedence.ts'
import { instant } from '../../../topology/units.ts'

const said = (rank: Hold['rank'], wish: Hold['wish'], more: Partial<Hold> = {}): Hold => ({
  rank,
  by: rank,
  wish,
  why: '',
  since: instant(0),
  ...more,
})
const at = (ms: number) => instant(ms)

describe('of two that disagree', () => {
  const pairs = ranks.flatMap((strong, n) => ranks.slice(n + 1).map(weak => [strong, weak] as const))
  it.each(pairs)('%s goes before %s, whichever way and in whichever order', (strong, weak) => {
    for (const wish of ['on', 'off'] as const) {
      const other = wish === 'on' ? 'off' : 'on'
      const one = said(strong, wish)
      const two = said(weak, other)
      expect(deciding([one, two])).toBe(one)
      expect(deciding([two, one])).toBe(one)
      expect(against([one], two)).toBe(one)
      expect(against([two], one)).toBeUndefined()
      expect(deciding(withoutHold([one, two], strong))).toBe(two)
    }
  })

  it('in one rank off goes before on', () => {
    const on = said('central', 'on', { by: 'a' })
    const off = said('central', 'off', { by: 'b' })
    expect(deciding([on, off])).toBe(off)
    expect(against([off], on)).toBe(off)
    expect(against([on], off)).toBeUndefined()
  })

  it('but a person replaces the person before, either way', () => {
    const first = said('person', 'off', { by: 'ada' })
    const second = said('person', 'on', { by: 'bob' })
    expect(against([first], second)).toBeUndefined()
    expect(withHold([first], second)).toEqual([second])
    expect(withHold([second], first)).toEqual([first])
  })
})

describe('a word', () => {
  it('ends at its time, and not before', () => {
    const hold = said('central', 'off', { until: at(1000) })
    expect(standing([hold], at(999), false)).toEqual([hold])
    expect(standing([hold], at(1000), false)).toEqual([])
  })

  it('"on" without a time ends with what it overrode', () => {
    const on = said('person', 'on', { whileContested: true })
    const off = said('protection', 'off')
    expect(standing([off, on], at(0), true)).toEqual([off, on])
    expect(standing([on], at(0), true)).toEqual([])
    // Before it is on there is something left to do.
    expect(standing([on], at(0), false)).toEqual([on])
    // A stronger one's "off" is not what it overrode.
    expect(
      standing([said('person', 'off', { by: 'x' }), said('central', 'on', { whileContested: true })], at(0), true),
    ).toHaveLength(1)
  })

  it('of the same speaker replaces the one before', () => {
    const first = said('rule', 'off', { why: 'price' })
    const second = said('rule', 'off', { why: 'demand' })
    expect(withHold([first], second)).toEqual([second])
  })

  it('of more machines than eight makes the oldest give way', () => {
    let holds: Hold[] = []
    for (let n = 0; n < 9; n++) holds = withHold(holds, said('central', 'off', { by: `m${n}` }))
    expect(holds.map(({ by }) => by)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8'])
  })
})
