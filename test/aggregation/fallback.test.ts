import { describe, expect, it } from 'vitest'
import { type FallbackEvent, fallback, fallbackDefaults, fallbackStart } from '../../src/aggregation/fallback.ts'
import { duration, instant } from '../../topology/units.ts'

// Forwarding interval 10: patience ends after 30, direct delivery tries the aggregator again after 400.
const step = fallback({ ...fallbackDefaults, forwardingInterval: duration(10) })

const tick = (pending = 1, candidates = ['R4', 'R5'], upTo = 0): FallbackEvent => {
  return { kind: 'tick', pending, candidates, upTo }
}
/** By default one that reaches all that waited before. */
const receipt = (pending: number, upTo = 1_000): FallbackEvent => ({ kind: 'receipt', pending, upTo })

function play(...script: Array<[number, FallbackEvent]>): string {
  let state = fallbackStart
  const log: string[] = []
  for (const [at, event] of script) {
    const next = step(state, event, instant(at))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'wake') continue
      log.push(`${at} ${action.kind === 'askCandidate' ? action.candidate : action.kind}`)
    }
  }
  return log.join(', ')
}

describe('fallback of a member without receipts', () => {
  it.each([
    [
      'waits three forwarding intervals for the aggregator',
      [
        [0, tick()],
        [29, tick()],
      ],
      '',
    ],
    [
      'turns to the candidates, then to the back end',
      [
        [0, tick()],
        [30, tick()],
        [60, tick()],
        [90, tick()],
        [120, tick()],
      ],
      '30 R4, 60 R5, 90 goDirect, 120 goDirect',
    ],
    [
      'goes direct when there is no candidate',
      [
        [0, tick()],
        [30, tick(1, [])],
      ],
      '30 goDirect',
    ],
    [
      'has patience anew after each receipt',
      [
        [0, tick()],
        [29, receipt(5)],
        [58, tick()],
        [59, tick()],
      ],
      '59 R4',
    ],
    [
      'waits for nothing while nothing is pending',
      [
        [0, tick()],
        [10, receipt(0)],
        [500, tick(0)],
        [501, tick()],
        [530, tick()],
      ],
      '',
    ],
    [
      'counts from the first record that waits',
      [
        [0, tick(0)],
        [500, tick()],
        [529, tick()],
        [530, tick()],
      ],
      '530 R4',
    ],
    [
      'stays with what works',
      [
        [0, tick()],
        [30, tick()],
        [40, receipt(1)],
        [69, tick()],
      ],
      '30 R4',
    ],
    [
      'goes back to a new aggregator',
      [
        [0, tick()],
        [30, tick()],
        [35, { kind: 'newAggregator' }],
        [64, tick()],
        [65, tick()],
      ],
      '30 R4, 35 useAggregator, 65 R4',
    ],
    [
      'tries the aggregator again in the end',
      [
        [0, tick()],
        [30, tick(1, [])],
        [429, receipt(0)],
        [430, tick(0)],
      ],
      '30 goDirect, 430 useAggregator',
    ],
  ] as Array<[string, Array<[number, FallbackEvent]>, string]>)('%s', (_, script, then) =>
    expect(play(...script)).toBe(then),
  )

  it('wakes when its patience ends', () => {
    expect(step(fallbackStart, tick(), instant(5)).actions).toEqual([{ kind: 'wake', at: 35 }])
  })
})

describe('fallback of a member whose aggregators mean no good', () => {
  it('is not kept by one that lets a record through now and then', () => {
    const drip = Array.from({ length: 12 }, (_, n): [number, FallbackEvent] => [n * 10 + 5, receipt(50 - n, n)])
    const ticks = Array.from({ length: 12 }, (_, n): [number, FallbackEvent] => [n * 10 + 6, tick(50 - n, [], n)])
    const script = [[0, tick(50)], ...drip, ...ticks] as [number, FallbackEvent][]
    expect(play(...script.sort(([one], [other]) => one - other))).toMatch(/^36 goDirect/)
  })

  it('keeps one that brings a hundred records within the patience, however many wait', () => {
    const script: [number, FallbackEvent][] = [[0, tick(5_000)]]
    for (let n = 1; n < 20; n++)
      script.push([n * 29, receipt(5_000 - n * 100, n * 100)], [n * 29 + 1, tick(5_000 - n * 100, [], n * 100)])
    expect(play(...script)).toBe('')
  })

  it('delivers itself though there is always another aggregator', () => {
    const script: [number, FallbackEvent][] = []
    for (let at = 0; at <= 160; at += 10) script.push([at, tick()], [at + 5, { kind: 'newAggregator' }])
    expect(play(...script)).toContain('150 goDirect')
  })
})
