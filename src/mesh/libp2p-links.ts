// Links over libp2p: tcp, noise, yamux, identify, ping, mdns, circuit relay and gossipsub. libp2p's types stay in this
// folder.
//
// A connection is worth nothing until admission has succeeded on it, both ways; libp2p's own services are gated on that
// too. How peers are found is in `discovery.ts` and `known-peers.ts`.

import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, PeerId } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { UtcMs } from '../../topology/units.ts'
import { ADMISSION_PROTOCOL, type AdmissionPolicy, admissionMs, admissionRefusal, renewalRefusal } from './admission.ts'
import { admissionDesk } from './admission-desk.ts'
import { gated } from './admission-gate.ts'
import { bulkPace } from './bulk-pace.ts'
import { type Credential, isLive, type TrustedAuthority, verifyCredential } from './credential.ts'
import { KEYS_PROTOCOL } from './datagram-keys.ts'
import { addressesToAnnounce, isRelayed } from './dial-addresses.ts'
import type { DialSettings } from './dialling.ts'
import { discovery } from './discovery.ts'
import { exchanges } from './exchanges.ts'
import { PROTECTION_PROTOCOL } from './held-stream.ts'
import type { Identity } from './identity.ts'
import { ANNOUNCE_TOPIC, isMachine, knownPeers, PEERS_PROTOCOL, type PeerMemory } from './known-peers.ts'
import type { AdmissionDecision, LinkPeer, LinkQuality, Links } from './links.ts'
import { MeshError } from './mesh-error.ts'
import { type ProtectionSettings, protectionDefaults, protectionLinks } from './protection-links.ts'
import { protectionPlaces } from './protection-places.ts'
import { quietLogger } from './quiet-logger.ts'
import { printable, type RefusalReason, type Refused, refusal } from './refusal.ts'
import { HOP_PROTOCOL, type RelayLimits, type RelayMode, relayGater, relayServer, relayUse } from './relay.ts'
import { ask } from './request.ts'

export interface Libp2pLinksOptions {
  readonly identity: Identity
  /** The signed credential text that this peer shows. A peer without one is admitted nowhere. */
  readonly credential: string | undefined
  readonly authorities: readonly TrustedAuthority[]
  readonly policy: Omit<AdmissionPolicy, 'peerId'>
  readonly listen: readonly string[]
  /** Addresses to announce in place of those listened on, where a link or NAT lies in between. */
  readonly announce?: readonly string[]
  readonly seeds: readonly string[]
  /** LAN discovery by multicast DNS, under the project's own service tag. */
  readonly mdns: boolean
  /** Never dials: others come to it. */
  readonly passive?: boolean
  readonly protection?: Partial<ProtectionSettings>
  readonly relay?: RelayMode
  readonly relayLimits?: RelayLimits
  readonly dialling?: Partial<DialSettings>
  readonly maxPeers?: number
  /** Where announced peers outlive the process. */
  readonly memory?: PeerMemory
  /** Monotonic, ms. */
  now(): number
  utc(): UtcMs
  chance(): number
  log(event: string, fields: Record<string, unknown>): void
}

interface Peer {
  credential: Credential
  connection: Connection
  readonly connectedSince: number
  /** Both sides have admitted each other: we may open streams. */
  up: boolean
}

/** The renewed credential of an admitted peer, on the connection that it has. */
const RENEWAL_PROTOCOL = '/feedermesh/renewal/1.0.0'
const SHOW_AGAIN_MS = [0, 500, 2000, 8000]
const VERDICTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}
/** These say nothing of the peer, whose other connection may be up. */
const UNFINISHED: ReadonlySet<RefusalReason> = new Set([
  'no answer',
  'admission did not finish',
  'no admission in time',
])
/** Every query is answered by every peer of the LAN to every peer of the LAN; the first one goes out at the start. */
const MDNS_EVERY_MS = 30_000
/** Each connected peer is asked whom it knows about so often, which shows that it is alive too. */
const ASK_PEERS_EVERY_MS = 15_000
const IDENTIFY_AGAIN_MS = [1000, 3000, 9000]
/** What a handshake, or an identify, may take over a link with seconds of delay. */
const SLOW_LINK_MS = 20_000
/** Each time all hear of it once; a change of address is announced within a second. */
const ANNOUNCE_EVERY_MS = 600_000
const SAVE_EVERY_MS = 5000
/** After the first connection, until gossip runs on it. */
const GOSSIP_RUNS_MS = 1500
/** Agents that return together spread the first tries of whom they remember over this time. */
const RECALLED_OVER_MS = 1500
/** A relayed connection stays open so long after the direct one has taken over. */
const RETIRE_MS = 1000
/** What is asked of a suspected connection gets no less time than this; as a matter of routine, than that. */
const SUSPECT_MS = 2000
const ROUTINE_MS = 6000
const DECISIONS_KEPT = 200

/** @throws MeshError MESH_ADDRESS_IN_USE from `start` */
export async function libp2pLinks(options: Libp2pLinksOptions): Promise<Links> {
  const { identity, now, utc, log } = options
  const peers = new Map<string, Peer>()
  let wanted: ReadonlySet<string> = new Set()
  const refused = new Map<RefusalReason, number>()
  let lastRefused: string | undefined
  let shown = options.credential
  const decisions: AdmissionDecision[] = []
  const decisionListeners: Parameters<Links['onDecision']>[0][] = []
  const timers: NodeJS.Timeout[] = []
  let checkPublished: Parameters<Links['onPublished']>[0] = () => 'ignore'
  const peerListeners: Parameters<Links['onPeer']>[0][] = []
  const renewalListeners: Parameters<Links['onRenewed']>[0][] = []
  /** Topics subscribed to before the start. */
  const early = new Set<string>()
  const announcedListeners: ((credential: Credential) => void)[] = []
  /** Connected peers that serve as relay. */
  const relays = new Set<string>()
  let stopping = false
  /** What is protection holds back what is bulk: `pace.protection()` wherever a protection message comes or goes. */
  const pace = bulkPace(now)

  const admitted = (peerId: PeerId): boolean => peers.has(peerId.toString())
  const admittedMachine = (peerId: PeerId): boolean => {
    const peer = peers.get(peerId.toString())
    return peer !== undefined && isMachine(peer.credential)
  }

  const relaying = relayUse({
    peerId: identity.peerId,
    isAdmitted: admitted,
    relays: () => [...relays].filter(id => peers.get(id)?.up === true && !isRelayedPeer(id)),
    now,
    log,
  })
  const isRelayedPeer = (peerId: string): boolean => {
    const peer = peers.get(peerId)
    return peer !== undefined && isRelayed(peer.connection.remoteAddr.toString())
  }

  const node = await createLibp2p({
    start: false,
    logger: quietLogger(),
    privateKey: identity.libp2pKey,
    addresses: { listen: [...options.listen], ...(options.announce ? { announce: [...options.announce] } : {}) },
    transports: [
      tcp({ socket: { noDelay: true } } as Parameters<typeof tcp>[0]),
      ...(options.relay === 'none' ? [] : [relaying.transport]),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false, ...relayGater(admitted) },
    connectionManager: {
      // Many IEDs stand behind one address: a substation, a laboratory, this machine.
      inboundConnectionThreshold: 1000,
      maxIncomingPendingConnections: 256,
      maxConnections: 1024,
      // A handshake takes three round trips, and those of a slow link take seconds. Who dials gives each address less.
      inboundUpgradeTimeout: SLOW_LINK_MS,
      inboundStreamProtocolNegotiationTimeout: SLOW_LINK_MS,
      outboundStreamProtocolNegotiationTimeout: SLOW_LINK_MS,
      addressDialTimeout: SLOW_LINK_MS,
    },
    // Its ping is not answered before admission, and it would cut the connection for that: see "Dead connections".
    connectionMonitor: { enabled: false },
    ...(options.mdns
      ? { peerDiscovery: [mdns({ serviceTag: '_feedermesh._udp.local', interval: MDNS_EVERY_MS })] }
      : {}),
    services: {
      identify: gated(identify({ runOnConnectionOpen: false, maxInboundStreams: 8, timeout: SLOW_LINK_MS }), admitted),
      ping: gated(ping(), admitted),
      gossip: gated(
        gossipsub({
          // Envelopes carry a signature of their own; the same bytes published twice are one message.
          globalSignaturePolicy: StrictNoSign,
          msgIdFn: message => createHash('sha256').update(message.topic).update(message.data).digest(),
          scoreParams: { IPColocationFactorWeight: 0 },
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
        admittedMachine,
      ),
      ...(options.relay === 'serve' ? { relay: relayServer(admittedMachine, options.relayLimits) } : {}),
    },
  })
  const gossip = node.services.gossip

  const protection = protectionLinks({
    self: identity.peerId,
    settings: { ...protectionDefaults, ...options.protection },
    now,
    utc,
    log,
    connection(peerId) {
      const peer = peers.get(peerId)
      return peer?.up === true && peer.connection.status === 'open' ? peer.connection : undefined
    },
    credential: peerId => peers.get(peerId)?.credential,
    request: (peerId, protocol, question, patience) => links.request(peerId, protocol, question, patience),
    onStreamSilent(peerId) {
      const peer = peers.get(peerId)
      if (peer?.up === true) void suspect(peer.connection)
    },
  })

  function refuse(
    { reason, refused: words }: Refused,
    connection: Connection,
    who: Partial<Pick<Credential, 'name' | 'organisation'>> = {},
  ): void {
    if (!UNFINISHED.has(reason)) protection.erase(connection.remotePeer.toString())
    refused.set(reason, (refused.get(reason) ?? 0) + 1)
    lastRefused = printable(words)
    log('peer-refused', { peerId: connection.remotePeer.toString(), reason, words: lastRefused })
    decided({ peerId: connection.remotePeer.toString(), admitted: false, reason, words: lastRefused }, who)
    connection.close().catch(() => connection.abort(new Error('not admitted')))
  }

  function decided(
    about: Pick<AdmissionDecision, 'peerId' | 'admitted' | 'reason' | 'words'>,
    who?: Partial<Pick<Credential, 'name' | 'organisation'>>,
  ): void {
    const decision = { ...about, name: who?.name, organisation: who?.organisation, atMs: now() }
    decisions.push(decision)
    if (decisions.length > DECISIONS_KEPT) decisions.shift()
    for (const listener of decisionListeners) listener(decision)
  }

  // Admission --------------------------------------------------------------------------------------------------------

  const policy: AdmissionPolicy = { ...options.policy, peerId: identity.peerId }
  const isRevoked = (credential: Credential): boolean => policy.isRevoked?.(credential) === true
  const desk = admissionDesk({
    credential: () => shown,
    authorities: options.authorities,
    policy,
    utc,
    patienceMs: connection => patience.get(connection) ?? admissionMs(0),
    admit,
    bringUp,
    refuse,
    drop,
  })

  function drop(why: Refused, connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    // Both may have dialled at once: what fails here says nothing of the connection that is up.
    const isUp = peers.get(peerId)?.up === true
    if (!isUp) forget(peerId)
    if (stopping || (isUp && connection.direction === 'outbound')) return
    refuse(why, connection)
  }

  function admit(credential: Credential, connection: Connection): void {
    const known = peers.get(credential.peerId)
    peers.set(credential.peerId, {
      credential,
      connection: known?.up === true && known.connection.status === 'open' ? known.connection : connection,
      connectedSince: known?.connectedSince ?? now(),
      up: known?.up ?? false,
    })
  }

  function bringUp(connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const peer = peers.get(peerId)
    if (peer === undefined || stopping) return
    // It may have been revoked while the other side made up its mind.
    if (isRevoked(peer.credential)) return expel(peerId, 'credential is revoked')
    find.reached(peerId, connection)
    if (isMachine(peer.credential)) void identifyBack(connection)
    if (peer.up) return takeOver(peer, connection)
    peer.up = true
    decided({ peerId, admitted: true, reason: undefined, words: 'admitted' }, peer.credential)
    tell(peerId, peer, 'up')
    if (isMachine(peer.credential)) void askWhomItKnows(peerId)
  }

  /** Another connection to the same peer: a direct one takes the place of a relayed one. */
  function takeOver(peer: Peer, connection: Connection): void {
    const old = peer.connection
    // Why has the other side dialled once more? The one that we have may be dead.
    if (old.id !== connection.id) void suspect(old)
    if (isRelayed(connection.remoteAddr.toString()) || !isRelayed(old.remoteAddr.toString())) return
    peer.connection = connection
    find.noLongerRelayed(peer.credential.peerId)
    log('direct', { peer: peer.credential.name, address: connection.remoteAddr.toString() })
    setTimeout(() => old.close().catch(() => old.abort(new Error('direct now'))), RETIRE_MS).unref()
  }

  /** Gossip learns of a peer by its identify alone, so one that got lost is repeated while the connection lasts. */
  async function identifyBack(connection: Connection): Promise<void> {
    for (const waitMs of [0, ...IDENTIFY_AGAIN_MS]) {
      if (waitMs > 0) await delay(waitMs, undefined, { ref: false })
      if (stopping || connection.status !== 'open') return
      try {
        return void (await node.services.identify.identify(connection))
      } catch (error) {
        log('identify-failed', { peerId: connection.remotePeer.toString(), reason: (error as Error).message })
      }
    }
  }

  /** On the live connection, checked as at admission. */
  async function takeRenewed(peerId: string, token: string): Promise<void> {
    const result = await verifyCredential(token, options.authorities, utc())
    const peer = peers.get(peerId)
    if (peer === undefined) throw new MeshError('MESH_REFUSED', 'not admitted')
    const refusedWhy =
      'refused' in result
        ? result
        : (admissionRefusal(result, peerId, policy) ?? renewalRefusal(result, peer.credential))
    if (refusedWhy !== undefined) {
      log('renewal-refused', { peerId, reason: refusedWhy.reason, words: refusedWhy.refused })
      throw new MeshError('MESH_REFUSED', refusedWhy.refused)
    }
    peer.credential = result as Credential
    decided({ peerId, admitted: true, reason: undefined, words: 'credential renewed' }, peer.credential)
    if (!peer.up) return
    const description = describe(peerId, peer)
    for (const listener of renewalListeners) listener(description)
  }

  /** Who does not answer in the end sees it at its next admission. */
  async function showTo(peerId: string, token: string): Promise<void> {
    for (const waitMs of SHOW_AGAIN_MS) {
      if (waitMs > 0) await delay(waitMs, undefined, { ref: false })
      const peer = peers.get(peerId)
      if (stopping || shown !== token || peer?.up !== true) return
      try {
        return void (await ask(peer.connection, RENEWAL_PROTOCOL, toCbor(token), AbortSignal.timeout(3000), pace))
      } catch (error) {
        log('renewal-not-taken', { peerId, reason: (error as Error).message })
        if ((error as MeshError).code === 'MESH_REFUSED') return
      }
    }
  }

  /** At once: who is expelled is not asked to close. */
  function expel(peerId: string, reason: RefusalReason): void {
    protection.erase(peerId)
    const shownLast = peers.get(peerId)?.credential
    forget(peerId)
    known.forget(peerId)
    for (const connection of node.getConnections(peerIdFromString(peerId))) {
      refuse(refusal(reason), connection, shownLast)
      connection.abort(new Error(reason))
    }
  }

  function forget(peerId: string): void {
    const peer = peers.get(peerId)
    if (peer === undefined) return
    peers.delete(peerId)
    relays.delete(peerId)
    if (peer.up) tell(peerId, peer, 'down')
  }

  function tell(peerId: string, peer: Peer, state: 'up' | 'down'): void {
    if (state === 'up') protection.up(peerId)
    const description = describe(peerId, peer)
    for (const listener of peerListeners) listener(description, state)
  }

  const describe = (peerId: string, peer: Peer): LinkPeer => ({
    peerId,
    credential: peer.credential,
    addresses: [peer.connection.remoteAddr.toString()],
    connectedSince: peer.connectedSince,
    rttMs: protection.rttMs(peerId),
    // Who asks for the peers seldom asks for this, and it is worked out from a minute's beats.
    get link() {
      return quality(peerId)
    },
    relayed: isRelayed(peer.connection.remoteAddr.toString()),
  })

  function quality(peerId: string): LinkQuality | undefined {
    const measured = protection.quality(peerId)
    const bitsPerSecond = asked.bitsPerSecond(peerId)
    if (measured !== undefined || bitsPerSecond === undefined) return measured && { ...measured, bitsPerSecond }
    const unknown = { way: undefined, rttMs: undefined, rttP99Ms: undefined, lossShare: undefined }
    return { ...unknown, bitsPerSecond, marked: false }
  }

  /** How long admission may take on each connection. */
  const patience = new WeakMap<Connection, number>()

  function onConnection(connection: Connection): void {
    // The handshake has just shown how slow the link is: three round trips, as admission takes.
    const waitMs = admissionMs(Date.now() - connection.timeline.open)
    patience.set(connection, waitMs)
    setTimeout(() => {
      if (connection.status !== 'open' || peers.has(connection.remotePeer.toString())) return
      refuse(refusal('no admission in time'), connection)
    }, waitMs).unref()
    if (connection.direction !== 'outbound') return
    void desk.seek(connection)
  }

  function onConnectionClosed(connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const peer = peers.get(peerId)
    if (peer === undefined) return
    const other = node
      .getConnections(connection.remotePeer)
      .find(({ id, status }) => id !== connection.id && status === 'open')
    if (other === undefined) return forget(peerId)
    if (peer.connection.id === connection.id) peer.connection = other
    // Gossip's stream may have gone with the one that closed; it opens another when it hears an identify.
    if (peer.up && isMachine(peer.credential)) void identifyBack(other)
  }

  // Discovery --------------------------------------------------------------------------------------------------------

  const find = discovery({
    node,
    peerId: identity.peerId,
    isUp: peerId => peers.get(peerId)?.up === true,
    peers: () => peers.size,
    wanted: () => wanted,
    isBackEnd: peerId => known.of(peerId)?.credential.roles.includes('BACKEND') === true,
    settings: { ...options.dialling, ...(options.maxPeers === undefined ? {} : { maxPeers: options.maxPeers }) },
    now,
    chance: options.chance,
    metOwnKey,
    log,
  })

  /** The announcements heard at the start come from memory: all agents of a feeder may be starting at this moment. */
  let recalling = false
  const known = knownPeers({
    identity,
    token: () => shown,
    own: async () => {
      const own = await verifyCredential(shown ?? '', options.authorities, utc())
      return 'reason' in own ? undefined : own
    },
    addresses: () => [...addressesToAnnounce(node.getMultiaddrs().map(String)), ...relaying.addresses()],
    check: checkThird,
    isRevoked,
    memory: options.memory,
    now,
    utc,
    heard(credential, addresses) {
      find.heardOf(credential.peerId, addresses, recalling ? options.chance() * RECALLED_OVER_MS : 0)
      for (const listener of announcedListeners) listener(credential)
    },
    gossip: raw => gossip.publish(ANNOUNCE_TOPIC, raw),
    log,
  })

  /**
   * libp2p connects to nobody who proves to hold our own key. At an address that is ours that is this peer; anywhere else it
   * is another one, with a copy of the key. A host's name tells neither.
   */
  function metOwnKey(address: string): void {
    const place = (whole: string): string => whole.split('/p2p/')[0] ?? ''
    const own = new Set([...node.getMultiaddrs().map(String), ...(options.announce ?? [])].map(place))
    if (!/^\/ip[46]\//.test(address) || own.has(place(address))) return
    const { reason } = refusal('this is our own key, running twice')
    refused.set(reason, (refused.get(reason) ?? 0) + 1)
    lastRefused = `our own key answers at ${place(address)}`
    decided({ peerId: identity.peerId, admitted: false, reason, words: lastRefused })
  }

  /** A third peer's credential must pass what admission asks of a connected one's. */
  async function checkThird(token: string): Promise<Credential | Refused> {
    const checked = await verifyCredential(token, options.authorities, utc())
    if ('reason' in checked) return checked
    return admissionRefusal(checked, checked.peerId, { peerId: identity.peerId, ...options.policy }) ?? checked
  }

  async function askWhomItKnows(peerId: string): Promise<void> {
    const peer = peers.get(peerId)
    if (peer === undefined) return
    try {
      while (await askOnce(peer.connection));
    } catch (error) {
      log('peers-unanswered', { peerId, reason: (error as Error).message })
    }
  }

  /** @returns whether there is more to ask for */
  async function askOnce(connection: Connection, withinMs = SLOW_LINK_MS): Promise<boolean> {
    const peerId = connection.remotePeer.toString()
    const signal = AbortSignal.timeout(withinMs)
    return known.heardFrom(peerId, await ask(connection, PEERS_PROTOCOL, known.question(peerId), signal, pace))
  }

  // Dead connections -------------------------------------------------------------------------------------------------

  const suspected = new WeakSet<Connection>()
  /**
   * Something on this connection did not come in time, or it is its turn. It is asked a question that any live one
   * answers; TCP alone would notice after minutes that the other side has gone, or the network in between. What is dead is
   * cut, so that the other addresses are tried at once.
   */
  async function suspect(connection: Connection, leastMs = SUSPECT_MS): Promise<void> {
    if (suspected.has(connection) || connection.status !== 'open') return
    suspected.add(connection)
    // Admission takes two seconds at the least, and more where the handshake was slow.
    const withinMs = Math.max(leastMs, patience.get(connection) ?? 0)
    const began = now()
    try {
      await askOnce(connection, withinMs)
    } catch (error) {
      if ((error as MeshError).code === 'MESH_REFUSED' || connection.status !== 'open' || stopping) return
      // A time-out that comes late says that this process was held up, and nothing of the other side.
      if (now() - began > 1.5 * withinMs) return
      const peerId = connection.remotePeer.toString()
      log('connection-dead', { peerId, address: connection.remoteAddr.toString() })
      find.wasDead(peerId, connection.remoteAddr.toString())
      connection.abort(new Error('dead'))
      find.dialNow()
    } finally {
      suspected.delete(connection)
    }
  }

  /** An interface has come or gone: what ran over it is dead, and others must hear of it. */
  let lastAddresses: string | undefined
  function watchAddresses(): void {
    const addresses = node.getMultiaddrs().join()
    if (lastAddresses !== undefined && addresses !== lastAddresses) {
      log('addresses-changed', { addresses })
      for (const { up, connection } of peers.values()) if (up) void suspect(connection)
    }
    lastAddresses = addresses
  }

  function sweep(): void {
    for (const [peerId, peer] of peers) {
      if (!isLive(peer.credential, utc())) expel(peerId, 'credential has expired')
      else if (isRevoked(peer.credential)) expel(peerId, 'credential is revoked')
    }
    const up = [...peers].filter(([, peer]) => peer.up && isMachine(peer.credential))
    for (const [, { connection }] of up) {
      if (options.chance() < 1000 / ASK_PEERS_EVERY_MS) void suspect(connection, ROUTINE_MS)
    }
    known.sweep()
    watchAddresses()
    if (options.relay === 'use' || options.relay === undefined) relaying.refresh()
    for (const [peerId] of up) if (isRelayedPeer(peerId)) find.direct(peerId)
    void known.announce({ anyway: false })
    announceToFirst(up.length)
  }

  /** What was said before anybody was there is said again. */
  let alone = true
  function announceToFirst(peersUp: number): void {
    if (alone && peersUp > 0) setTimeout(() => void known.announce({ anyway: !stopping }), GOSSIP_RUNS_MS).unref()
    alone = peersUp === 0
  }

  const asked = exchanges({
    peerId: identity.peerId,
    pace,
    now,
    peer: peerId => peers.get(peerId),
    async self() {
      const own = await verifyCredential(shown ?? '', options.authorities, utc())
      return 'refused' in own ? undefined : own
    },
    handle: (protocol, onStream) =>
      void node
        .handle(protocol, onStream, { runOnLimitedConnection: true })
        .catch(error => log('serve-failed', { protocol, reason: (error as Error).message })),
    isHeld: peerId => wanted.has(peerId),
    reach: (peerId, timeoutMs, signal) => find.reach(peerId, timeoutMs, signal),
    onTimeout: connection => void suspect(connection),
    async dialAgain({ remotePeer, remoteAddr, direction }, signal) {
      if (options.passive === true) throw new Error('this peer never dials')
      const id = remotePeer.toString()
      const addresses = direction === 'outbound' ? [String(remoteAddr)] : find.addressesOf(id)
      if (addresses.length === 0) throw new Error('no address known')
      return node.dial(
        addresses.map(address => multiaddr(address)),
        { force: true, signal },
      )
    },
  })

  node.addEventListener('connection:open', ({ detail }) => onConnection(detail))
  node.addEventListener('connection:close', ({ detail }) => onConnectionClosed(detail))
  node.addEventListener('peer:disconnect', ({ detail }) => forget(detail.toString()))
  node.addEventListener('peer:discovery', ({ detail }) => {
    find.heardOf(detail.id.toString(), detail.multiaddrs.map(String))
  })
  node.addEventListener('peer:identify', ({ detail }) => {
    if (!admitted(detail.peerId)) return
    const id = detail.peerId.toString()
    if (detail.protocols.includes(HOP_PROTOCOL)) relays.add(id)
    find.learn(id, detail.listenAddrs.map(String))
  })

  await node.handle(ADMISSION_PROTOCOL, desk.serve, { maxInboundStreams: 2, runOnLimitedConnection: true })
  await node.handle(
    PROTECTION_PROTOCOL,
    (stream, connection) => {
      if (!admittedMachine(connection.remotePeer)) return stream.abort(new Error('not admitted'))
      protection.serve(stream, connection.remotePeer.toString())
    },
    { maxInboundStreams: 4, runOnLimitedConnection: true },
  )

  const links: Links = {
    peerId: identity.peerId,
    addresses: () => node.getMultiaddrs().map(String),
    peers: () => [...peers].filter(([, peer]) => peer.up).map(([id, peer]) => describe(id, peer)),
    hold(next) {
      wanted = next
      protection.hold(next)
    },
    send(peerId, frame, ageMs) {
      pace.protection()
      return protection.send(peerId, frame, ageMs)
    },
    ask(peerId, question, patience) {
      pace.protection()
      return protection.ask(peerId, question, patience)
    },
    onAsk: answer =>
      protection.onAsk((from, question) => {
        pace.protection()
        return answer(from, question)
      }),
    probe: protection.probe,
    onFrame: receive =>
      protection.onFrame((from, frame, arrival) => {
        pace.protection()
        receive(from, frame, arrival)
      }),
    onLink: protection.onLink,
    subscribe(topic) {
      gossip.topicValidators.set(
        topic,
        (from, message) => VERDICTS[checkPublished(from.toString(), topic, message.data)],
      )
      if (node.status === 'started') gossip.subscribe(topic)
      else early.add(topic)
    },
    unsubscribe(topic) {
      early.delete(topic)
      if (node.status !== 'started') return
      gossip.unsubscribe(topic)
      gossip.topicValidators.delete(topic)
    },
    async publish(topic, frame) {
      if (node.status !== 'started') return 0
      return (await gossip.publish(topic, frame)).recipients.length
    },
    onPublished: check => {
      checkPublished = check
    },
    request: asked.request,
    serve: asked.serve,
    stream: asked.stream,
    serveStream: asked.serveStream,
    onPeer: listener => void peerListeners.push(listener),
    onAnnounced: listener => void announcedListeners.push(listener),
    knownPeers: () => known.size,
    learn: find.learn,
    onDecision: listener => void decisionListeners.push(listener),
    decisions: () => decisions,
    show(token) {
      shown = token
      for (const [peerId, peer] of peers) if (peer.up) void showTo(peerId, token)
      void known.announce({ anyway: true })
    },
    onRenewed: listener => void renewalListeners.push(listener),
    expel,
    refusals: () => refused,
    datagramRefusals: protection.refusals,
    lastRefusal: () => lastRefused,
    async start() {
      try {
        await node.start()
      } catch (cause) {
        throw startError(cause as Error, options.listen)
      }
      await protection.start(
        protectionPlaces(options.listen, node.getMultiaddrs().map(String), options.protection?.port),
      )
      for (const topic of early) gossip.subscribe(topic)
      gossip.topicValidators.set(ANNOUNCE_TOPIC, async (_from, message) => VERDICTS[await known.hear(message.data)])
      gossip.subscribe(ANNOUNCE_TOPIC)
      for (const seed of options.seeds) find.learn(undefined, [seed])
      recalling = true
      const remembered = await known.recall()
      recalling = false
      if (remembered > 0) log('peers-remembered', { peers: remembered })
      timers.push(setInterval(sweep, 1000))
      timers.push(setInterval(() => void known.announce({ anyway: true }), ANNOUNCE_EVERY_MS))
      timers.push(setInterval(() => void known.save(), SAVE_EVERY_MS))
      void known.announce({ anyway: true })
      if (options.passive !== true) find.start()
    },
    async stop() {
      stopping = true
      for (const timer of timers) clearInterval(timer)
      protection.stop()
      find.stop()
      await node.stop()
      await known.save()
    },
  }
  links.serve(RENEWAL_PROTOCOL, async ({ peerId }, question) => {
    await takeRenewed(peerId, z.string().max(8192).parse(fromCbor(question)))
    return new Uint8Array()
  })
  links.serve(PEERS_PROTOCOL, async (from, question) => {
    if (!isMachine(from)) throw new MeshError('MESH_REFUSED', 'for IEDs and back-end peers only')
    return known.answer(question)
  })
  links.serve(KEYS_PROTOCOL, async (from, offer) => {
    if (!isMachine(from)) throw new MeshError('MESH_REFUSED', 'for IEDs and back-end peers only')
    return protection.answerKeys(from, offer)
  })
  return links
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
