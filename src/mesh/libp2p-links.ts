// Links over libp2p: tcp, noise, yamux, identify, ping, mdns and gossipsub. libp2p's types stay in this folder.
//
// A connection is worth nothing until admission has succeeded on it, both ways; libp2p's own services are gated on that
// too. Peers are found by mDNS, by configured addresses, by what they were known as before, and by asking each admitted
// peer whom it knows. Found addresses are hints: who answers there is proved by noise and by the credential.

import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
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
import { addressBook, type Contact } from './address-book.ts'
import { ADMISSION_MS, ADMISSION_PROTOCOL, type AdmissionPolicy } from './admission.ts'
import { admissionDesk } from './admission-desk.ts'
import { gated } from './admission-gate.ts'
import { type Credential, isLive, type TrustedAuthority, verifyCredential } from './credential.ts'
import { KEYS_PROTOCOL } from './datagram-keys.ts'
import { PROTECTION_PROTOCOL } from './held-stream.ts'
import type { Identity } from './identity.ts'
import type { AdmissionDecision, LinkPeer, Links } from './links.ts'
import { MeshError } from './mesh-error.ts'
import { type ProtectionSettings, protectionDefaults, protectionLinks } from './protection-links.ts'
import { protectionPlaces } from './protection-places.ts'
import { quietLogger } from './quiet-logger.ts'
import { printable, type RefusalReason, type Refused, refusal } from './refusal.ts'
import { answer, ask } from './request.ts'

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
  /** Monotonic, ms. */
  now(): number
  utc(): UtcMs
  chance(): number
  log(event: string, fields: Record<string, unknown>): void
  readonly maxPeers?: number
}

interface Peer {
  readonly credential: Credential
  connection: Connection
  readonly connectedSince: number
  /** Both sides have admitted each other: we may open streams. */
  up: boolean
}

const PEERS_PROTOCOL = '/feedermesh/peers/1.0.0'
const MACHINE = (credential: Credential): boolean =>
  credential.roles.includes('IED') || credential.roles.includes('BACKEND')
const VERDICTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}
/** These say nothing of the peer, whose other connection may be up. */
const UNFINISHED: ReadonlySet<RefusalReason> = new Set([
  'no answer',
  'admission did not finish',
  'no admission within two seconds',
])
const DIAL_EVERY_MS = 250
/** Every query is answered by every peer of the LAN to every peer of the LAN; the first one goes out at the start. */
const MDNS_EVERY_MS = 30_000
const ASK_PEERS_EVERY_MS = 10_000
const IDENTIFY_AGAIN_MS = [1000, 3000, 9000]
const DIALS_AT_ONCE = 16
const DECISIONS_KEPT = 200

/** @throws MeshError MESH_ADDRESS_IN_USE from `start` */
export async function libp2pLinks(options: Libp2pLinksOptions): Promise<Links> {
  const { identity, now, utc, log } = options
  const maxPeers = options.maxPeers ?? 64
  const book = addressBook(options.chance)
  const peers = new Map<string, Peer>()
  const refused = new Map<RefusalReason, number>()
  let lastRefused: string | undefined
  let shown = options.credential
  const decisions: AdmissionDecision[] = []
  const decisionListeners: Parameters<Links['onDecision']>[0][] = []
  const timers: NodeJS.Timeout[] = []
  let checkPublished: Parameters<Links['onPublished']>[0] = () => 'ignore'
  const peerListeners: Parameters<Links['onPeer']>[0][] = []
  /** Topics subscribed to before the start. */
  const early = new Set<string>()
  let stopping = false

  const admitted = (peerId: PeerId): boolean => peers.has(peerId.toString())
  const admittedMachine = (peerId: PeerId): boolean => {
    const peer = peers.get(peerId.toString())
    return peer !== undefined && MACHINE(peer.credential)
  }

  const node = await createLibp2p({
    start: false,
    logger: quietLogger(),
    privateKey: identity.libp2pKey,
    addresses: { listen: [...options.listen], ...(options.announce ? { announce: [...options.announce] } : {}) },
    transports: [tcp({ socket: { noDelay: true } } as Parameters<typeof tcp>[0])],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // Many IEDs stand behind one address: a substation, a laboratory, this machine.
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 256, maxConnections: 1024 },
    // Clears dead sockets only: neighbours notice silence by the beats of their held streams.
    connectionMonitor: { pingInterval: 15_000, pingTimeout: { minTimeout: 5000, maxTimeout: 10_000 } },
    ...(options.mdns
      ? { peerDiscovery: [mdns({ serviceTag: '_feedermesh._udp.local', interval: MDNS_EVERY_MS })] }
      : {}),
    services: {
      identify: gated(identify({ runOnConnectionOpen: false, maxInboundStreams: 8 }), admitted),
      ping: gated(ping(), admitted),
      gossip: gated(
        gossipsub({
          // Envelopes carry a signature of their own; the same bytes published twice are one message.
          globalSignaturePolicy: StrictNoSign,
          msgIdFn: message => createHash('sha256').update(message.topic).update(message.data).digest(),
          scoreParams: { IPColocationFactorWeight: 0 },
          allowPublishToZeroTopicPeers: true,
          maxInboundDataLength: 256 * 1024,
          // The first hop floods to all peers, so the mesh behind it only has to bridge what is not directly connected.
          D: 3,
          Dlo: 2,
          Dhi: 5,
          Dout: 1,
          Dscore: 1,
        }),
        admittedMachine,
      ),
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
  })

  function refuse({ reason, refused: words }: Refused, connection: Connection): void {
    if (!UNFINISHED.has(reason)) protection.erase(connection.remotePeer.toString())
    refused.set(reason, (refused.get(reason) ?? 0) + 1)
    lastRefused = printable(words)
    log('peer-refused', { peerId: connection.remotePeer.toString(), reason, words: lastRefused })
    decided({ peerId: connection.remotePeer.toString(), admitted: false, reason, words: lastRefused })
    connection.close().catch(() => connection.abort(new Error('not admitted')))
  }

  function decided(
    about: Pick<AdmissionDecision, 'peerId' | 'admitted' | 'reason' | 'words'>,
    who?: Pick<Credential, 'name' | 'organisation'>,
  ): void {
    const decision = { ...about, name: who?.name, organisation: who?.organisation, atMs: now() }
    decisions.push(decision)
    if (decisions.length > DECISIONS_KEPT) decisions.shift()
    for (const listener of decisionListeners) listener(decision)
  }

  // Admission --------------------------------------------------------------------------------------------------------

  const desk = admissionDesk({
    credential: () => shown,
    authorities: options.authorities,
    policy: { ...options.policy, peerId: identity.peerId },
    utc,
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
    book.reached(peerId, now())
    if (MACHINE(peer.credential)) void identifyBack(connection)
    if (peer.up) return
    peer.up = true
    decided({ peerId, admitted: true, reason: undefined, words: 'admitted' }, peer.credential)
    tell(peerId, peer, 'up')
    if (MACHINE(peer.credential)) void askWhomItKnows(peerId)
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

  function forget(peerId: string): void {
    const peer = peers.get(peerId)
    if (peer === undefined) return
    peers.delete(peerId)
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
      return protection.quality(peerId)
    },
  })

  function onConnection(connection: Connection): void {
    setTimeout(() => {
      if (connection.status !== 'open' || peers.has(connection.remotePeer.toString())) return
      refuse(refusal('no admission within two seconds'), connection)
    }, ADMISSION_MS).unref()
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
    if (other === undefined) forget(peerId)
    else if (peer.connection.id === connection.id) peer.connection = other
  }

  // Discovery --------------------------------------------------------------------------------------------------------

  const tagged = (address: string, peerId: string): string =>
    address.includes('/p2p/') ? address : `${address}/p2p/${peerId}`

  function learn(peerId: string | undefined, addresses: readonly string[], waitMs = 0): void {
    if (peerId === identity.peerId) return
    book.learn(peerId, peerId === undefined ? addresses : addresses.map(a => tagged(a, peerId)), now(), waitMs)
  }

  let dialling = 0
  async function dialDue(): Promise<void> {
    if (stopping || node.status !== 'started') return
    for (const contact of book.due(now())) {
      if (dialling >= DIALS_AT_ONCE) return
      if (isConnected(contact) || peers.size >= maxPeers) continue
      book.trying(contact, now())
      dialling++
      node
        .dial(
          [...contact.addresses].map(address => multiaddr(address)),
          { signal: AbortSignal.timeout(3000) },
        )
        .catch(error => log('dial-failed', { to: [...contact.addresses][0], reason: (error as Error).message }))
        .finally(() => dialling--)
    }
  }

  function isConnected(contact: Contact): boolean {
    const connections = node.getConnections()
    if (contact.peerId !== undefined) return connections.some(c => c.remotePeer.toString() === contact.peerId)
    return connections.some(({ remoteAddr }) =>
      [...contact.addresses].some(address => `${remoteAddr}/`.startsWith(`${address}/`)),
    )
  }

  async function askWhomItKnows(peerId: string): Promise<void> {
    const peer = peers.get(peerId)
    if (peer === undefined) return
    try {
      const bytes = await ask(peer.connection, PEERS_PROTOCOL, new Uint8Array(), AbortSignal.timeout(3000))
      for (const [id, addresses] of knownPeers.parse(fromCbor(bytes))) learn(id, addresses, waitFor(id))
    } catch (error) {
      log('peers-unanswered', { peerId, reason: (error as Error).message })
    }
  }

  /** Both of a pair hear of each other at about the same time; the one with the lower id dials first. */
  const waitFor = (peerId: string): number => (identity.peerId < peerId ? 0 : 2000)

  function whomWeKnow(): Uint8Array {
    const list = [...peers.entries()]
      .filter(([, peer]) => MACHINE(peer.credential))
      .slice(0, 256)
      .map(([id]) => [id, (reachableAt.get(id) ?? []).slice(0, 8)])
    return toCbor(list)
  }

  /** Listening addresses that admitted peers told by identify; the remote end of an inbound connection is no such. */
  const reachableAt = new Map<string, string[]>()

  function sweep(): void {
    for (const [peerId, peer] of peers) {
      if (isLive(peer.credential, utc())) continue
      forget(peerId)
      for (const connection of node.getConnections(peerIdFromString(peerId)))
        refuse(refusal('credential has expired'), connection)
    }
    const up = [...peers].filter(([, peer]) => peer.up && MACHINE(peer.credential))
    const chosen = up[Math.floor(options.chance() * up.length)]
    if (chosen !== undefined && options.chance() < 1000 / ASK_PEERS_EVERY_MS) void askWhomItKnows(chosen[0])
  }

  node.addEventListener('connection:open', ({ detail }) => onConnection(detail))
  node.addEventListener('connection:close', ({ detail }) => onConnectionClosed(detail))
  node.addEventListener('peer:disconnect', ({ detail }) => forget(detail.toString()))
  node.addEventListener('peer:discovery', ({ detail }) => {
    const id = detail.id.toString()
    learn(id, detail.multiaddrs.map(String), waitFor(id))
  })
  node.addEventListener('peer:identify', ({ detail }) => {
    const id = detail.peerId.toString()
    if (admitted(detail.peerId)) reachableAt.set(id, detail.listenAddrs.map(String))
  })

  await node.handle(ADMISSION_PROTOCOL, desk.serve, { maxInboundStreams: 2 })
  await node.handle(
    PROTECTION_PROTOCOL,
    (stream, connection) => {
      if (!admittedMachine(connection.remotePeer)) return stream.abort(new Error('not admitted'))
      protection.serve(stream, connection.remotePeer.toString())
    },
    { maxInboundStreams: 4 },
  )

  /** What others may ask of this peer, it may ask of itself, with its own credential. */
  const own = new Map<string, Parameters<Links['serve']>[1]>()
  async function askSelf(protocol: string, question: Uint8Array): Promise<Uint8Array> {
    const handler = own.get(protocol)
    const self = await verifyCredential(shown ?? '', options.authorities, utc())
    if (handler === undefined || 'refused' in self) {
      throw new MeshError('MESH_UNREACHABLE', `${protocol} is not served by this peer`)
    }
    try {
      return await handler(self, question)
    } catch (cause) {
      throw new MeshError('MESH_REFUSED', (cause as Error).message, { cause })
    }
  }

  const links: Links = {
    peerId: identity.peerId,
    addresses: () => node.getMultiaddrs().map(String),
    peers: () => [...peers].filter(([, peer]) => peer.up).map(([id, peer]) => describe(id, peer)),
    hold: protection.hold,
    send: protection.send,
    ask: protection.ask,
    onAsk: protection.onAsk,
    probe: protection.probe,
    onFrame: protection.onFrame,
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
    async request(peerId, protocol, question, { timeoutMs, signal }) {
      if (peerId === identity.peerId) return askSelf(protocol, question)
      const peer = peers.get(peerId)
      if (peer?.up !== true) throw new MeshError('MESH_UNREACHABLE', `${peerId} is not connected`)
      const timeout = AbortSignal.timeout(timeoutMs)
      return ask(peer.connection, protocol, question, signal ? AbortSignal.any([timeout, signal]) : timeout)
    },
    serve(protocol, handler) {
      own.set(protocol, handler)
      const serveStream = (stream: Stream, connection: Connection) => {
        const peer = peers.get(connection.remotePeer.toString())
        if (peer === undefined) return stream.abort(new Error('not admitted'))
        void answer(stream, question => handler(peer.credential, question))
      }
      void node
        .handle(protocol, serveStream)
        .catch(error => log('serve-failed', { protocol, reason: (error as Error).message }))
    },
    onPeer: listener => void peerListeners.push(listener),
    learn,
    onDecision: listener => void decisionListeners.push(listener),
    decisions: () => decisions,
    show(token) {
      shown = token
    },
    expel(peerId, reason) {
      protection.erase(peerId)
      forget(peerId)
      for (const connection of node.getConnections(peerIdFromString(peerId))) refuse(refusal(reason), connection)
    },
    refusals: () => refused,
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
      for (const seed of options.seeds) learn(undefined, [seed])
      timers.push(setInterval(sweep, 1000))
      if (options.passive === true) return
      timers.push(setInterval(() => void dialDue(), DIAL_EVERY_MS))
      void dialDue()
    },
    async stop() {
      stopping = true
      for (const timer of timers) clearInterval(timer)
      protection.stop()
      await node.stop()
    },
  }
  links.serve(PEERS_PROTOCOL, async from => {
    if (!MACHINE(from)) throw new MeshError('MESH_REFUSED', 'for IEDs and back-end peers only')
    return whomWeKnow()
  })
  links.serve(KEYS_PROTOCOL, async (from, offer) => {
    if (!MACHINE(from)) throw new MeshError('MESH_REFUSED', 'for IEDs and back-end peers only')
    return protection.answerKeys(from, offer)
  })
  return links
}

const knownPeers = z.array(z.tuple([z.string().max(128), z.array(z.string().max(256)).max(8)])).max(256)

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
