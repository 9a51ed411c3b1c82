import { describe, expect, it } from 'vitest'
import { loadsToReduce, usageRange, usageStart } from '../../../src/aggregation/suppliers/usage-range.ts'

describe('usage against the range of its tariff', () => {
  const step = usageRange({ leastWatts: 1_000n, mostWatts: 10_000n, restIntervals: 2 })
  const play = (...watts: (number | 'doubted')[]) => {
    let state = usageStart()
    return watts.map(each => {
      const next = step(
        state,
        each === 'doubted' ? { watts: 0n, isDoubted: true } : { watts: BigInt(each), isDoubted: false },
      )
      state = next.state
      return next.actions.map(({ kind, word }) => `${kind} ${word}`).join()
    })
  }
  it('reduces above the limit, not at it, and gives back after two intervals below nine tenths of it', () => {
    expect(play(10_000, 10_001, 9_001, 9_000, 9_001, 9_000, 9_000)).toEqual([
      '',
      'reduce excess',
      '',
      '',
      '',
      '',
      'release within',
    ])
  })
  it('tells a shortage and its end, and operates nothing', () => {
    expect(play(1_000, 999, 500, 1_000)).toEqual(['', 'tell shortage', '', 'tell within'])
  })
  it('lets nothing go for what is doubted, and tells it otherwise', () => {
    expect(play('doubted', 5_000, 20_000, 'doubted', 0, 0)).toEqual([
      'tell anomaly',
      'tell within',
      'reduce excess',
      '',
      '',
      'release within',
    ])
  })
})

describe('the loads that go off', () => {
  const loads = [
    { name: 'a', watts: 3_000, priority: 1 },
    { name: 'b', watts: 2_000, priority: 9 },
    { name: 'c', watts: 4_000, priority: 5 },
  ]
  it('are the least important ones until the level is reached', () => {
    expect(loadsToReduce(loads, 9_000, 9_000)).toEqual([])
    expect(loadsToReduce(loads, 9_001, 9_000)).toEqual(['b'])
    expect(loadsToReduce(loads, 9_000, 3_000)).toEqual(['b', 'c'])
  })
  it('are all where no level is given or nobody knows the draw', () => {
    expect(loadsToReduce(loads, 9_000, undefined)).toEqual(['b', 'c', 'a'])
    expect(loadsToReduce(loads, undefined, 3_000)).toEqual(['b', 'c', 'a'])
  })
})
