// A credential is renewed on live connections: real libp2p, and clocks that run ahead to its end.

import { afterEach, describe, expect, it } from 'vitest'
import { type Authority, newAuthority } from '../../src/mesh/credential.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { utcMs } from '../../topology/units.ts'
import { type Member, type MemberOptions, startMember, until } from './real-links.ts'

const DAY_MS = 86_400_000
let aheadMs = 0
const running: Member[] = []
async function member(options: MemberOptions): Promise<Member> {
  const made = await startMember({ ...options, links: { utc: () => utcMs(Date.now() + aheadMs), ...options.links } })
  running.push(made)
  await made.links.start()
  return made
}
afterEach(async () => {
  aheadMs = 0
  await Promise.all(running.splice(0).map(({ links }) => links.stop()))
})

/** `startMember` issues for two days back and one ahead. */
const issue = (
  authority: Authority,
  peerId: string,
  changes: { name?: string; daysAgo?: number; days?: number } = {},
) =>
  authority.issue(
    { peerId, name: changes.name ?? 'b', roles: ['IED'], feeders: ['test'] },
    { from: utcMs(Date.now() - (changes.daysAgo ?? 0) * DAY_MS), days: changes.days ?? 30 },
  )

async function pair() {
  const authority = await newAuthority('utility')
  const a = await member({ name: 'a', authority, links: { passive: true } })
  const b = await member({ name: 'b', authority, links: { seeds: a.links.addresses() } })
  const downs: string[] = []
  a.links.onPeer(({ credential }, state) => state === 'down' && downs.push(credential.name))
  await until('connected', () => a.links.peers().length === 1 && b.links.peers().length === 1)
  const seen = () => a.links.peers()[0]?.credential.token
  return { authority, a, b, downs, seen }
}
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('a renewed credential', { timeout: 300_000 }, () => {
  it('is learnt by the connected peers at once, and nothing is cut when the old one expires', async () => {
    const { authority, a, b, downs, seen } = await pair()
    // The other side’s own lives on too.
    a.links.show(await issue(authority, a.links.peerId, { name: 'a' }))
    const told: string[] = []
    a.links.onRenewed(({ credential }) => told.push(credential.token))
    const next = await issue(authority, b.links.peerId)
    b.links.show(next)
    await until('a has it', () => seen() === next)
    expect(told).toEqual([next])
    aheadMs = 2 * DAY_MS
    await pause(2500)
    expect(downs).toEqual([])
    expect(a.links.peers()[0]?.credential.expires).toBeGreaterThan((Date.now() + aheadMs) / 1000)
    expect(a.links.decisions().map(({ words }) => words)).toContain('credential renewed')
  })

  it('would have been cut without it', async () => {
    const { a, downs } = await pair()
    aheadMs = 2 * DAY_MS
    await until('cut', () => downs.length > 0)
    expect(a.links.refusals().has('credential has expired')).toBe(true)
  })

  it('is shown to who comes later as well', async () => {
    const { authority, a, b } = await pair()
    const next = await issue(authority, b.links.peerId)
    b.links.show(next)
    const c = await member({ name: 'c', authority, links: { seeds: b.links.addresses() } })
    await until('c has the new one', () => c.links.peers().some(({ credential }) => credential.token === next))
    expect(a.links.peers().length).toBeGreaterThan(0)
  })

  const refused = [
    { it: 'older', make: (by: Authority, id: string) => issue(by, id, { daysAgo: 3 }) },
    { it: 'for another name', make: (by: Authority, id: string) => issue(by, id, { name: 'relay' }) },
    { it: 'by another authority', make: async (_: Authority, id: string) => issue(await newAuthority('utility'), id) },
    { it: 'of another key', make: async (by: Authority) => issue(by, (await newIdentity()).peerId) },
    { it: 'expired', make: (by: Authority, id: string) => issue(by, id, { daysAgo: 1, days: 0.5 }) },
    { it: 'no credential at all', make: async () => 'x.y.z' },
  ]
  for (const { it: what, make } of refused) {
    it(`does not count when it is ${what}; the one in use does, and the connection stays`, async () => {
      const { authority, a, b, downs, seen } = await pair()
      b.links.show(await make(authority, b.links.peerId))
      await until('it was refused', () => a.log.some(({ event }) => event === 'renewal-refused'))
      expect(seen()).toBe(b.credential)
      expect(downs).toEqual([])
    })
  }
})

describe('one key at two peers', () => {
  it('is seen when they meet, under its reason', async () => {
    const authority = await newAuthority('utility')
    const identity = await newIdentity()
    const a = await member({ name: 'a', authority, identity })
    // By an address without a peer id, as in a configuration.
    const seeds = a.links.addresses().map(address => address.split('/p2p/')[0] as string)
    // Its own address among its seeds is no twin.
    a.links.learn(undefined, seeds)
    const twin = await member({ name: 'a', authority, identity, links: { seeds } })
    await until('it is noticed', () =>
      twin.links.decisions().some(({ reason }) => reason === 'this is our own key, running twice'),
    )
    expect([a.links.peers(), twin.links.peers(), [...a.links.refusals()]]).toEqual([[], [], []])
  })
})
