import { describe, expect, it } from 'vitest'
import { bulkPace, PROTECTION_TALKS_MS, paceAt } from '../../src/mesh/bulk-pace.ts'

describe('the pace of bulk', () => {
  const cases = [
    { it: 'is full when protection never talked', last: undefined, now: 0, bytes: 8192, waitMs: 0 },
    { it: 'is held back when it talks now', last: 1000, now: 1000, bytes: 4096, waitMs: 1 },
    {
      it: 'is held back until the time is over',
      last: 1000,
      now: 1000 + PROTECTION_TALKS_MS - 1,
      bytes: 4096,
      waitMs: 1,
    },
    { it: 'is full again then', last: 1000, now: 1000 + PROTECTION_TALKS_MS, bytes: 8192, waitMs: 0 },
  ]
  for (const { it: does, last, now, bytes, waitMs } of cases) {
    it(does, () => expect(paceAt(last, now)).toEqual({ bytes, waitMs }))
  }

  it('gives turns one after the other, in order, with a round of the event loop between two', async () => {
    let round = 0
    const count = (): void => {
      round++
      if (round < 1000) setImmediate(count)
    }
    setImmediate(count)
    const pace = bulkPace(() => 0)
    const seen: string[] = []
    await Promise.all(['a', 'b', 'c'].map(async who => seen.push(`${who} ${await pace.turn()} ${round}`)))
    expect(seen.map(line => line.slice(0, 6))).toEqual(['a 8192', 'b 8192', 'c 8192'])
    expect(new Set(seen.map(line => line.slice(7))).size).toBe(3)
  })

  it('changes while a turn is waited for', async () => {
    let now = 0
    const pace = bulkPace(() => now)
    const turn = pace.turn()
    now = 5
    pace.protection()
    expect(await turn).toBe(4096)
    now += PROTECTION_TALKS_MS
    await pace.turn()
    expect(await pace.turn()).toBe(8192)
  })
})
