// One signed message by each of its three ways: datagram; UDP blocked, the stream; both blocked, gossip by a third peer.

import { afterEach, describe, expect, it } from 'vitest'
import { type Credential, verifyCredential } from '../../src/mesh/credential.ts'
import { type Messenger, messenger, type Received } from '../../src/mesh/messenger.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { isConnected, type Pathed, startPathed, wayOf } from './pathed-links.ts'
import { type Member, startMember, trust, until } from './real-links.ts'

let pathed: Pathed | undefined
let third: Member | undefined
afterEach(async () => {
  await third?.links.stop()
  await pathed?.stop()
})

async function speaker({ links, identity, credential }: Member, { authority }: Pathed) {
  const utc = () => utcMs(Date.now())
  const verify = (token: string) => verifyCredential(token, [trust(authority)], utc())
  const received: Received[] = []
  const made: Messenger = messenger({
    links,
    identity,
    credential: (await verify(credential ?? '')) as Credential,
    epoch: 1,
    feeder: new Uint8Array(16),
    policy: { protection: new Set(['utility']) },
    verify,
    utc,
    utcGood: () => true,
    now: () => performance.now(),
    log: () => {},
  })
  made.on({ type: 'note', roles: ['IED'], from: 'protection', sameFeeder: true }, message => received.push(message))
  links.subscribe('zone')
  return { made, received }
}

describe('a message to a neighbour', () => {
  it('comes as a datagram, by the stream when UDP is blocked, and by gossip when both are', async () => {
    pathed = await startPathed()
    const { a, b, udp, tcp, authority, direct } = pathed
    const [atA, atB] = [await speaker(a, pathed), await speaker(b, pathed)]
    third = await startMember({ name: 'c', authority, links: { seeds: [direct, ...b.links.addresses()] } })
    const c = await speaker(third, pathed)
    await third.links.start()
    const all = [a, b, third]
    await until('all know all', () => all.every(one => all.every(other => one === other || isConnected(one, other))))
    b.links.hold(new Set([a.links.peerId]))
    await until('datagrams', () => wayOf(b, a) === 'datagram')

    /** Says it again and again, as state-based messages are repeated, until a copy of it is there. */
    async function say(text: string): Promise<string | undefined> {
      const before = atA.received.length
      const timer = setInterval(() => {
        const payload = new TextEncoder().encode(text)
        atB.made.say({ type: 'note', payload, lifetime: duration(2000), to: [a.links.peerId], topics: ['zone'] })
      }, 200)
      try {
        const isThere = ({ payload }: Received) => new TextDecoder().decode(payload) === text
        await until(text, () => atA.received.slice(before).some(isThere), 20_000)
        return atA.received.slice(before).find(isThere)?.via
      } finally {
        clearInterval(timer)
      }
    }
    // Gossip may be first on a busy machine; the link carries one of the next.
    const links = async (want: string): Promise<void> => {
      for (let n = 0; n < 20; n++) if ((await say(`${want} ${n}`)) === want) return
      throw new Error(`never by ${want}`)
    }
    await links('datagram')
    udp.set({ isCut: true })
    await until('the stream', () => wayOf(b, a) === 'stream')
    await links('stream')
    tcp.set({ isCut: true })
    await until('neither', () => wayOf(b, a) === undefined)
    const by = await say('gossip')
    expect(by).toBe('gossip')
    expect(atA.received.at(-1)?.from).toBe(third.links.peerId)
    expect(c.received.length).toBeGreaterThan(0)
  }, 300_000)
})
