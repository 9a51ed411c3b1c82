import { describe, expect, it } from 'vitest'
import { floodGuard, floodLimits } from '../../src/mesh/flood-guard.ts'
import { MOST_CONNECTED, MOST_REMEMBERED } from '../../src/mesh/most-peers.ts'

// 10 frames a second and 20 at once; 1000 bytes a second and 2000 at once. Cut off after 5 s of dropping, for a minute.
const limits = {
  framesPerSecond: 10,
  frameBurst: 20,
  bytesPerSecond: 1000,
  byteBurst: 2000,
  patienceMs: 5000,
  calmMs: 1000,
  awayMs: 60_000,
}
type Guard = ReturnType<typeof floodGuard>
const times = (guard: Guard, count: number, bytes: number, now: number, from = 'a'): string =>
  Array.from({ length: count }, () => guard.take(from, bytes, now)[0]).join('')

describe('a neighbour', () => {
  it('may send so many frames at once, and as many again as its rate allows', () => {
    const guard = floodGuard(limits)
    expect(times(guard, 22, 1, 0)).toBe('pppppppppppppppppppp' + 'dd')
    expect(times(guard, 2, 1, 99)).toBe('dd')
    expect(times(guard, 2, 1, 100)).toBe('pd')
    expect(times(guard, 12, 1, 1100)).toBe('pppppppppp' + 'dd')
  })
  it('may send so many bytes at once, and a small frame while a large one is too much', () => {
    const guard = floodGuard(limits)
    expect(times(guard, 3, 1000, 0)).toBe('ppd')
    expect(times(guard, 2, 10, 20)).toBe('pp')
    expect(times(guard, 1, 100, 30)).toBe('d')
  })
  it('never saves up more than a burst', () => {
    const guard = floodGuard(limits)
    times(guard, 20, 1, 0)
    expect(times(guard, 21, 1, 3_600_000)).toBe('pppppppppppppppppppp' + 'd')
  })
  it('takes nothing of what others may send', () => {
    const guard = floodGuard(limits)
    times(guard, 100, 1, 0)
    expect(times(guard, 20, 1, 0, 'b')).toBe('pppppppppppppppppppp')
  })

  const flood = (guard: Guard, from: number, to: number): string[] => {
    const said: string[] = []
    for (let now = from; now <= to; now += 10) {
      const verdict = guard.take('a', 1, now)
      if (verdict === 'cut') said.push(`cut@${now}`)
    }
    return said
  }
  it('that floods for seconds is cut off, said once, and is away for a minute', () => {
    const guard = floodGuard(limits)
    const [cut = ''] = flood(guard, 0, 20_000)
    // The burst lasts for 20 of its 100 frames a second, the rate gives 2 more: dropping begins at about 0.2 s.
    const at = Number(cut.split('@')[1])
    expect(at).toBeGreaterThanOrEqual(5000)
    expect(at).toBeLessThan(5500)
    expect(flood(floodGuard(limits), 0, 20_000)).toHaveLength(1)
    const again = floodGuard(limits)
    flood(again, 0, at)
    expect([again.isAway('a', at), again.isAway('a', at + 59_999), again.isAway('a', at + 60_000)]).toEqual([
      true,
      true,
      false,
    ])
    expect(again.isAway('b', at)).toBe(false)
  })
  it('that has bursts with pauses between is not', () => {
    const guard = floodGuard(limits)
    const said: string[] = []
    for (let burst = 0; burst < 20; burst++) said.push(...flood(guard, burst * 5000, burst * 5000 + 1000))
    expect(said).toEqual([])
  })
  it('may send a feeder’s worst minute: a thousand IEDs at once, and each second again', () => {
    const guard = floodGuard(floodLimits)
    for (let second = 0; second < 60; second++) expect(times(guard, 1000, 700, second * 1000)).not.toContain('d')
  })
  it('that floods is not forgotten among as many as are ever connected, who all send as well', () => {
    const guard = floodGuard(limits)
    times(guard, 20, 1, 0)
    for (let i = 1; i < MOST_CONNECTED; i++) guard.take(`p${i}`, 1, 0)
    expect(guard.take('a', 1, 0)).toBe('drop')
  })
  it('is one of a bounded number: who was heard the longest ago is forgotten first, whoever came first', () => {
    /** ms; all of them together fill no bucket. */
    const MOMENT = 1e-7
    const guard = floodGuard(limits)
    times(guard, 20, 1, 0)
    times(guard, 20, 1, 0, 'quiet')
    for (let i = 0; i < MOST_REMEMBERED - 1; i++) {
      guard.take(`p${i}`, 1, i * MOMENT)
      guard.take('a', 1, i * MOMENT)
    }
    expect(guard.take('a', 1, 0.001)).toBe('drop')
    expect(guard.take('quiet', 1, 0.001)).toBe('pass') // forgotten, and its burst given anew
  })
})
