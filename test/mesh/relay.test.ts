// Two peers that listen nowhere, so that neither can dial the other, and a relay that both reach.

import { noise } from '@chainsafe/libp2p-noise'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { startWanLink } from '../../sim/up/wan-link.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { relayLimits } from '../../src/mesh/relay.ts'
import { type Member, type MemberOptions, startMember, until } from './real-links.ts'

const running: Member[] = []
async function member(options: MemberOptions): Promise<Member> {
  const made = await startMember(options)
  running.push(made)
  await made.links.start()
  return made
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ links }) => links.stop()))
})

/** Speaks libp2p's relay protocol, and has no credential. */
const strangerNode = () =>
  createLibp2p({
    start: false,
    addresses: { listen: [] },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  })
interface Components {
  readonly transportManager: { listen(addresses: readonly Multiaddr[]): Promise<void> }
}

const peerOf = ({ links }: Member, name: string) => links.peers().find(peer => peer.credential.name === name)
const relayed = (one: Member, other: Member): boolean => peerOf(one, other.name)?.relayed === true
const said = ({ log }: Member, event: string) => log.filter(entry => entry.event === event)
/** Of each message how often it came. */
function hear({ links }: Member): Map<string, number> {
  const heard = new Map<string, number>()
  links.onPublished((_from, _topic, frame) => {
    heard.set(String(frame[0]), (heard.get(String(frame[0])) ?? 0) + 1)
    return 'accept'
  })
  links.subscribe('zone')
  return heard
}

describe('a relay', { timeout: 300_000 }, () => {
  it('connects two that can’t reach each other: frames, questions and gossip, admitted end to end', async () => {
    const authority = await newAuthority('utility')
    const r = await member({ name: 'r', authority, roles: ['BACKEND'], links: { relay: 'serve' } })
    const links = { seeds: r.links.addresses(), listen: [] }
    const [a, b] = [await member({ name: 'a', authority, links }), await member({ name: 'b', authority, links })]
    const heard = hear(b)
    a.links.subscribe('zone')
    const frames: number[] = []
    b.links.onFrame((_from, frame) => frames.push(frame[0] as number))
    b.links.serve('/test/1', async (from, question) => new Uint8Array([...question, from.name.length]))
    await until('a and b reach each other through r', () => relayed(a, b) && relayed(b, a), 20_000)
    expect(peerOf(a, 'b')?.addresses[0]).toContain(`/p2p/${r.links.peerId}/p2p-circuit`)
    a.links.hold(new Set([b.links.peerId]))
    await until('a frame is sent', () => a.links.send(b.links.peerId, new Uint8Array([7])) !== false)
    await until('it comes', () => frames.includes(7))
    const answer = await a.links.request(b.links.peerId, '/test/1', new Uint8Array([5]), { timeoutMs: 15_000 })
    expect([...answer]).toEqual([5, 1])
    let count = 0
    await until('gossip passes', () => {
      void a.links.publish('zone', new Uint8Array([9, ++count >> 8, count]))
      return heard.has('9')
    })
  })

  it('gives a stranger no reservation, and passes nothing of it on', async () => {
    const authority = await newAuthority('utility')
    const r = await member({ name: 'r', authority, roles: ['BACKEND'], links: { relay: 'serve' } })
    const seeds = r.links.addresses()
    const b = await member({ name: 'b', authority, links: { seeds, listen: [] } })
    await until('b has a reservation', () => said(b, 'relay-reserved').length > 0, 15_000)
    const stranger = await strangerNode()
    try {
      const relay = multiaddr(seeds[0] as string)
      await stranger.start()
      await stranger.dial(relay)
      const { transportManager } = (stranger as unknown as { components: Components }).components
      await expect(transportManager.listen([relay.encapsulate('/p2p-circuit')])).rejects.toThrow()
      await expect(stranger.dial(multiaddr(`${relay}/p2p-circuit/p2p/${b.links.peerId}`))).rejects.toThrow()
      expect(stranger.getMultiaddrs()).toEqual([])
    } finally {
      await stranger.stop()
    }
    expect(b.links.peers().map(peer => peer.credential.name)).toEqual(['r'])
    expect(said(b, 'peer-refused')).toEqual([])
  })

  it('makes way for a direct connection as soon as there is one, and gossip goes on', async () => {
    const authority = await newAuthority('utility')
    const r = await member({ name: 'r', authority, roles: ['BACKEND'], links: { relay: 'serve' } })
    const seeds = r.links.addresses()
    const a = await member({ name: 'a', authority, links: { seeds, listen: [] } })
    // A forwarder that is not there yet stands for a path that appears later.
    const [inside, outside] = [await freePort(), await freePort()]
    const b = await member({
      name: 'b',
      authority,
      links: { seeds, listen: [`/ip4/127.0.0.1/tcp/${inside}`], announce: [`/ip4/127.0.0.1/tcp/${outside}`] },
    })
    const heard = hear(b)
    a.links.subscribe('zone')
    await until('through r', () => relayed(a, b) && relayed(b, a), 20_000)
    const path = await startWanLink(outside, inside)
    try {
      await until('direct', () => !relayed(a, b) && !relayed(b, a), 20_000)
      expect(peerOf(a, 'b')?.addresses).toEqual([`/ip4/127.0.0.1/tcp/${outside}/p2p/${b.links.peerId}`])
      // Not over r: it does not subscribe, and hears of it no more than that.
      await new Promise(resolve => setTimeout(resolve, 2500)) // the relayed connection has gone by then
      let count = 0
      await until('gossip passes', () => {
        void a.links.publish('zone', new Uint8Array([9, ++count >> 8, count]))
        return heard.has('9')
      })
    } finally {
      await path.stop()
    }
  })

  it('is asked anew after it was away, and serves again', async () => {
    const authority = await newAuthority('utility')
    const port = await freePort()
    const listen = [`/ip4/127.0.0.1/tcp/${port}`]
    const identity = await newIdentity()
    const serve = {
      name: 'r',
      authority,
      identity,
      roles: ['BACKEND' as const],
      links: { relay: 'serve' as const, listen },
    }
    const r = await member(serve)
    const links = { seeds: r.links.addresses(), listen: [] }
    const [a, b] = [await member({ name: 'a', authority, links }), await member({ name: 'b', authority, links })]
    await until('through r', () => relayed(a, b) && relayed(b, a), 20_000)
    await r.links.stop()
    await until('nobody is left', () => a.links.peers().length + b.links.peers().length === 0)
    await member(serve)
    await until('through r again', () => relayed(a, b) && relayed(b, a), 25_000)
  })

  it('cuts what reaches its limit, and is dialled anew', async () => {
    const authority = await newAuthority('utility')
    const limits = { ...relayLimits, bytes: 200_000n }
    const r = await member({ name: 'r', authority, roles: ['BACKEND'], links: { relay: 'serve', relayLimits: limits } })
    const links = { seeds: r.links.addresses(), listen: [] }
    const [a, b] = [await member({ name: 'a', authority, links }), await member({ name: 'b', authority, links })]
    b.links.serve('/test/1', async () => new Uint8Array(150_000))
    await until('through r', () => relayed(a, b), 20_000)
    const ask = () => a.links.request(b.links.peerId, '/test/1', new Uint8Array(), { timeoutMs: 5000 })
    await expect(ask().then(() => ask())).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
    // Until a has noticed, it still asks over what was cut.
    let answer: Uint8Array | undefined
    let isAsking = false
    const again = (): boolean => {
      if (answer === undefined && !isAsking && relayed(a, b)) {
        isAsking = true
        void ask()
          .then(got => (answer = got))
          .catch(() => {})
          .finally(() => (isAsking = false))
      }
      return answer !== undefined
    }
    await until('through r again', again, 30_000)
    expect(answer).toHaveLength(150_000)
  })
})
