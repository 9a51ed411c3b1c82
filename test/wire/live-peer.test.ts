// Admitted peers that keep to no rule, over real libp2p: they open every protocol that a running agent registers, and leave
// streams half open, announce frames that never end, or send mutated frames and anything else. The agent goes on answering
// an honest peer, its memory stays bounded, and who goes on so is cut off and stays away.

import v8 from 'node:v8'
import vm from 'node:vm'
import { noise } from '@chainsafe/libp2p-noise'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { createLibp2p } from 'libp2p'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMISSION_PROTOCOL, encodeAdmission } from '../../src/mesh/admission.ts'
import { framed } from '../../src/mesh/frames.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { misconductLimits } from '../../src/mesh/misconduct.ts'
import { steadyYamux } from '../../src/mesh/steady-yamux.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import { utcMs } from '../../topology/units.ts'
import { until } from '../mesh/real-links.ts'
import { makeSite, type Site } from '../system/site.ts'
import { hostile, SEED } from './inputs.ts'
import { samples } from './messages.ts'

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void
const usedMb = (): number => {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

const STATE = 'feedermesh/1/small/state'
let site: Site
let viewer: string
let victim: Agent
const reports: Report[] = []
const errors: string[] = []
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (event: string) => void errors.push(event) }

beforeAll(async () => {
  site = await makeSite()
  viewer = await site.viewer(site.authority)
  victim = await startAgent(readAgentConfig(await site.agent('recloser')), {
    log,
    onReport: report => void reports.push(report),
  })
}, 300_000)
afterAll(async () => {
  await victim?.stop()
  await site?.remove()
})

let liars = 0

/** A bare node that shows a credential and then does as it likes. */
async function liar() {
  const identity = await newIdentity()
  const claim = { peerId: identity.peerId, name: `liar-${++liars}`, roles: ['BACKEND' as const], feeders: ['small'] }
  const credential = await site.authority.issue(claim, { from: utcMs(Date.now() - 60_000), days: 1 })
  const node = await createLibp2p({
    privateKey: identity.libp2pKey,
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [steadyYamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify({ runOnConnectionOpen: false }),
      gossip: gossipsub({ globalSignaturePolicy: StrictNoSign, allowPublishToZeroTopicPeers: true }),
    },
  })
  node.services.gossip.subscribe(STATE)
  async function connect(): Promise<Connection> {
    const connection = await node.dial(multiaddr(victim.addresses()[0]), { signal: AbortSignal.timeout(5000) })
    const stream = await connection.newStream(ADMISSION_PROTOCOL)
    const frames = framed(stream)
    await frames.write(encodeAdmission({ credential }))
    await frames.read({ signal: AbortSignal.timeout(5000) })
    await frames.write(encodeAdmission({ admitted: true }))
    await stream.close()
    return connection
  }
  const open = async (connection: Connection, protocol: string): Promise<Stream | undefined> => {
    try {
      const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(2000) })
      stream.addEventListener('message', () => {})
      return stream
    } catch {
      return undefined
    }
  }
  return { ...identity, name: claim.name, node, connect, open, stop: async () => node.stop() }
}

/** What an honest peer learns, and how long it waits for it. */
async function honest() {
  const began = performance.now()
  const answer = outputs.peers.parse(await askReadout(victim.addresses()[0] as string, viewer, 'peers', {}))
  return { ...answer, ms: performance.now() - began }
}

const JUDGED = /^\/feedermesh\/(epoch|clock|command|revocations|peers|keys)\//
const pause = (ms: number): Promise<void> => new Promise(wake => setTimeout(wake, ms))

/** Those that the running agent registers, by its own word; relay and others of libp2p among them. */
async function protocols(): Promise<string[]> {
  const one = await liar()
  try {
    const connection = await one.connect()
    await pause(300)
    return (await one.node.services.identify.identify(connection)).protocols
  } finally {
    await one.stop()
  }
}

const send = (stream: Stream, bytes: Uint8Array): void => {
  try {
    if (stream.status === 'open') stream.send(bytes)
  } catch {
    // Cut off already.
  }
}

describe('an admitted peer that keeps to no rule', { timeout: 120_000 }, () => {
  it('leaves streams half open, announces huge frames and drips endless ones on every protocol; others are answered', async () => {
    const all = await protocols()
    expect(all.filter(each => each.startsWith('/feedermesh/')).length).toBeGreaterThan(10)
    const before = usedMb()
    // One for each of: silence, four GiB announced, 128 KiB announced of which some bytes come.
    const kinds = [undefined, [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x08, 7, 7, 7]]
    const attackers = await Promise.all(kinds.map(liar))
    const opened: Stream[] = []
    try {
      for (const [kind, each] of attackers.entries()) {
        const connection = await each.connect()
        for (const protocol of all) {
          for (let index = 0; index < 8 && connection.status === 'open'; index++) {
            const stream = await each.open(connection, protocol)
            if (stream === undefined) continue
            opened.push(stream)
            const bytes = kinds[kind]
            if (bytes !== undefined) send(stream, Uint8Array.from(bytes))
          }
        }
      }
      expect(opened.length).toBeGreaterThan(100)
      const drip = setInterval(() => opened.forEach(stream => void send(stream, new Uint8Array(1000))), 50)
      for (let round = 0; round < 4; round++) {
        const { self, ms } = await honest()
        expect(self.name).toBe('recloser')
        expect(ms).toBeLessThan(10_000)
        await pause(300)
      }
      clearInterval(drip)
      expect(usedMb() - before).toBeLessThan(96)
    } finally {
      for (const each of attackers) await each.stop()
    }
    await until('nothing of them is left', () => reports.filter(({ event }) => event === 'peer-down').length >= 3)
    expect(errors).toEqual([])
  })

  it('sends mutated frames on every protocol: each is refused, others are answered, and it is cut off where questions are judged', async () => {
    const examples = Object.values(samples).flatMap(some => some.slice(0, 1))
    const all = await protocols()
    for (const protocol of all) {
      const each = await liar()
      try {
        const connection = await each.connect()
        const frames = fc.sample(hostile(examples), { numRuns: 80, seed: SEED })
        for (const frame of frames) {
          if (connection.status !== 'open') break
          const stream = await each.open(connection, protocol)
          if (stream === undefined) continue
          send(stream, encode.single(frame).subarray())
          await stream.close().catch(() => {})
        }
        // Elsewhere a question that is none is refused, and not held against its sender.
        if (JUDGED.test(protocol)) await until(`${protocol}: cut off`, () => connection.status !== 'open')
      } finally {
        await each.stop()
      }
      expect((await honest()).self.name).toBe('recloser')
    }
    expect(errors).toEqual([])
    const cut = reports.filter(({ event, alarm }) => event === 'alarm' && alarm === 'peer-misbehaves')
    expect(cut.length).toBeGreaterThan(2)
    expect((await honest()).refusedPeers['sends what no peer may']).toBeGreaterThan(2)
  })

  it('publishes what is no message: it is cut off, and turned away when it comes again', async () => {
    const one = await liar()
    try {
      const connection = await one.connect()
      await until('gossip knows it', () => one.node.services.gossip.getSubscribers(STATE).length > 0)
      for (let index = 0; index < 4 * misconductLimits.atMost && connection.status === 'open'; index++) {
        await one.node.services.gossip.publish(STATE, Uint8Array.of(1, 2, index))
        await pause(20)
      }
      // Gossip reads nothing of it after some of these, and links say the rest.
      const stream = await one.open(connection, '/feedermesh/clock/1.0.0')
      if (stream !== undefined) send(stream, encode.single(Uint8Array.of(0xff)).subarray())
      for (let index = 0; index < 2 * misconductLimits.atMost && connection.status === 'open'; index++) {
        const more = await one.open(connection, '/feedermesh/clock/1.0.0')
        if (more !== undefined) send(more, encode.single(Uint8Array.of(0xff)).subarray())
        await pause(10)
      }
      await until('it is cut off', () => connection.status !== 'open')
      const again = await one.connect().catch(() => undefined)
      await until('it is turned away', () => again === undefined || again.status !== 'open')
      expect((await honest()).peers.map(({ name }) => name)).not.toContain(one.name)
    } finally {
      await one.stop()
    }
  })
})
