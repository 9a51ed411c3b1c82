import { describe, expect, it } from 'vitest'
import { gossipStanding } from '../../src/mesh/gossip-standing.ts'
import { MOST_REMEMBERED } from '../../src/mesh/most-peers.ts'

describe('a peer’s standing in gossip', () => {
  it('falls by one for each rejected message, and half of it is forgiven every ten seconds', () => {
    let now = 0
    const standing = gossipStanding(() => now)
    expect(standing.score('a')).toBe(0)
    for (let sent = 0; sent < 8; sent++) standing.rejected('a')
    expect([standing.score('a'), standing.score('b')]).toEqual([-8, 0])
    now += 10_000
    expect(standing.score('a')).toBe(-4)
  })
  it('has a worst, so that it comes back within a minute or two', () => {
    let now = 0
    const standing = gossipStanding(() => now)
    for (let sent = 0; sent < 10_000; sent++) standing.rejected('a')
    expect(standing.score('a')).toBe(-64)
    now += 60_000
    expect(standing.score('a')).toBe(-1)
  })
  it('is kept of a bounded number of peers', () => {
    const standing = gossipStanding(() => 0)
    standing.rejected('first')
    for (let peer = 0; peer < MOST_REMEMBERED; peer++) standing.rejected(`p${peer}`)
    expect([standing.score('first'), standing.score('p0')]).toEqual([0, -1])
  })
})
