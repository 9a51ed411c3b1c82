// A poll's answer has its bounds, and whoever had more interruptions than it holds answers all the same.

import { describe, expect, it } from 'vitest'
import type { ReliabilityRecord } from '../../../src/aggregation/reliability/record.ts'
import { iedReliability, iedReliabilityCodec, MOST_INTERRUPTIONS } from '../../../src/aggregation/reliability/report.ts'
import { leftOutOf } from '../../../src/node/reliability-poll.ts'

const MINUTE = 60_000
const START = 1_780_000_000_000
const LONG = 'z'.repeat(128)

/** So many interruptions of a minute, two minutes apart, as wordy as records can be. */
const interrupted = (count: number, generator?: string): ReliabilityRecord[] =>
  Array.from({ length: 2 * count + 1 }, (_, n): ReliabilityRecord => {
    const utcMs = START + n * MINUTE
    return {
      event: 'supply',
      ...(generator === undefined ? {} : { generator }),
      state: n % 2 === 0 ? 'live' : 'dead',
      utcMs,
      knownUntilUtcMs: utcMs - 10_000, // not known to two seconds: bounds of both ends go with each
      phases: n % 2 === 0 ? [] : ['a', 'b', 'c'],
      ...(n % 2 === 0 ? {} : { zone: LONG, cause: LONG }),
    }
  })

const query = {
  ied: 'm'.repeat(64),
  customers: 1,
  fromUtcMs: START,
  toUtcMs: START + 10_000_000_000,
}
const generators = Array.from({ length: 8 }, (_, n) => `${'g'.repeat(60)}${n}`)

describe('the answer of an IED', () => {
  it('fits its codec, however many and however wordy its interruptions are', () => {
    const records = [...interrupted(1500), ...generators.flatMap(each => interrupted(1200, each))]
    const answer = iedReliability(query, records)
    const bytes = iedReliabilityCodec.encode(answer)
    expect(bytes.length).toBeLessThan(512 * 1024)
    expect(bytes.length).toBeGreaterThan(400 * 1024) // and the room is used
    expect(iedReliabilityCodec.decode(bytes)).toEqual(answer)
    expect(answer.interruptions.length + answer.leftOut).toBe(1500)
    for (const { interruptions, leftOut } of answer.generators) {
      expect(interruptions.length + leftOut).toBe(1200)
      expect(interruptions.length).toBeGreaterThan(20)
    }
    expect(leftOutOf([answer], 'period')).toHaveLength(9)
  })

  it('sums times over those that are left out too, and keeps the latest', () => {
    const few = iedReliability(query, interrupted(MOST_INTERRUPTIONS - 1))
    const many = iedReliability(query, interrupted(3 * MOST_INTERRUPTIONS))
    const [last] = many.interruptions.slice(-1)
    expect(last?.startUtcMs).toBeGreaterThan(START + 2 * (3 * MOST_INTERRUPTIONS - 2) * MINUTE)
    expect(many.downMs / (3 * MOST_INTERRUPTIONS)).toBeCloseTo(few.downMs / (MOST_INTERRUPTIONS - 1), -3)
    expect(leftOutOf([many], 'period')).toEqual([
      { ied: query.ied, interruptions: 3 * MOST_INTERRUPTIONS - many.interruptions.length, of: 'period' },
    ])
  })

  it('gives the supply what generators do not use: a thousand plain ones have room', () => {
    const plain = interrupted(MOST_INTERRUPTIONS).map(record =>
      record.event === 'supply'
        ? { event: record.event, state: record.state, utcMs: record.utcMs, knownUntilUtcMs: record.utcMs, phases: [] }
        : record,
    )
    const answer = iedReliability({ ...query, ied: 'meter' }, [...plain, ...interrupted(2, 'CHP')])
    expect(answer.interruptions).toHaveLength(MOST_INTERRUPTIONS)
    expect(leftOutOf([answer], 'period')).toEqual([])
  })
})
