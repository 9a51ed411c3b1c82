import { describe, expect, it } from 'vitest'
import { checkSeed } from '../../../sim/rollup/check-seed.ts'

// `npm run fuzz:ledger` plays a thousand.
describe('histories with faults and aggregators in bad faith', () => {
  it('deliver each acknowledged record once, unaltered and in time', async () => {
    const outcomes = []
    for (let seed = 1; seed <= 15; seed++) outcomes.push(await checkSeed(seed))
    expect(outcomes.filter(({ violations }) => violations.length > 0)).toEqual([])
    expect(outcomes.every(({ records }) => records > 0)).toBe(true)
    // What is played is worth playing: some are settled at once, and others by the members themselves.
    expect(new Set(outcomes.map(({ settledMs }) => settledMs)).size).toBeGreaterThan(1)
  }, 60_000)
})
