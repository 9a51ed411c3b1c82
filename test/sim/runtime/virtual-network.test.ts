import { describe, expect, it } from 'vitest'
import { createChance } from '../../../sim/runtime/chance.ts'
import { createScheduler } from '../../../sim/runtime/scheduler.ts'
import { newLife } from '../../../sim/runtime/virtual-clock.ts'
import { type NetworkOptions, virtualNetwork } from '../../../sim/runtime/virtual-network.ts'
import { virtualTrust } from '../../../sim/runtime/virtual-trust.ts'
import type { Credential } from '../../../src/mesh/credential.ts'
import { revocationList } from '../../../src/mesh/revocation-list.ts'
import { utcMs } from '../../../topology/units.ts'

const credentialOf = (name: string): Credential => ({
  peerId: `peer-${name}`,
  organisation: 'utility',
  name,
  roles: ['IED'],
  feeders: ['test'],
  notBefore: 0,
  expires: 1e12,
  token: name,
  hash: new Uint8Array(16),
})

/** Members that hold links with all the others and subscribe to one topic; who hears what is written down. */
async function network(names: readonly string[], options: Partial<NetworkOptions> = {}, seed = 'seed') {
  const scheduler = createScheduler()
  const net = virtualNetwork(scheduler, createChance(seed), () => names, options)
  const heard: string[] = []
  const note = (what: string): void => void heard.push(`${Math.round(scheduler.now() * 1000) / 1000} ${what}`)
  const join = (name: string) => {
    const life = newLife()
    const links = net.join({
      credential: credentialOf(name),
      policy: { feeder: 'test', ownerOf: () => 'utility' },
      check: credentialOf,
      life,
    })
    links.hold(new Set(names.filter(other => other !== name).map(other => `peer-${other}`)))
    links.onFrame((from, frame) => note(`${name} has ${frame[0]} of ${from}`))
    links.onPublished((_, _topic, frame) => {
      note(`${name} hears ${frame[0]}`)
      return 'accept'
    })
    links.onPeer((peer, state) => note(`${name} sees ${peer.credential.name} ${state}`))
    links.serve('/ask', async (_, question) => Uint8Array.of((question[0] ?? 0) + 1))
    links.subscribe('topic')
    return { links, life }
  }
  const members = new Map(names.map(name => [name, join(name)]))
  for (const { links } of members.values()) await links.start()
  await scheduler.runUntil(1000)
  heard.length = 0
  const at = (name: string) => {
    const member = members.get(name)
    if (member === undefined) throw new RangeError(name)
    return member
  }
  const count = (what: RegExp): number => heard.filter(line => what.test(line)).length
  return { scheduler, net, at, heard, count, join }
}

/** Two members whose credentials are real, one of whom may be revoked. */
describe('trust in the virtual network', () => {
  it('has a revoked member expelled, and refused when it comes back', async () => {
    const scheduler = createScheduler()
    const chance = createChance('seed')
    const trust = await virtualTrust(['utility'], 1e12, 'keyed-hash', chance)
    const names = ['a', 'thief']
    const net = virtualNetwork(scheduler, chance, () => names)
    const list = revocationList()
    const join = async (name: string, isRevoked?: (some: Credential) => boolean) => {
      const { credential } = await trust.enrol('utility', { name, roles: ['IED'], feeders: ['test'] })
      const policy = { feeder: 'test', ...(isRevoked ? { isRevoked } : {}) }
      const check = (token: string) => trust.check(token, utcMs(1e12))
      const links = net.join({ credential, policy, check, life: newLife() })
      await links.start()
      return { links, credential }
    }
    const a = await join('a', some => list.of(some) !== undefined)
    const thief = await join('thief')
    const token = await trust.revoke(thief.credential, 'stolen')
    await scheduler.runUntil(2000)
    expect(a.links.peers().map(({ peerId }) => peerId)).toEqual([thief.links.peerId])
    expect(trust.checkRevocation(`${token}x`, utcMs(1e12))).toHaveProperty('refused')
    const revocation = trust.checkRevocation(token, utcMs(1e12))
    if ('refused' in revocation) throw new Error(revocation.refused)
    list.add(revocation)
    a.links.expel(thief.links.peerId, 'credential is revoked')
    expect(a.links.peers()).toEqual([])
    await scheduler.runUntil(10_000)
    expect([a.links.peers(), thief.links.peers()]).toEqual([[], []])
    expect(
      a.links
        .decisions()
        .map(({ admitted, reason }) => reason ?? admitted)
        .slice(0, 2),
    ).toEqual([true, 'credential is revoked'])
  })
  it('has a renewed credential shown on the connection that there is', async () => {
    const { scheduler, at } = await network(['a', 'b'])
    const renewed: string[] = []
    at('a').links.onRenewed(({ credential }) => renewed.push(credential.token))
    // The check of these members makes a credential of any token; renewed for another name, it is not taken.
    at('b').links.show('c')
    await scheduler.runUntil(scheduler.now() + 1000)
    expect(renewed).toEqual([])
    at('b').links.show('b')
    await scheduler.runUntil(scheduler.now() + 1000)
    expect(renewed).toEqual(['b'])
    expect(at('a').links.peers()).toHaveLength(1)
  })
})

describe('the virtual network', () => {
  it('takes between the least and the most latency, never the same', async () => {
    const { scheduler, at, heard } = await network(['a', 'b'], { latency: { minMs: 5, maxMs: 50 } })
    const began = scheduler.now()
    for (let i = 0; i < 200; i++) at('a').links.send('peer-b', Uint8Array.of(i))
    await scheduler.runUntil(began + 60)
    const delays = heard.map(line => Number.parseFloat(line) - began)
    expect(delays).toHaveLength(200)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(5)
    expect(Math.max(...delays)).toBeLessThanOrEqual(50.25)
    expect(new Set(delays.map(Math.round)).size).toBeGreaterThan(20)
  })
  it('lets later messages overtake earlier ones', async () => {
    const { scheduler, at, heard } = await network(['a', 'b'], { latency: { minMs: 1, maxMs: 40 } })
    for (let i = 0; i < 100; i++) at('a').links.send('peer-b', Uint8Array.of(i))
    await scheduler.runUntil(scheduler.now() + 60)
    const order = heard.map(line => Number(/has (\d+)/.exec(line)?.[1]))
    expect(order).not.toEqual([...order].sort((a, b) => a - b))
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })
  it('loses and repeats the shares it was told to', async () => {
    const { scheduler, net, at, heard } = await network(['a', 'b'])
    net.set({ lossShare: 0.3 })
    for (let i = 0; i < 1000; i++) at('a').links.send('peer-b', Uint8Array.of(0))
    await scheduler.runUntil(scheduler.now() + 100)
    expect(heard.length).toBeGreaterThan(640)
    expect(heard.length).toBeLessThan(760)
    heard.length = 0
    net.set({ lossShare: 0, duplicateShare: 0.2 })
    for (let i = 0; i < 1000; i++) at('a').links.send('peer-b', Uint8Array.of(0))
    await scheduler.runUntil(scheduler.now() + 100)
    expect(heard.length).toBeGreaterThan(1140)
    expect(heard.length).toBeLessThan(1260)
  })
  it('carries nothing over a cut link, says so after the silence, and connects again once it is whole', async () => {
    const { scheduler, net, at, heard, count } = await network(['a', 'b', 'c'], { silenceMs: 2000 })
    const began = scheduler.now()
    net.cut('a', 'b')
    at('a').links.send('peer-b', Uint8Array.of(1))
    at('a').links.send('peer-c', Uint8Array.of(2))
    await scheduler.runUntil(began + 1999)
    expect(heard.map(line => line.replace(/^\S+ /, ''))).toEqual(['c has 2 of peer-a'])
    await scheduler.runUntil(began + 2001)
    expect(count(/a sees b down|b sees a down/)).toBe(2)
    net.mend('a', 'b')
    await scheduler.runUntil(began + 5000)
    expect(count(/a sees b up|b sees a up/)).toBe(2)
  })
  it('does not notice a cut that is shorter than the silence', async () => {
    const { scheduler, net, count } = await network(['a', 'b'], { silenceMs: 2000 })
    net.cut('a', 'b')
    await scheduler.runUntil(scheduler.now() + 1000)
    net.mend('a', 'b')
    await scheduler.runUntil(scheduler.now() + 5000)
    expect(count(/down/)).toBe(0)
  })
  it('counts the silence of a second cut from its own beginning', async () => {
    const { scheduler, net, count } = await network(['a', 'b'], { silenceMs: 2000 })
    const began = scheduler.now()
    net.cut('a', 'b')
    await scheduler.runUntil(began + 1000)
    net.mend('a', 'b')
    await scheduler.runUntil(began + 1500)
    net.cut('a', 'b')
    await scheduler.runUntil(began + 3499)
    expect(count(/down/)).toBe(0)
    await scheduler.runUntil(began + 3501)
    expect(count(/down/)).toBe(2)
  })
  it('says that a held neighbour is silent within a second, and up when the link is whole, without a word of the cut', async () => {
    const { scheduler, net, at } = await network(['a', 'b', 'c'], { silenceMs: 2000 })
    const began = scheduler.now()
    const told: string[] = []
    for (const name of ['a', 'b', 'c']) {
      at(name).links.onLink((peerId, state) =>
        told.push(`${Math.round(scheduler.now() - began)} ${name} ${peerId} ${state}`),
      )
    }
    at('c').links.hold(new Set())
    net.cut('a', 'b')
    await scheduler.runUntil(began + 500)
    net.mend('a', 'b')
    await scheduler.runUntil(began + 600)
    net.cut('a', 'b')
    net.cut('a', 'c')
    await scheduler.runUntil(began + 1600)
    net.mend('a', 'b')
    await scheduler.runUntil(began + 1700)
    expect(told).toEqual([
      '1350 a peer-b silent',
      '1350 b peer-a silent',
      '1350 a peer-c silent',
      '1601 a peer-b up',
      '1601 b peer-a up',
    ])
  })
  it('says that a neighbour whose process has ended is silent, and up when it is back', async () => {
    const { scheduler, net, at, join } = await network(['a', 'b'])
    const began = scheduler.now()
    const told: string[] = []
    at('b').links.onLink((peerId, state) => told.push(`${peerId} ${state}`))
    at('a').life.end()
    net.leave('peer-a', { silently: false })
    await scheduler.runUntil(began + 1000)
    expect(told).toEqual(['peer-a silent'])
    await join('a').links.start()
    await scheduler.runUntil(began + 5000)
    expect(told).toEqual(['peer-a silent', 'peer-a up'])
  })
  it('tells of each link once, though a member has died and come back while it was cut', async () => {
    const { scheduler, net, at, heard, count, join } = await network(['a', 'b'], { silenceMs: 2000 })
    const began = scheduler.now()
    net.cut('a', 'b')
    await scheduler.runUntil(began + 500)
    at('a').life.end()
    net.leave('peer-a', { silently: true })
    await join('a').links.start()
    net.mend('a', 'b')
    await scheduler.runUntil(began + 1900)
    net.cut('a', 'b')
    await scheduler.runUntil(began + 10_000)
    expect(heard.map(line => line.replace(/^\S+ /, '')).filter(line => line.startsWith('b'))).toEqual([
      'b sees a down',
      'b sees a up',
      'b sees a down',
    ])
    expect(Number.parseFloat(heard.at(-1) ?? '')).toBe(began + 3900)
    expect(count(/a sees b/)).toBe(2)
  })
  it('lets the end of an older life take nothing from the present one', async () => {
    const { scheduler, net, at, count, join } = await network(['a', 'b'])
    const old = at('a')
    old.life.end()
    net.leave('peer-a', { silently: false })
    const young = join('a')
    await young.links.start()
    await scheduler.runUntil(scheduler.now() + 3000)
    await old.links.stop()
    await old.links.start()
    await scheduler.runUntil(scheduler.now() + 3000)
    expect(young.links.peers().map(({ peerId }) => peerId)).toEqual(['peer-b'])
    expect(count(/b sees a down/)).toBe(1)
  })
  it('knows since when a link is up', async () => {
    const { scheduler, at } = await network(['a', 'b'])
    const [peer] = at('a').links.peers()
    await scheduler.runUntil(scheduler.now() + 5000)
    expect(at('a').links.peers()[0]?.connectedSince).toBe(peer?.connectedSince)
    expect(peer?.connectedSince).toBeLessThan(1000)
  })
  it('keeps a partition apart, and floods a topic in each part alone', async () => {
    const { scheduler, net, at, heard } = await network(['a', 'b', 'c', 'd'])
    net.partition([new Set(['a', 'b']), new Set(['c', 'd'])])
    await at('a').links.publish('topic', Uint8Array.of(7))
    await scheduler.runUntil(scheduler.now() + 500)
    expect(heard.map(line => line.replace(/^\S+ /, ''))).toEqual(['b hears 7'])
    expect([net.passes('a', 'b'), net.passes('a', 'c')]).toEqual([true, false])
    net.heal()
    heard.length = 0
    await at('a').links.publish('topic', Uint8Array.of(8))
    await scheduler.runUntil(scheduler.now() + 500)
    expect(heard.map(line => line.replace(/^\S+ /, '')).sort()).toEqual(['b hears 8', 'c hears 8', 'd hears 8'])
  })
  it('answers a question, and gives up on one that got no answer', async () => {
    const { scheduler, net, at } = await network(['a', 'b'])
    const ask = () => at('a').links.request('peer-b', '/ask', Uint8Array.of(41), { timeoutMs: 500 })
    const answered = ask()
    await scheduler.runUntil(scheduler.now() + 100)
    expect(await answered).toEqual(Uint8Array.of(42))
    net.cut('a', 'b')
    const lost = ask()
    lost.catch(() => {})
    await scheduler.runUntil(scheduler.now() + 600)
    await expect(lost).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
  })
  it('sees the end of a process at once, and that of a machine by its silence', async () => {
    const { scheduler, net, at, heard } = await network(['a', 'b', 'c'], { silenceMs: 3000 })
    const began = scheduler.now()
    at('b').life.end()
    net.leave('peer-b', { silently: false })
    at('c').life.end()
    net.leave('peer-c', { silently: true })
    await scheduler.runUntil(began + 100)
    expect(heard.filter(line => line.includes('a sees')).map(line => line.replace(/^\S+ /, ''))).toEqual([
      'a sees b down',
    ])
    await scheduler.runUntil(began + 3100)
    expect(heard.at(-1)).toMatch(/a sees c down/)
  })
  it('draws the same for the same seed, and other for another', async () => {
    const play = async (seed: string): Promise<string> => {
      const { scheduler, at, heard } = await network(['a', 'b', 'c'], { lossShare: 0.1, duplicateShare: 0.1 }, seed)
      for (let i = 0; i < 50; i++) at('a').links.send('peer-b', Uint8Array.of(i))
      await at('b').links.publish('topic', Uint8Array.of(1))
      await scheduler.runUntil(scheduler.now() + 100)
      return heard.join('\n')
    }
    const [one, again, other] = [await play('1'), await play('1'), await play('2')]
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })
})
