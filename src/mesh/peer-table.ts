// The peers that are admitted, each with the connection that is used for it. Both sides may dial at once, and a relayed
// connection may be followed by a direct one: a peer is up while one of its connections is open.

import type { Connection } from '@libp2p/interface'
import type { AdmissionRecord, Claimed } from './admission-record.ts'
import type { Credential } from './credential.ts'
import { isRelayed } from './dial-addresses.ts'
import { type RefusalReason, type Refused, refusal } from './refusal.ts'

export interface AdmittedPeer {
  credential: Credential
  connection: Connection
  readonly connectedSince: number
  /** Both sides have admitted each other: we may open streams. */
  up: boolean
}

export interface PeerTableOptions {
  readonly record: AdmissionRecord
  isRevoked(credential: Credential): boolean
  connectionsTo(peerId: string): Connection[]
  /** Refused or expelled: it gets no datagrams any more. */
  eraseKeys(peerId: string): void
  /** Admitted both ways on this connection, perhaps not the first one. */
  reached(peerId: string, connection: Connection, credential: Credential): void
  changed(peerId: string, peer: AdmittedPeer, state: 'up' | 'down'): void
  /** This connection is used from now on, since the one before it has closed. */
  moved(peer: AdmittedPeer, connection: Connection): void
  /** A direct connection has taken the place of a relayed one. */
  direct(peer: AdmittedPeer): void
  /** The connection may be dead. */
  suspect(connection: Connection): void
  now(): number
  log(event: string, fields: Record<string, unknown>): void
}

export interface PeerTable extends Pick<ReadonlyMap<string, AdmittedPeer>, 'get' | 'has' | 'size' | 'entries'> {
  isUp(peerId: string): boolean
  /** Reached through a relay, not directly. */
  isRelayed(peerId: string): boolean
  /** The other side's credential counts here: it may be served. */
  admit(credential: Credential, connection: Connection): void
  /** Both sides have admitted each other. */
  bringUp(connection: Connection): void
  refuse(why: Refused, connection: Connection, who?: Claimed): void
  /** Admission ended without a result, after the other side may have been admitted here. */
  drop(why: Refused, connection: Connection): void
  /** At once: who is expelled is not asked to close. */
  expel(peerId: string, reason: RefusalReason): void
  closed(connection: Connection): void
  forget(peerId: string): void
  stop(): void
}

/** These say nothing of the peer, whose other connection may be up. */
const UNFINISHED: ReadonlySet<RefusalReason> = new Set([
  'no answer',
  'admission did not finish',
  'no admission in time',
])
/** A relayed connection stays open so long after the direct one has taken over. */
const RETIRE_MS = 1000

export function peerTable(options: PeerTableOptions): PeerTable {
  const { record, now, log } = options
  const peers = new Map<string, AdmittedPeer>()
  let stopping = false

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
    if (options.isRevoked(peer.credential)) return expel(peerId, 'credential is revoked')
    options.reached(peerId, connection, peer.credential)
    if (peer.up) return takeOver(peer, connection)
    peer.up = true
    record.admitted(peerId, peer.credential, 'admitted')
    options.changed(peerId, peer, 'up')
  }

  /** Another connection to the same peer: a direct one takes the place of a relayed one. */
  function takeOver(peer: AdmittedPeer, connection: Connection): void {
    const old = peer.connection
    // Why has the other side dialled once more? The one that we have may be dead.
    if (old.id !== connection.id) options.suspect(old)
    if (isRelayed(connection.remoteAddr.toString()) || !isRelayed(old.remoteAddr.toString())) return
    peer.connection = connection
    options.direct(peer)
    log('direct', { peer: peer.credential.name, address: connection.remoteAddr.toString() })
    setTimeout(() => old.close().catch(() => old.abort(new Error('direct now'))), RETIRE_MS).unref()
  }

  function refuse(why: Refused, connection: Connection, who?: Claimed): void {
    const peerId = connection.remotePeer.toString()
    if (!UNFINISHED.has(why.reason)) options.eraseKeys(peerId)
    const words = record.refused(peerId, why, who)
    log('peer-refused', { peerId, reason: why.reason, words })
    connection.close().catch(() => connection.abort(new Error('not admitted')))
  }

  function drop(why: Refused, connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    // Both may have dialled at once: what fails here says nothing of the connection that is up.
    const isUp = peers.get(peerId)?.up === true
    if (!isUp) forget(peerId)
    if (stopping || (isUp && connection.direction === 'outbound')) return
    refuse(why, connection)
  }

  function expel(peerId: string, reason: RefusalReason): void {
    options.eraseKeys(peerId)
    const shownLast = peers.get(peerId)?.credential
    forget(peerId)
    for (const connection of options.connectionsTo(peerId)) {
      refuse(refusal(reason), connection, shownLast)
      connection.abort(new Error(reason))
    }
  }

  function forget(peerId: string): void {
    const peer = peers.get(peerId)
    if (peer === undefined) return
    peers.delete(peerId)
    if (peer.up) options.changed(peerId, peer, 'down')
  }

  return {
    get: peerId => peers.get(peerId),
    has: peerId => peers.has(peerId),
    entries: () => peers.entries(),
    get size() {
      return peers.size
    },
    isUp: peerId => peers.get(peerId)?.up === true,
    isRelayed(peerId) {
      const peer = peers.get(peerId)
      return peer !== undefined && isRelayed(peer.connection.remoteAddr.toString())
    },
    admit,
    bringUp,
    refuse,
    drop,
    expel,
    closed(connection) {
      const peerId = connection.remotePeer.toString()
      const peer = peers.get(peerId)
      if (peer === undefined) return
      const other = options.connectionsTo(peerId).find(({ id, status }) => id !== connection.id && status === 'open')
      if (other === undefined) return forget(peerId)
      if (peer.connection.id === connection.id) peer.connection = other
      options.moved(peer, other)
    },
    forget,
    stop() {
      stopping = true
    },
  }
}
