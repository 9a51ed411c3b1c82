// Bare libp2p nodes with the modules that an agent uses, and nothing of ours: what the library alone costs.

import '../src/node/polyfill.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { quietLogger } from '../src/mesh/quiet-logger.ts'

// Not from members.ts: a bare node's memory must not hold the rest of the mesh.
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6

export type FromBareNodes =
  | { readonly kind: 'started'; readonly atMs: number }
  | { readonly kind: 'memory'; readonly rssBytes: number; readonly heapBytes: number }

const tell = (message: FromBareNodes): void => void process.send?.(message)

const startNode = () =>
  createLibp2p({
    logger: quietLogger(),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp({ socket: { noDelay: true } } as Parameters<typeof tcp>[0]), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // All stand behind one address.
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 256 },
    peerDiscovery: [mdns({ serviceTag: '_feedermesh-bench._udp.local', interval: 30_000 })],
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub({ globalSignaturePolicy: StrictNoSign }),
    },
  })

process.on('message', message => {
  if (message !== 'memory') return
  const { rss, heapUsed } = process.memoryUsage()
  tell({ kind: 'memory', rssBytes: rss, heapBytes: heapUsed })
})
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})

const nodes: Awaited<ReturnType<typeof startNode>>[] = []
for (let index = 0; index < Number(process.argv[2] ?? 1); index++) {
  const node = await startNode()
  node.services.gossip.subscribe('bench')
  nodes.push(node)
  tell({ kind: 'started', atMs: nowMs() })
}
// Agents in one process find and connect each other; so do these.
for (const [index, node] of nodes.entries())
  for (const earlier of nodes.slice(0, index)) await node.dial(earlier.getMultiaddrs())
