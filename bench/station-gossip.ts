// Gossipsub alone: bare libp2p nodes connected along the tree, with the library's own settings, in which each message is
// signed by its origin and verified at every hop before it goes on.

import { noise } from '@chainsafe/libp2p-noise'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { quietLogger } from '../src/mesh/quiet-logger.ts'
import { type Contact, type Noted, numbered, numberOf, type Station, type StationPlan } from './station.ts'
import { parentOf } from './tree-shape.ts'

const TOPIC = 'bench'

const startNode = () =>
  createLibp2p({
    logger: quietLogger(),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp({ socket: { noDelay: true } } as Parameters<typeof tcp>[0])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 256 },
    services: {
      identify: identify(),
      // All stand behind one address here, which the score would punish until nothing arrived any more.
      gossip: gossipsub({ scoreParams: { IPColocationFactorWeight: 0 } }),
    },
  })

export async function gossipStation({ indices, shape, bytes }: StationPlan, noted: Noted): Promise<Station> {
  const nodes = new Map<number, Awaited<ReturnType<typeof startNode>>>()
  const contacts: Contact[] = []
  for (const index of indices) {
    const node = await startNode()
    node.services.gossip.addEventListener('gossipsub:message', ({ detail }) => {
      noted.verified(index, numberOf(detail.msg.data))
    })
    node.services.gossip.subscribe(TOPIC)
    nodes.set(index, node)
    contacts.push({ index, peerId: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) })
  }
  return {
    contacts,
    async connect(some, all) {
      for (const index of some) {
        const parent = all.get(parentOf(index, shape))
        if (parent !== undefined) await nodes.get(index)?.dial(parent.addresses.map(address => multiaddr(address)))
      }
    },
    send: message => void nodes.get(0)?.services.gossip.publish(TOPIC, numbered(message, bytes)),
  }
}
