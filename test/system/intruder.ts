// A node that keeps to none of our rules: bare libp2p with an ungated gossipsub, as somebody with this project's source
// and a cable into the LAN would build it.

import { noise } from '@chainsafe/libp2p-noise'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { ADMISSION_PROTOCOL, encodeAdmission } from '../../src/mesh/admission.ts'
import { framed } from '../../src/mesh/frames.ts'
import { PROTECTION_PROTOCOL } from '../../src/mesh/held-stream.ts'
import type { Identity } from '../../src/mesh/identity.ts'
import { framePacket } from '../../src/mesh/link-packet.ts'

const PROTOCOLS = [
  '/feedermesh/peers/1.0.0',
  '/feedermesh/credential/1.0.0',
  '/feedermesh/query/1.0.0',
  '/feedermesh/readings/pull/1.0.0',
  '/feedermesh/readings/carry/1.0.0',
  '/feedermesh/readings/ask/1.0.0',
  '/ipfs/id/1.0.0',
]

export interface Intrusion {
  /** Everything that came out of an agent: gossip messages, answers, bytes on any stream but the admission's. */
  readonly heard: string[]
  readonly reached: number
}

/** Dials each address, shows `token` if it has one, then listens and pushes `lie` in every way there is. */
export async function intrude(
  identity: Identity,
  token: string | undefined,
  addresses: readonly string[],
  topics: readonly string[],
  lie: Uint8Array,
): Promise<Intrusion> {
  const node = await createLibp2p({
    privateKey: identity.libp2pKey,
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        scoreParams: { IPColocationFactorWeight: 0 },
        allowPublishToZeroTopicPeers: true,
        ignoreDuplicatePublishError: true,
      }),
    },
  })
  const heard: string[] = []
  let reached = 0
  node.services.gossip.addEventListener('gossipsub:message', ({ detail }) => heard.push(`gossip ${detail.msg.topic}`))
  for (const topic of topics) node.services.gossip.subscribe(topic)

  async function attack(address: string): Promise<void> {
    const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(5000) })
    reached++
    const push = async (protocol: string): Promise<void> => {
      const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(1500) })
      const frames = framed(stream)
      await frames.write(protocol === PROTECTION_PROTOCOL ? framePacket(0, 0, lie) : lie)
      const answer = (await frames.read({ signal: AbortSignal.timeout(1500) })).subarray()
      heard.push(`${protocol} answered ${answer.length} bytes`)
    }
    const shown = async (): Promise<void> => {
      if (token === undefined) return
      const stream = await connection.newStream(ADMISSION_PROTOCOL, { signal: AbortSignal.timeout(1500) })
      const frames = framed(stream)
      await frames.write(encodeAdmission({ credential: token }))
      await frames.read({ signal: AbortSignal.timeout(1500) })
      // Whatever the answer was, it claims to have been admitted.
      await frames.write(encodeAdmission({ admitted: true }))
    }
    // Before, while and after the credential is judged.
    await Promise.allSettled([shown(), ...[PROTECTION_PROTOCOL, ...PROTOCOLS].map(push)])
    for (let round = 0; round < 3; round++) {
      await Promise.allSettled([PROTECTION_PROTOCOL, ...PROTOCOLS].map(push))
      await new Promise(wake => setTimeout(wake, 300))
    }
  }

  try {
    const attacks = Promise.allSettled(addresses.map(attack))
    for (let round = 0; round < 30; round++) {
      for (const topic of topics) await node.services.gossip.publish(topic, lie).catch(() => {})
      await new Promise(wake => setTimeout(wake, 100))
    }
    await attacks
    return { heard, reached }
  } finally {
    await node.stop()
  }
}
