// The libp2p node below the links: tcp, noise, yamux, identify, ping, mdns, circuit relay and gossipsub, each of its own
// services meeting admitted peers only.

import { createHash } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { gated, type IsAdmitted } from './admission-gate.ts'
import type { Identity } from './identity.ts'
import { MeshError } from './mesh-error.ts'
import { MOST_CONNECTED } from './most-peers.ts'
import { quietLogger } from './quiet-logger.ts'
import { type RelayLimits, type RelayMode, type RelayUse, relayGater, relayServer } from './relay.ts'
import { steadyYamux } from './steady-yamux.ts'

export interface Libp2pNodeOptions {
  readonly identity: Identity
  readonly listen: readonly string[]
  readonly announce?: readonly string[] | undefined
  readonly mdns: boolean
  readonly relay?: RelayMode | undefined
  readonly relayLimits?: RelayLimits | undefined
  readonly relaying: RelayUse
  readonly isAdmitted: IsAdmitted
  /** Gossip and relaying are not for people's tools. */
  readonly isAdmittedMachine: IsAdmitted
  /** Of a peer, see `gossip-standing.ts`. */
  gossipScore(peerId: string): number
}

export type Libp2pNode = Awaited<ReturnType<typeof libp2pNode>>

/**
 * Every query is answered by every peer of the LAN to every peer of the LAN; the first one goes out at the start. Peers that
 * started together ask again together.
 */
const MDNS_EVERY_MS = 120_000
/** What a handshake, or an identify, may take over a link with seconds of delay. */
export const SLOW_LINK_MS = 20_000

/** Not started yet. */
export function libp2pNode({ isAdmitted, isAdmittedMachine, relaying, ...options }: Libp2pNodeOptions) {
  return createLibp2p({
    start: false,
    logger: quietLogger(),
    privateKey: options.identity.libp2pKey,
    addresses: { listen: [...options.listen], ...(options.announce ? { announce: [...options.announce] } : {}) },
    transports: [
      tcp({ socket: { noDelay: true } } as Parameters<typeof tcp>[0]),
      ...(options.relay === 'none' ? [] : [relaying.transport]),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [steadyYamux()],
    connectionGater: { denyDialMultiaddr: () => false, ...relayGater(isAdmitted) },
    connectionManager: {
      // Many IEDs stand behind one address: a substation, a laboratory, this machine.
      inboundConnectionThreshold: 1000,
      maxIncomingPendingConnections: 256,
      maxConnections: MOST_CONNECTED,
      // A handshake takes three round trips, and those of a slow link take seconds. Who dials gives each address less.
      inboundUpgradeTimeout: SLOW_LINK_MS,
      inboundStreamProtocolNegotiationTimeout: SLOW_LINK_MS,
      outboundStreamProtocolNegotiationTimeout: SLOW_LINK_MS,
      addressDialTimeout: SLOW_LINK_MS,
    },
    // Its ping is not answered before admission, and it would cut the connection for that: see `dead-connections.ts`.
    connectionMonitor: { enabled: false },
    ...(options.mdns
      ? { peerDiscovery: [mdns({ serviceTag: '_feedermesh._udp.local', interval: MDNS_EVERY_MS })] }
      : {}),
    services: {
      identify: gated(
        identify({ runOnConnectionOpen: false, maxInboundStreams: 8, timeout: SLOW_LINK_MS }),
        isAdmitted,
      ),
      ping: gated(ping(), isAdmitted),
      gossip: gated(
        gossipsub({
          // Envelopes carry a signature of their own; the same bytes published twice are one message.
          globalSignaturePolicy: StrictNoSign,
          msgIdFn: message => createHash('sha256').update(message.topic).update(message.data).digest(),
          scoreParams: { IPColocationFactorWeight: 0, appSpecificScore: options.gossipScore, appSpecificWeight: 10 },
          allowPublishToZeroTopicPeers: true,
          maxInboundDataLength: 256 * 1024,
          runOnLimitedConnection: true,
          // The first hop floods to all peers, so the mesh behind it only has to bridge what is not directly connected.
          D: 3,
          Dlo: 2,
          Dhi: 5,
          Dout: 1,
          Dscore: 1,
        }),
        isAdmittedMachine,
      ),
      ...(options.relay === 'serve' ? { relay: relayServer(isAdmittedMachine, options.relayLimits) } : {}),
    },
  })
}

/** @throws MeshError MESH_ADDRESS_IN_USE */
export async function startNode(node: { start(): void | Promise<void> }, listen: readonly string[]): Promise<void> {
  try {
    await node.start()
  } catch (cause) {
    throw startError(cause as Error, listen)
  }
}

function startError(cause: Error, listen: readonly string[]): Error {
  const text = `${cause.message} ${String((cause as { errors?: unknown }).errors ?? '')} ${String(cause.cause ?? '')}`
  if (
    /EADDRINUSE|UnsupportedListenAddresses|could not listen|no valid addresses|failed to listen/i.test(
      text + cause.name,
    )
  ) {
    return new MeshError(
      'MESH_ADDRESS_IN_USE',
      `listen: ${listen.join(', ')} is in use or not an address of this machine, want a free one (port 0 picks one)`,
      { cause },
    )
  }
  return cause
}
