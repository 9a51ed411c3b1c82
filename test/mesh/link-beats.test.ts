import { describe, expect, it } from 'vitest'
import { beats } from '../../src/mesh/link-beats.ts'

const settings = { beatMs: 250, silenceMs: 750 }

/** Ticks each 50 ms; `echoes` says whether the n-th beat is echoed 10 ms after. @returns when beats were sent */
function run(forMs: number, echoes: (n: number) => boolean, given = beats(settings)): number[] {
  const sentAt: number[] = []
  for (let now = 0; now <= forMs; now += 50) {
    if (!given.isDue(now)) continue
    const n = sentAt.push(now)
    given.sent(n, now)
    if (echoes(n)) given.echoed(n, now + 10)
  }
  return sentAt
}

describe('beats', () => {
  it('go four times a second while they are echoed', () => {
    expect(run(1000, () => true)).toEqual([0, 250, 500, 750, 1000])
  })
  it('go five times as often while one stays out, so that four lost ones are not yet silence', () => {
    const given = beats(settings)
    expect(run(500, n => n === 1 || n > 5, given)).toEqual([0, 250, 350, 400, 450, 500])
    expect(given.lastEcho).toBe(510)
  })
  it('go each two seconds after ten of silence', () => {
    const sent = run(20_000, () => false)
    expect(sent.filter(at => at > 11_000 && at <= 20_000).length).toBeLessThanOrEqual(5)
  })
  it('measure the round trip, and the 99th percentile of the last minute', () => {
    const given = beats(settings)
    for (let n = 1; n <= 100; n++) {
      given.sent(n, n * 250)
      given.echoed(n, n * 250 + n)
    }
    expect(given.rttMs).toBe(100)
    expect(given.p99(25_000)).toBe(99)
    expect(given.p99(25_000 + 60_000)).toBe(100)
    expect(given.p99(25_000 + 60_001)).toBeUndefined()
  })
  it('know the least of the last eight round trips: one that was held up does not count', () => {
    const given = beats(settings)
    expect(given.leastRttMs).toBeUndefined()
    for (const [n, trip] of [40, 3, 90, 50, 50, 50, 50, 50, 50].entries()) {
      given.sent(n, n * 250)
      given.echoed(n, n * 250 + trip)
    }
    expect(given.leastRttMs).toBe(3)
    for (let n = 9; n < 11; n++) {
      given.sent(n, n * 250)
      given.echoed(n, n * 250 + 50)
    }
    expect(given.leastRttMs).toBe(50)
  })
  it('count those lost that have been out for longer than silence, and no probes', () => {
    const given = beats(settings)
    for (let n = 0; n < 10; n++) {
      given.sent(n, n * 250)
      if (n % 2 === 0) given.echoed(n, n * 250 + 1)
    }
    given.sent(10, 2500, false)
    expect(given.lossShare(2250 + 750)).toBeCloseTo(4 / 9)
    expect(given.lossShare(2250 + 751)).toBeCloseTo(0.5)
    expect(beats(settings).lossShare(0)).toBeUndefined()
  })
  it('keep pace with a long round trip, once eight in a row have shown it', () => {
    const given = beats(settings)
    const under: number[] = []
    const sentAt: number[] = []
    for (let now = 0; now <= 30_000; now += 50) {
      for (const n of under) if (now === (sentAt[n - 1] as number) + 2000) given.echoed(n, now)
      if (given.isDue(now)) {
        sentAt.push(now)
        under.push(sentAt.length)
        given.sent(sentAt.length, now)
      }
    }
    expect(given.paceMs).toBe(1000)
    expect(sentAt.filter(at => at > 20_000 && at <= 30_000).length).toBeLessThanOrEqual(12)
  })
  it('are not slowed down by one long round trip', () => {
    const given = beats(settings)
    for (let n = 0; n < 20; n++) {
      given.sent(n, n * 250)
      given.echoed(n, n * 250 + (n === 12 ? 2000 : 5))
    }
    expect(given.paceMs).toBe(250)
    expect(given.isDue(20 * 250)).toBe(true)
  })
  it('know each echo once, and none that they did not send', () => {
    const given = beats(settings)
    given.sent(1, 0)
    expect(given.echoed(2, 5)).toBeUndefined()
    expect(given.echoed(1, 5)).toBe(5)
    expect(given.echoed(1, 6)).toBeUndefined()
    expect(given.lastEcho).toBe(5)
  })

  it('say when the next one is due, and whether an echo may still come', () => {
    const some = beats({ beatMs: 250, silenceMs: 750 })
    some.sent(1, 1000)
    expect([some.isOut(1060), some.echoed(1, 1180), some.isOut(1180)]).toEqual([true, 180, false])
    // A long round trip does not put the next beat off.
    expect([some.dueAt(1180), some.dueAt(1180, 4)]).toEqual([1250, 2000])
    some.sent(2, 1250)
    expect(some.dueAt(1500 + 120)).toBe(1300) // overdue: five go in that time
    expect([some.isOut(11_000), some.isOut(11_300), some.dueAt(11_300)]).toEqual([true, false, 3250])
  })
})
