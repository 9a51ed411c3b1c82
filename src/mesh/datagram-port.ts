// Sealed datagrams to and from peers with whom keys have been agreed. How the two messages of an agreement travel, and
// what the packets say, is the caller's; docs/security.md has the whole construction.
//
// Several agreements of a pair may overlap. Both sides rank them alike: by generation, then by who began. A datagram
// that opens confirms its agreement, because only who has its keys can have sealed it; from then on this side sends
// with it, erases the older sending keys, and keeps the older receiving keys for what is still on its way.

import type { RemoteInfo } from 'node:dgram'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import {
  decodeShare,
  deriveKeys,
  encodeShare,
  type KeyShare,
  MAX_PLACES,
  newBootId,
  newEphemeralKey,
  type PairKeys,
  type Place,
} from './datagram-keys.ts'
import {
  type DatagramRefusal,
  HEADER_BYTES,
  type Opener,
  opener,
  type Sealer,
  sealer,
  TAG_BYTES,
} from './datagram-session.ts'
import { openDatagramSockets } from './datagram-socket.ts'
import { MeshError } from './mesh-error.ts'

export interface KeyLimits {
  /** How long the keys of one agreement count. The next agreement is due at nine tenths of it. */
  readonly lifeMs: number
  /** How many datagrams one key seals; likewise. */
  readonly datagrams: number
  /** How long older keys still receive. */
  readonly graceMs: number
  /** How long an agreement waits for its first datagram. */
  readonly unconfirmedMs: number
}

export const keyLimits: KeyLimits = { lifeMs: 3_600_000, datagrams: 2 ** 32, graceMs: 5000, unconfirmedMs: 10_000 }

export interface DatagramPortOptions {
  /** This peer's id. */
  readonly self: string
  /** Where to bind. Port 0 takes a free one. */
  readonly places: readonly Place[]
  /** Told to others in place of those, where a NAT lies in between. */
  readonly announce?: readonly Place[]
  /** Marks packets for routers, where the system permits. */
  readonly isMarked?: boolean
  readonly limits?: Partial<KeyLimits>
  /** Monotonic, ms. */
  now(): number
  /**
   * Authenticated, and not seen before. Called in the turn in which it came.
   * @returns whether it was one that is understood
   */
  onPacket(from: string, packet: Buffer): boolean
  log(event: string, fields: Record<string, unknown>): void
}

export interface KeysNow {
  /** An agreement waits for its first datagram. */
  readonly areAwaited: boolean
  /** There are none, or they are nearly worn out. */
  readonly areDue: boolean
}

export interface DatagramPort {
  readonly bound: readonly Place[]
  readonly marked: boolean
  /** Begins an agreement. `complete` takes the other's answer. Both throw MeshError MESH_BAD_MESSAGE. */
  offer(peerId: string): { readonly message: Uint8Array; complete(answer: Uint8Array, reachedAt?: string): void }
  /**
   * @param reachedAt the IP address of the connection that the offer came by
   * @throws MeshError MESH_BAD_MESSAGE, MESH_REFUSED (more often than a sound peer would)
   */
  answer(peerId: string, offer: Uint8Array, reachedAt?: string): Uint8Array
  /** There are keys that the other side is known to have. */
  hasKeys(peerId: string): boolean
  keys(peerId: string, now: number): KeysNow
  /** @returns false when there are no confirmed keys, or the system takes no more: it is dropped */
  send(peerId: string, packet: Uint8Array): boolean
  /** Sends with the newest keys, confirmed or not, to each place where the peer may be. */
  probe(peerId: string, packet: Uint8Array): void
  /** How many agreements with the peer stand. */
  agreements(peerId: string): number
  /** Erases all keys shared with the peer. */
  erase(peerId: string): void
  /** Erases what has had its time. To be called a few times a second. */
  tick(now: number): void
  refusals(): ReadonlyMap<DatagramRefusal, number>
  close(): void
}

interface Session {
  readonly peer: Peer
  readonly generation: number
  readonly initiator: string
  readonly boot: Uint8Array
  readonly sealer: Sealer
  readonly opener: Opener
  readonly madeAt: number
  isConfirmed: boolean
  probes: number
  probedAt: number
  /** From then on it opens nothing. */
  endsAt: number
}

interface Peer {
  readonly peerId: string
  /** In the order of their rank. */
  sessions: Session[]
  sending: Session | undefined
  endpoint: Endpoint | undefined
  candidates: Endpoint[]
  generation: number
  /** When offers were answered lately. */
  answered: number[]
}

interface Endpoint {
  readonly socket: number
  readonly address: string
  readonly port: number
}

/** The longest packet that goes into one datagram: with all headers it passes any link without being split. */
export const MAX_PACKET = 1200
/** Overlapping agreements of a pair. The lowest rank gives way. */
const MAX_SESSIONS = 3
/** Peers come here after admission only. */
const MAX_PEERS = 1024
/** What a peer may make this one send to, while its keys wait to be confirmed. */
const MAX_CANDIDATES = 8
/** So many probes go as they are asked for; after that one each `PROBE_EVERY_MS`. */
const QUICK_PROBES = 10
const PROBE_EVERY_MS = 250
const ANSWERS = 20
const ANSWERS_IN_MS = 10_000

export async function datagramPort(options: DatagramPortOptions): Promise<DatagramPort> {
  const { self, now, onPacket, log } = options
  const limits: KeyLimits = { ...keyLimits, ...options.limits }
  const boot = newBootId()
  const peers = new Map<string, Peer>()
  /** By the first six bytes of the key id that the other side sends with: a number, so that looking costs no text. */
  const byKey = new Map<number, Session>()
  const refused = new Map<DatagramRefusal, number>()
  const sockets = await openDatagramSockets({
    places: options.places,
    isMarked: options.isMarked === true,
    receive,
    log,
  })
  const places = (options.announce ?? sockets.bound.flatMap(reachable)).slice(0, MAX_PLACES)

  const keyOf = (bytes: Buffer, at: number): number => bytes.readUIntBE(at, 6)

  function receive(datagram: Buffer, socket: number, from: RemoteInfo): void {
    if (datagram.length <= HEADER_BYTES + TAG_BYTES) return refuse('size')
    const session = byKey.get(keyOf(datagram, 1))
    if (session === undefined) return refuse('unknown-key')
    const before = session.opener.greatest
    const packet = session.opener.open(datagram)
    if (typeof packet === 'string') return refuse(packet)
    if (!session.isConfirmed) confirm(session)
    const { peer } = session
    if (session.opener.greatest > before && session === peer.sending) follow(peer, socket, from)
    if (!onPacket(peer.peerId, packet)) refuse('malformed')
  }

  function refuse(reason: DatagramRefusal): void {
    refused.set(reason, (refused.get(reason) ?? 0) + 1)
  }

  /** It is sent to where it was last heard from: its NAT or its interface may have changed. */
  function follow(peer: Peer, socket: number, { address, port }: RemoteInfo): void {
    const known = peer.endpoint
    if (known !== undefined && known.port === port && known.socket === socket && known.address === address) return
    peer.endpoint = { socket, address, port }
  }

  // Agreements -------------------------------------------------------------------------------------------------------

  function peerOf(peerId: string): Peer {
    const known = peers.get(peerId)
    if (known !== undefined) return known
    if (peers.size >= MAX_PEERS) throw new MeshError('MESH_REFUSED', `keys: ${MAX_PEERS} peers have keys here already`)
    const peer: Peer = {
      peerId,
      sessions: [],
      sending: undefined,
      endpoint: undefined,
      candidates: [],
      generation: 0,
      answered: [],
    }
    peers.set(peerId, peer)
    return peer
  }

  function install(peer: Peer, initiator: string, generation: number, other: KeyShare, keys: PairKeys): void {
    const [own, theirs] = initiator === self ? [keys.initiator, keys.responder] : [keys.responder, keys.initiator]
    // One in 2^48. The next agreement has other keys.
    if (byKey.has(keyOf(theirs.id, 0))) throw new MeshError('MESH_REFUSED', 'keys: this key id is taken, agree anew')
    const session: Session = {
      peer,
      generation,
      initiator,
      boot: other.boot,
      sealer: sealer(own, limits.datagrams),
      opener: opener(theirs, limits.datagrams),
      madeAt: now(),
      isConfirmed: false,
      probes: 0,
      probedAt: Number.NEGATIVE_INFINITY,
      endsAt: now() + limits.lifeMs + limits.graceMs,
    }
    for (const earlier of peer.sessions) if (Buffer.compare(earlier.boot, other.boot) !== 0) end(earlier)
    peer.generation = Math.max(peer.generation, generation)
    peer.sessions.push(session)
    peer.sessions.sort((a, b) => a.generation - b.generation || (a.initiator < b.initiator ? -1 : 1))
    byKey.set(keyOf(theirs.id, 0), session)
    while (peer.sessions.length > MAX_SESSIONS) {
      end(peer.sessions.find(each => each !== peer.sending && each !== session) as Session)
    }
  }

  function confirm(session: Session): void {
    const { peer } = session
    session.isConfirmed = true
    const place = peer.sessions.indexOf(session)
    if (peer.sending !== undefined && peer.sessions.indexOf(peer.sending) > place) return
    peer.sending = session
    for (const earlier of peer.sessions.slice(0, place)) {
      earlier.sealer.erase()
      earlier.endsAt = Math.min(earlier.endsAt, now() + limits.graceMs)
    }
  }

  function end(session: Session): void {
    const { peer } = session
    session.sealer.erase()
    session.opener.erase()
    byKey.delete(keyOf(session.opener.id, 0))
    peer.sessions = peer.sessions.filter(each => each !== session)
    if (peer.sending === session) peer.sending = undefined
  }

  function erase(peerId: string): void {
    for (const session of peers.get(peerId)?.sessions ?? []) end(session)
    peers.delete(peerId)
  }

  function candidatesOf(other: KeyShare, reachedAt: string | undefined): Endpoint[] {
    const family = reachedAt === undefined ? 0 : isIP(reachedAt)
    const ports = new Set(other.places.filter(({ address }) => isIP(address) === family).map(({ port }) => port))
    const reached = family === 0 ? [] : [...ports].map(port => ({ address: reachedAt as string, port }))
    const found = new Map<string, Endpoint>()
    for (const { address, port } of [...reached, ...other.places]) {
      for (const [socket, place] of sockets.bound.entries()) {
        if (isIP(place.address) !== isIP(address)) continue
        found.set(`${socket} ${address} ${port}`, { socket, address, port })
      }
    }
    return [...found.values()].slice(0, MAX_CANDIDATES)
  }

  return {
    bound: sockets.bound,
    get marked() {
      return sockets.marked
    },
    offer(peerId) {
      const own = newEphemeralKey()
      const generation = peerOf(peerId).generation + 1
      const message = encodeShare({ boot, publicKey: own.publicKey, generation, places })
      return {
        message,
        complete(answer, reachedAt) {
          const other = decodeShare(answer)
          const peer = peerOf(peerId)
          if (other.generation < generation)
            throw new MeshError('MESH_BAD_MESSAGE', 'keys: the answer is of an older agreement')
          const keys = deriveKeys({
            own,
            other: other.publicKey,
            initiator: { peerId: self, boot, message },
            responder: { peerId, boot: other.boot, message: answer },
          })
          install(peer, self, other.generation, other, keys)
          peer.candidates = candidatesOf(other, reachedAt)
        },
      }
    },
    answer(peerId, offer, reachedAt) {
      const other = decodeShare(offer)
      const peer = peerOf(peerId)
      peer.answered = peer.answered.filter(at => now() - at < ANSWERS_IN_MS)
      if (peer.answered.length >= ANSWERS)
        throw new MeshError('MESH_REFUSED', 'keys: agreed too often, wait ten seconds')
      peer.answered.push(now())
      const own = newEphemeralKey()
      const generation = Math.max(peer.generation + 1, other.generation)
      const message = encodeShare({ boot, publicKey: own.publicKey, generation, places })
      const keys = deriveKeys({
        own,
        other: other.publicKey,
        initiator: { peerId, boot: other.boot, message: offer },
        responder: { peerId: self, boot, message },
      })
      install(peer, peerId, generation, other, keys)
      peer.candidates = candidatesOf(other, reachedAt)
      return message
    },
    agreements: peerId => peers.get(peerId)?.sessions.length ?? 0,
    hasKeys: peerId => peers.get(peerId)?.sending !== undefined,
    keys(peerId, at) {
      const peer = peers.get(peerId)
      const newest = peer?.sessions.at(-1)
      const isWorn =
        newest === undefined ||
        at - newest.madeAt >= limits.lifeMs * 0.9 ||
        newest.sealer.sent >= limits.datagrams * 0.9
      return {
        areAwaited: newest?.isConfirmed === false,
        areDue: isWorn,
      }
    },
    send(peerId, packet) {
      const peer = peers.get(peerId)
      if (peer?.sending === undefined || peer.endpoint === undefined || packet.length > MAX_PACKET) return false
      const datagram = peer.sending.sealer.seal(packet)
      const { socket, address, port } = peer.endpoint
      return datagram !== undefined && sockets.send(datagram, socket, address, port)
    },
    probe(peerId, packet) {
      const peer = peers.get(peerId)
      const newest = peer?.sessions.at(-1)
      if (peer === undefined || newest === undefined || packet.length > MAX_PACKET) return
      const at = now()
      if (newest.probes >= QUICK_PROBES && at - newest.probedAt < PROBE_EVERY_MS) return
      newest.probes++
      newest.probedAt = at
      for (const { socket, address, port } of peer.candidates) {
        const datagram = newest.sealer.seal(packet)
        if (datagram !== undefined) sockets.send(datagram, socket, address, port)
      }
    },
    erase,
    tick(at) {
      for (const peer of peers.values()) {
        for (const session of [...peer.sessions]) {
          if (at >= session.endsAt || (!session.isConfirmed && at - session.madeAt >= limits.unconfirmedMs))
            end(session)
          else if (at - session.madeAt >= limits.lifeMs) {
            session.sealer.erase()
            if (peer.sending === session) peer.sending = undefined
          }
        }
      }
    },
    refusals: () => refused,
    close() {
      for (const peerId of [...peers.keys()]) erase(peerId)
      sockets.close()
    },
  }
}

/** An unspecified address stands for those of the interfaces. */
function reachable({ address, port }: Place): Place[] {
  if (address !== '0.0.0.0' && address !== '::') return [{ address, port }]
  const family = isIP(address) === 6 ? 'IPv6' : 'IPv4'
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(each => each.family === family && !each.internal && !each.address.startsWith('fe80'))
    .map(each => ({ address: each.address, port }))
}
