import { describe, expect, it } from 'vitest'
import { createChance } from '../../sim/runtime/chance.ts'
import { createScheduler } from '../../sim/runtime/scheduler.ts'
import { newLife } from '../../sim/runtime/virtual-clock.ts'
import { type NetworkOptions, virtualNetwork } from '../../sim/runtime/virtual-network.ts'
import { type Credential, newAuthority } from '../../src/mesh/credential.ts'
import { STREAMS_IN_ALL, STREAMS_PER_PEER, streamPlaces } from '../../src/mesh/stream-places.ts'
import { memoryMesh } from './memory-links.ts'
import { startMember, until } from './real-links.ts'
import { describeStreams, type StreamPlace } from './stream-conformance.ts'

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

describeStreams('links in memory', async () => {
  const mesh = memoryMesh()
  const [asker, answerer] = [mesh.join(credentialOf('asker')), mesh.join(credentialOf('answerer'))]
  mesh.connect(asker.peerId, answerer.peerId)
  return {
    asker,
    answerer,
    settled: work => work,
    pass: ms => new Promise(resolve => setTimeout(resolve, ms)),
    drop: async () => {},
  }
})

async function virtualPlace(options: Partial<NetworkOptions> = {}): Promise<StreamPlace> {
  const scheduler = createScheduler()
  const net = virtualNetwork(scheduler, createChance('streams'), () => ['asker', 'answerer'], options)
  const join = (name: string) =>
    net.join({
      credential: credentialOf(name),
      policy: { feeder: 'test', ownerOf: () => 'utility' },
      check: credentialOf,
      life: newLife(),
    })
  const [asker, answerer] = [join('asker'), join('answerer')]
  await asker.start()
  await answerer.start()
  const pass = (ms: number): Promise<void> => scheduler.runUntil(scheduler.now() + ms)
  await pass(1000)
  return {
    asker,
    answerer,
    pass,
    async settled(work) {
      let isSettled = false
      const done = (): void => {
        isSettled = true
      }
      work.then(done, done)
      for (let waited = 0; !isSettled && waited < 10_000; waited++) await pass(20)
      return work
    },
    drop: async () => {},
  }
}

describeStreams('the virtual network', () => virtualPlace())
describeStreams('a virtual network that loses and doubles', () => virtualPlace({ lossShare: 0.2, duplicateShare: 0.2 }))

async function realPlace({ held = false } = {}): Promise<StreamPlace> {
  const authority = await newAuthority('utility')
  const answerer = await startMember({ name: 'answerer', authority })
  await answerer.links.start()
  const asker = await startMember({ name: 'asker', authority, links: { seeds: answerer.links.addresses() } })
  await asker.links.start()
  await until('connected', () => asker.links.peers().length === 1 && answerer.links.peers().length === 1)
  if (held) {
    asker.links.hold(new Set([answerer.links.peerId]))
    await until('held', () => asker.links.peers()[0]?.rttMs !== undefined)
    // The first bulk dials the lane; what is measured here is what goes on it.
    const first = asker.links.request(answerer.links.peerId, '/test/none/1', new Uint8Array(), {
      timeoutMs: 5000,
      lane: 'bulk',
    })
    await first.catch(() => {})
  }
  return {
    asker: asker.links,
    answerer: answerer.links,
    settled: work => work,
    pass: ms => new Promise(resolve => setTimeout(resolve, ms)),
    async drop() {
      await asker.links.stop()
      await answerer.links.stop()
    },
  }
}

describeStreams('libp2p', () => realPlace())
describeStreams('libp2p, on the bulk lane of a held pair', () => realPlace({ held: true }))

describe('places for streams', () => {
  it('are so many for a peer, so many in all, and come back once', () => {
    const places = streamPlaces()
    const taken: (() => void)[] = []
    const take = (peer: string) => {
      const place = places.take(peer)
      if (typeof place === 'function') taken.push(place)
      return typeof place
    }
    for (let peer = 0; taken.length < STREAMS_IN_ALL; peer++) {
      for (let each = 0; each < STREAMS_PER_PEER; each++) expect(take(`peer-${peer}`)).toBe('function')
      if (taken.length < STREAMS_IN_ALL) expect(take(`peer-${peer}`)).toBe('string')
    }
    expect(take('another')).toBe('string')
    taken[0]?.()
    taken[0]?.()
    expect(take('another')).toBe('function')
    expect(take('another')).toBe('string')
  })
})
