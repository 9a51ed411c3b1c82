// Links over libp2p. libp2p's types stay in this folder.
//
// A connection is worth nothing until admission has succeeded on it, both ways; libp2p's own services are gated on that
// too. This file puts the parts together: the node (`libp2p-node.ts`), who is admitted (`peer-table.ts`), how peers are
// found (`finding-peers.ts`), protection links (`protection-links.ts`), topics (`gossip-topics.ts`), questions
// (`exchanges.ts`).

import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { UtcMs } from '../../topology/units.ts'
import { ADMISSION_PROTOCOL, type AdmissionPolicy, admissionMs } from './admission.ts'
import { admissionDesk } from './admission-desk.ts'
import { admissionRecord } from './admission-record.ts'
import { bulkPace } from './bulk-pace.ts'
import { type Credential, isLive, type TrustedAuthority } from './credential.ts'
import { KEYS_PROTOCOL } from './datagram-keys.ts'
import { isRelayed } from './dial-addresses.ts'
import type { DialSettings } from './dialling.ts'
import { exchanges } from './exchanges.ts'
import { findingPeers } from './finding-peers.ts'
import { gossipStanding } from './gossip-standing.ts'
import { gossipTopics } from './gossip-topics.ts'
import { PROTECTION_PROTOCOL } from './held-stream.ts'
import type { Identity } from './identity.ts'
import { ANNOUNCE_TOPIC, type Announcements, isMachine, PEERS_PROTOCOL, type PeerMemory } from './known-peers.ts'
import { libp2pNode, startNode } from './libp2p-node.ts'
import type { LinkPeer, LinkQuality, Links } from './links.ts'
import { type AdmittedPeer, peerTable } from './peer-table.ts'
import { type ProtectionSettings, protectionDefaults, protectionLinks } from './protection-links.ts'
import { protectionPlaces } from './protection-places.ts'
import { guarded } from './protocols.ts'
import { type RefusalReason, refusal } from './refusal.ts'
import { HOP_PROTOCOL, type RelayLimits, type RelayMode, relayUse } from './relay.ts'
import { RENEWAL_PROTOCOL, shownCredential } from './shown-credential.ts'

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
  /** Whose announcements it takes; all by default. */
  readonly announcements?: Announcements
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

const IDENTIFY_AGAIN_MS = [1000, 3000, 9000]
/** Each time all hear of it once; a change of address is announced within a second. */
const ANNOUNCE_EVERY_MS = 600_000
const SAVE_EVERY_MS = 5000
/** @throws MeshError MESH_ADDRESS_IN_USE from `start` */
export async function libp2pLinks(options: Libp2pLinksOptions): Promise<Links> {
  const { identity, now, utc, log } = options
  const record = admissionRecord(now)
  let wanted: ReadonlySet<string> = new Set()
  const timers: NodeJS.Timeout[] = []
  const peerListeners: Parameters<Links['onPeer']>[0][] = []
  const renewalListeners: Parameters<Links['onRenewed']>[0][] = []
  const malformedListeners: Parameters<Links['onMalformed']>[0][] = []
  /** Connected peers that serve as relay. */
  const relays = new Set<string>()
  let stopping = false
  /** What is protection holds back what is bulk: `pace.protection()` wherever a protection message comes or goes. */
  const pace = bulkPace(now)
  const policy: AdmissionPolicy = { ...options.policy, peerId: identity.peerId }
  const isRevoked = (credential: Credential): boolean => policy.isRevoked?.(credential) === true

  const admitted = (peerId: PeerId): boolean => peers.has(peerId.toString())
  const admittedMachine = (peerId: PeerId): boolean => {
    const peer = peers.get(peerId.toString())
    return peer !== undefined && isMachine(peer.credential)
  }

  const peers = peerTable({
    record,
    isRevoked,
    connectionsTo: peerId => node.getConnections(peerIdFromString(peerId)),
    eraseKeys: peerId => protection.erase(peerId),
    reached(peerId, connection, credential) {
      find.reached(peerId, connection)
      if (isMachine(credential)) void identifyBack(connection)
    },
    changed: tell,
    moved({ up, credential }, connection) {
      // Gossip's stream may have gone with the one that closed; it opens another when it hears an identify.
      if (up && isMachine(credential)) void identifyBack(connection)
    },
    direct: ({ credential }) => find.noLongerRelayed(credential.peerId),
    suspect: connection => dead.suspect(connection),
    now,
    log,
  })

  const relaying = relayUse({
    peerId: identity.peerId,
    isAdmitted: admitted,
    relays: () => [...relays].filter(id => peers.isUp(id) && !peers.isRelayed(id)),
    now,
    log,
  })

  const standing = gossipStanding(now)
  const node = await libp2pNode({
    identity,
    listen: options.listen,
    announce: options.announce,
    mdns: options.mdns,
    relay: options.relay,
    relayLimits: options.relayLimits,
    relaying,
    isAdmitted: admitted,
    isAdmittedMachine: admittedMachine,
    gossipScore: standing.score,
  })
  const isStarted = (): boolean => node.status === 'started'
  const topics = gossipTopics(node.services.gossip, isStarted, standing)

  const protection = protectionLinks({
    self: identity.peerId,
    settings: { ...protectionDefaults, ...options.protection },
    now,
    log,
    counts: credential => isLive(credential, utc()) && !isRevoked(credential),
    connection(peerId) {
      const peer = peers.get(peerId)
      return peer?.up === true && peer.connection.status === 'open' ? peer.connection : undefined
    },
    credential: peerId => peers.get(peerId)?.credential,
    request: (peerId, protocol, question, patience) => links.request(peerId, protocol, question, patience),
    onStreamSilent(peerId) {
      const peer = peers.get(peerId)
      if (peer?.up === true) dead.suspect(peer.connection)
    },
  })

  // Admission --------------------------------------------------------------------------------------------------------

  const credential = shownCredential({
    token: options.credential,
    authorities: options.authorities,
    policy,
    peers,
    record,
    pace,
    renewed(peerId, peer) {
      const description = describe(peerId, peer)
      for (const listener of renewalListeners) listener(description)
    },
    utc,
    log,
  })
  /** How long admission may take on each connection. */
  const patience = new WeakMap<Connection, number>()
  const desk = admissionDesk({
    credential: credential.token,
    authorities: options.authorities,
    policy,
    utc,
    patienceMs: connection => patience.get(connection) ?? admissionMs(0),
    admit: peers.admit,
    bringUp: peers.bringUp,
    refuse: peers.refuse,
    drop: peers.drop,
  })

  function onConnection(connection: Connection): void {
    // The handshake has just shown how slow the link is: three round trips, as admission takes.
    const waitMs = admissionMs(Date.now() - connection.timeline.open)
    patience.set(connection, waitMs)
    setTimeout(() => {
      if (connection.status !== 'open' || peers.has(connection.remotePeer.toString())) return
      peers.refuse(refusal('no admission in time'), connection)
    }, waitMs).unref()
    if (connection.direction !== 'outbound') return
    void desk.seek(connection)
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

  function expel(peerId: string, reason: RefusalReason): void {
    known.forget(peerId)
    peers.expel(peerId, reason)
  }

  function tell(peerId: string, peer: AdmittedPeer, state: 'up' | 'down'): void {
    if (state === 'up') protection.up(peerId)
    else relays.delete(peerId)
    const description = describe(peerId, peer)
    for (const listener of peerListeners) listener(description, state)
    if (state === 'up') found.up(peer)
  }

  function malformed(peerId: string): void {
    for (const listener of malformedListeners) listener(peerId)
  }

  const describe = (peerId: string, peer: AdmittedPeer): LinkPeer => ({
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

  // Finding peers ----------------------------------------------------------------------------------------------------

  const found = findingPeers({
    node,
    identity,
    credential,
    policy,
    authorities: options.authorities,
    peers,
    record,
    pace,
    wanted: () => wanted,
    settings: { ...options.dialling, ...(options.maxPeers === undefined ? {} : { maxPeers: options.maxPeers }) },
    announce: options.announce,
    relayAddresses: relaying.addresses,
    memory: options.memory,
    patienceMs: connection => patience.get(connection) ?? 0,
    gossip: raw => topics.publish(ANNOUNCE_TOPIC, raw),
    takes: options.announcements ?? 'all',
    malformed,
    chance: options.chance,
    now,
    utc,
    log,
  })
  const { find, known, dead } = found

  function sweep(): void {
    for (const [peerId, peer] of peers.entries()) {
      if (!isLive(peer.credential, utc())) expel(peerId, 'credential has expired')
      else if (isRevoked(peer.credential)) expel(peerId, 'credential is revoked')
    }
    if (options.relay === 'use' || options.relay === undefined) relaying.refresh()
    found.sweep()
  }

  const asked = exchanges({
    peerId: identity.peerId,
    pace,
    now,
    peer: peers.get,
    self: credential.own,
    handle: (protocol, onStream) =>
      void node
        .handle(protocol, onStream, { runOnLimitedConnection: true })
        .catch(error => log('serve-failed', { protocol, reason: (error as Error).message })),
    isHeld: peerId => wanted.has(peerId),
    reach: (peerId, timeoutMs, signal) => find.reach(peerId, timeoutMs, signal),
    onTimeout: dead.suspect,
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
  node.addEventListener('connection:close', ({ detail }) => peers.closed(detail))
  node.addEventListener('peer:disconnect', ({ detail }) => peers.forget(detail.toString()))
  node.addEventListener('peer:discovery', ({ detail }) => {
    find.heardOf(detail.id.toString(), detail.multiaddrs.map(String))
  })
  node.addEventListener('peer:identify', ({ detail }) => {
    if (!admitted(detail.peerId)) return
    const id = detail.peerId.toString()
    if (peers.isUp(id) && detail.protocols.includes(HOP_PROTOCOL)) relays.add(id)
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
    peers: () => [...peers.entries()].filter(([, peer]) => peer.up).map(([id, peer]) => describe(id, peer)),
    hold(next) {
      wanted = next
      protection.hold(next)
    },
    send(peerId, frame, ageMs, label) {
      pace.protection()
      return protection.send(peerId, frame, ageMs, label)
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
    subscribe: topics.subscribe,
    unsubscribe: topics.unsubscribe,
    publish: topics.publish,
    onPublished: topics.onPublished,
    request: asked.request,
    serve: asked.serve,
    stream: asked.stream,
    serveStream: asked.serveStream,
    onPeer: listener => void peerListeners.push(listener),
    onAnnounced: found.onAnnounced,
    knownPeers: () => known.size,
    announced: () =>
      known.all().map(({ credential, announcement }) => ({ credential, addresses: announcement.addresses })),
    learn: find.learn,
    onDecision: record.onDecision,
    decisions: record.decisions,
    show(token) {
      credential.show(token)
      void known.announce({ anyway: true })
    },
    onRenewed: listener => void renewalListeners.push(listener),
    onMalformed: listener => void malformedListeners.push(listener),
    expel,
    refusals: record.refusals,
    datagramRefusals: protection.refusals,
    lastRefusal: record.lastRefusal,
    async start() {
      await startNode(node, options.listen)
      await protection.start(
        protectionPlaces(options.listen, node.getMultiaddrs().map(String), options.protection?.port),
      )
      topics.start()
      if (options.announcements !== 'own') topics.take(ANNOUNCE_TOPIC, known.hear)
      await found.recall(options.seeds)
      if (stopping) return
      timers.push(setInterval(sweep, 1000))
      timers.push(setInterval(() => void known.announce({ anyway: true }), ANNOUNCE_EVERY_MS))
      timers.push(setInterval(() => void known.save(), SAVE_EVERY_MS))
      void known.announce({ anyway: true })
      if (options.passive !== true) find.start()
    },
    async stop() {
      stopping = true
      for (const part of [peers, credential, found]) part.stop()
      for (const timer of timers) clearInterval(timer)
      protection.stop()
      await node.stop()
      await known.save()
    },
  }
  // The table asks for no organisation on these, so none is named.
  const own = guarded(links, { organisation: '', now, onMalformed: ({ peerId }) => malformed(peerId) })
  own.serve(RENEWAL_PROTOCOL, ({ peerId }, question) => credential.take(peerId, question))
  own.serve(PEERS_PROTOCOL, async (_from, question) => known.answer(question))
  own.serve(KEYS_PROTOCOL, async (from, offer) => protection.answerKeys(from, offer))
  return links
}
