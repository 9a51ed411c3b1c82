// Relaying between peers that can't reach each other (circuit relay v2). A peer that serves as relay passes bytes on between
// two others; they are admitted end to end over that connection as over any, and noise keeps the relay from reading them.
//
// Not to be abused: the relay's protocol answers admitted peers only, both ends must be admitted at the relay, and
// reservations, bytes, duration and streams are bounded. What reaches a limit is cut, and dialled anew.
//
// Who uses relays makes reservations with up to two of those that it is connected to, and looks each few seconds whether
// it still has them: libp2p does not make a reservation again after its relay was away.

import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { gated, type IsAdmitted } from './admission-gate.ts'
import { addressesToAnnounce } from './dial-addresses.ts'

/** `serve`: passes bytes on for others. `use`: is reached through those that do. */
export type RelayMode = 'serve' | 'use' | 'none'

export interface RelayLimits {
  readonly reservations: number
  /** Of one relayed connection, both directions together. */
  readonly bytes: bigint
  readonly durationMs: number
  /** Relayed connections that one peer may have begun at a time. */
  readonly perPeer: number
}

export const relayLimits: RelayLimits = {
  reservations: 256,
  bytes: 256n * 1024n * 1024n,
  durationMs: 3_600_000,
  perPeer: 32,
}

const RESERVATION_MS = 3_600_000
const HOP_MS = 5000
const RELAYS_WANTED = 2
const ADDRESSES_PER_RELAY = 2
const TRY_AGAIN_MS = 5000
export const HOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/hop'

/** The service of a relay. */
export const relayServer = (isAdmitted: IsAdmitted, limits: RelayLimits = relayLimits) =>
  gated(
    circuitRelayServer({
      hopTimeout: HOP_MS,
      maxInboundHopStreams: limits.perPeer,
      reservations: {
        maxReservations: limits.reservations,
        reservationTtl: RESERVATION_MS,
        applyDefaultLimit: true,
        defaultDataLimit: limits.bytes,
        defaultDurationLimit: limits.durationMs,
      },
    }),
    isAdmitted,
  )

/** What libp2p asks before it relays. The names are libp2p's. */
export const relayGater = (isAdmitted: IsAdmitted) => ({
  denyInboundRelayReservation: (source: PeerId) => !isAdmitted(source),
  denyOutboundRelayedConnection: (source: PeerId, destination: PeerId) =>
    !isAdmitted(source) || !isAdmitted(destination),
  denyInboundRelayedConnection: (relay: PeerId) => !isAdmitted(relay),
})

/** Of libp2p's transport, what is used here. */
interface Reservations {
  hasReservation(relay: PeerId): boolean
  getReservation(relay: PeerId): { readonly addrs: readonly Uint8Array[] } | undefined
  addRelay(relay: PeerId, type: 'configured'): Promise<unknown>
}

export interface RelayUseOptions {
  readonly peerId: string
  readonly isAdmitted: IsAdmitted
  /** Connected, admitted peers that serve as relay, by peer id; those reached directly only. */
  relays(): readonly string[]
  now(): number
  log(event: string, fields: Record<string, unknown>): void
}

export type RelayUse = ReturnType<typeof relayUse>

export function relayUse(options: RelayUseOptions) {
  let reservations: Reservations | undefined
  const triedAt = new Map<string, number>()
  const make = gated(circuitRelayTransport(), options.isAdmitted)

  const held = (): PeerId[] =>
    options
      .relays()
      .map(relay => peerIdFromString(relay))
      .filter(relay => reservations?.hasReservation(relay) === true)

  return {
    transport: (components: Parameters<typeof make>[0]) => {
      const transport = make(components)
      reservations = (transport as unknown as { reservationStore: Reservations }).reservationStore
      return transport
    },
    /** Makes the reservations that are missing. Call now and then. */
    refresh(): void {
      const relays = options.relays()
      for (const relay of triedAt.keys()) if (!relays.includes(relay)) triedAt.delete(relay)
      let wanted = RELAYS_WANTED - held().length
      for (const relay of relays) {
        if (wanted <= 0) return
        if (reservations?.hasReservation(peerIdFromString(relay)) !== false) continue
        if (options.now() - (triedAt.get(relay) ?? Number.NEGATIVE_INFINITY) < TRY_AGAIN_MS) continue
        triedAt.set(relay, options.now())
        wanted--
        reservations
          .addRelay(peerIdFromString(relay), 'configured')
          .then(() => options.log('relay-reserved', { relay }))
          .catch(error => options.log('relay-refused', { relay, reason: (error as Error).message }))
      }
    },
    /** Addresses at which this peer is reached through its relays. */
    addresses: (): string[] =>
      held().flatMap(relay => {
        const addresses = (reservations?.getReservation(relay)?.addrs ?? []).map(bytes => multiaddr(bytes).toString())
        return addressesToAnnounce(addresses)
          .slice(0, ADDRESSES_PER_RELAY)
          .map(address => `${address}/p2p-circuit/p2p/${options.peerId}`)
      }),
  }
}
