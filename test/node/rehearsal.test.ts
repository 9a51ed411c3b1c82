// The rehearsal: real code over real sockets of the loopback, and nothing left behind.

import { describe, expect, it } from 'vitest'
import { monotonicMs } from '../../src/node/clock.ts'
import { rehearse } from '../../src/node/rehearsal.ts'

describe('a rehearsal', () => {
  it('brings each of its warnings through a relay to the last member, and ends', async () => {
    expect(await rehearse({ now: monotonicMs, rounds: 5, pauseMs: 1 })).toBe(5)
  })
  it('stops when it is told to', async () => {
    const end = new AbortController()
    const running = rehearse({ now: monotonicMs, rounds: 1_000_000, signal: end.signal })
    setTimeout(() => end.abort(), 300)
    expect(await running).toBeLessThan(1000)
  })
  it('does not begin where it was told to stop before', async () => {
    expect(await rehearse({ now: monotonicMs, signal: AbortSignal.abort() })).toBe(0)
  })
})
