// A substation: thirty IEDs behind one address. Gossipsub would score peers down that share one, and libp2p would let five
// connections a second of one in.

import { afterAll, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { type Member, startMember, until } from './real-links.ts'

const COUNT = 30
/** Looked for by each; sixteen in earnest, but all thirty share one process here, and each connection costs it 50 ms. */
const OTHERS = 5
const running: Member[] = []
afterAll(async () => {
  await Promise.all(running.map(({ links }) => links.stop()))
})

describe('thirty IEDs behind one address', { timeout: 900_000 }, () => {
  it('are all admitted, known to all, and reached by gossip, without a full mesh', async () => {
    const authority = await newAuthority('utility')
    const heard = new Map<string, Set<number>>()
    const seeds: string[] = []
    for (let index = 0; index < COUNT; index++) {
      const name = `ied-${index}`
      const one = await startMember({ name, authority, links: { seeds: [...seeds], maxPeers: OTHERS } })
      running.push(one)
      heard.set(name, new Set())
      one.links.onPublished((_from, _topic, frame) => {
        heard.get(name)?.add(frame[0] as number)
        return 'accept'
      })
      one.links.subscribe('zone')
      await one.links.start()
      if (index === 0) seeds.push(...one.links.addresses())
    }
    await until('each knows all', () => running.every(({ links }) => links.knownPeers() === COUNT), 300_000)
    const wanted = OTHERS - 1
    await until('each has peers', () => running.every(({ links }) => links.peers().length >= wanted), 300_000)
    for (const origin of [0, 7, COUNT - 1]) {
      const everybody = () => [...heard].every(([name, numbers]) => name === `ied-${origin}` || numbers.has(origin))
      const { links } = running[origin] as Member
      const end = Date.now() + 120_000
      for (let copy = 0; !everybody() && Date.now() < end; copy++) {
        await links.publish('zone', new Uint8Array([origin, copy]))
        await new Promise(resolve => setTimeout(resolve, 500))
      }
      expect(everybody(), `all hear ied-${origin}`).toBe(true)
    }
    // Thirty agents share a processor here: who was too late once has been admitted at the second try.
    const late = ['admission did not finish', 'no admission in time']
    for (const { links } of running) expect(late).toEqual(expect.arrayContaining([...links.refusals().keys()]))
    // Who is looked for by others has more than it looks for.
    const connections = running.reduce((sum, { links }) => sum + links.peers().length, 0) / 2
    expect(connections).toBeLessThan((COUNT * (COUNT - 1)) / 2)
  })
})
