import { expect, it } from 'vitest'
import { goesThrough, UPPER_PAUSE, upperWay, upperWayStart } from '../../src/aggregation/upper-way.ts'
import { instant } from '../../topology/units.ts'

it.each([{ kind: 'failed' }, { kind: 'outcome', isGenuine: false }] as const)(
  'the feeder aggregator is left alone for a while: %j',
  event => {
    const state = upperWay(upperWayStart, event, instant(1000))
    expect(goesThrough(state, instant(1000))).toBe(false)
    expect(goesThrough(upperWay(state, { kind: 'newAggregator' }, instant(1001)), instant(1001))).toBe(false)
    expect(goesThrough(state, instant(1000 + UPPER_PAUSE - 1))).toBe(false)
    expect(goesThrough(state, instant(1000 + UPPER_PAUSE))).toBe(true)
  },
)

it('what works is kept', () => {
  expect(goesThrough(upperWay(upperWayStart, { kind: 'outcome', isGenuine: true }, instant(5)), instant(5))).toBe(true)
})
