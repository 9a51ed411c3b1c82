// How this peer meets others: what `discovery.ts` dials, what `known-peers.ts` keeps, what connected peers are asked, and
// which connections are given up, put together.

import type { Connection } from '@libp2p/interface'
import type { UtcMs } from '../../topology/units.ts'
import { type AdmissionPolicy, admissionRefusal } from './admission.ts'
import type { AdmissionRecord } from './admission-record.ts'
import type { BulkPace } from './bulk-pace.ts'
import { type Credential, type TrustedAuthority, verifyCredential } from './credential.ts'
import { deadConnections } from './dead-connections.ts'
import { addressesToAnnounce } from './dial-addresses.ts'
import type { DialSettings } from './dialling.ts'
import { discovery } from './discovery.ts'
import type { Identity } from './identity.ts'
import { type Announcements, isMachine, knownPeers, PEERS_PROTOCOL, type PeerMemory } from './known-peers.ts'
import { type Libp2pNode, SLOW_LINK_MS } from './libp2p-node.ts'
import type { Links } from './links.ts'
import type { AdmittedPeer, PeerTable } from './peer-table.ts'
import { type Refused, refusal } from './refusal.ts'
import { ask } from './request.ts'
import type { ShownCredential } from './shown-credential.ts'

export interface FindingPeersOptions {
  readonly node: Libp2pNode
  readonly identity: Identity
  readonly credential: ShownCredential
  readonly policy: AdmissionPolicy
  readonly authorities: readonly TrustedAuthority[]
  readonly peers: PeerTable
  readonly record: AdmissionRecord
  readonly pace: BulkPace
  wanted(): ReadonlySet<string>
  readonly settings: Partial<DialSettings>
  readonly announce?: readonly string[] | undefined
  relayAddresses(): readonly string[]
  readonly memory?: PeerMemory | undefined
  /** What admission may take on a connection. */
  patienceMs(connection: Connection): number
  gossip(raw: Uint8Array): Promise<unknown>
  readonly takes: Announcements
  /** A peer has answered what no honest peer answers. */
  malformed(peerId: string): void
  chance(): number
  now(): number
  utc(): UtcMs
  log(event: string, fields: Record<string, unknown>): void
}

/** Each connected peer is asked whom it knows about so often, which shows that it is alive too. */
const ASK_PEERS_EVERY_MS = 15_000
/** After the first connection, until gossip runs on it. */
const GOSSIP_RUNS_MS = 1500
/** Agents that return together spread the first tries of whom they remember over this time. */
const RECALLED_OVER_MS = 1500

export function findingPeers(options: FindingPeersOptions) {
  const { node, identity, credential, peers, now, utc, log } = options
  const listeners: ((credential: Credential) => void)[] = []
  let stopping = false

  const find = discovery({
    node,
    peerId: identity.peerId,
    isUp: peers.isUp,
    peers: () => peers.size,
    wanted: options.wanted,
    isBackEnd: peerId => known.of(peerId)?.credential.roles.includes('BACKEND') === true,
    settings: options.settings,
    now,
    chance: options.chance,
    metOwnKey,
    log,
  })

  /** The announcements heard at the start come from memory: all agents of a feeder may be starting at this moment. */
  let recalling = false
  const known = knownPeers({
    identity,
    token: credential.token,
    own: credential.own,
    addresses: () => [...addressesToAnnounce(node.getMultiaddrs().map(String)), ...options.relayAddresses()],
    check: checkThird,
    isRevoked: third => options.policy.isRevoked?.(third) === true,
    memory: options.memory,
    now,
    utc,
    heard(third, addresses) {
      find.heardOf(third.peerId, addresses, recalling ? options.chance() * RECALLED_OVER_MS : 0)
      for (const listener of listeners) listener(third)
    },
    gossip: options.gossip,
    takes: options.takes,
    log,
  })

  const dead = deadConnections({
    ask: askOnce,
    patienceMs: options.patienceMs,
    cut(connection) {
      find.wasDead(connection.remotePeer.toString(), connection.remoteAddr.toString())
      connection.abort(new Error('dead'))
      find.dialNow()
    },
    now,
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
    const words = `our own key answers at ${place(address)}`
    options.record.refused(identity.peerId, refusal('this is our own key, running twice', words))
  }

  /** A third peer's credential must pass what admission asks of a connected one's. */
  async function checkThird(token: string): Promise<Credential | Refused> {
    const checked = await verifyCredential(token, options.authorities, utc())
    if ('reason' in checked) return checked
    return admissionRefusal(checked, checked.peerId, options.policy) ?? checked
  }

  async function askWhomItKnows({ connection, credential: { peerId } }: AdmittedPeer): Promise<void> {
    try {
      while (await askOnce(connection, SLOW_LINK_MS));
    } catch (error) {
      log('peers-unanswered', { peerId, reason: (error as Error).message })
    }
  }

  /** @returns whether there is more to ask for */
  async function askOnce(connection: Connection, withinMs: number): Promise<boolean> {
    const peerId = connection.remotePeer.toString()
    const signal = AbortSignal.timeout(withinMs)
    const answer = await ask(connection, PEERS_PROTOCOL, known.question(peerId), signal, options.pace)
    const heard = await known.heardFrom(peerId, answer)
    if (heard === 'malformed') options.malformed(peerId)
    return heard === 'more'
  }

  /** An interface has come or gone: what ran over it is dead, and others must hear of it. */
  let lastAddresses: string | undefined
  function watchAddresses(): void {
    const addresses = node.getMultiaddrs().join()
    if (lastAddresses !== undefined && addresses !== lastAddresses) {
      log('addresses-changed', { addresses })
      for (const [, { up, connection }] of peers.entries()) if (up) dead.suspect(connection)
    }
    lastAddresses = addresses
  }

  /** What was said before anybody was there is said again. */
  let alone = true
  function announceToFirst(peersUp: number): void {
    if (alone && peersUp > 0) {
      setTimeout(() => {
        if (!stopping) void known.announce({ anyway: true })
      }, GOSSIP_RUNS_MS).unref()
    }
    alone = peersUp === 0
  }

  return {
    find,
    known,
    dead,
    /** A peer was admitted both ways. */
    up(peer: AdmittedPeer): void {
      if (options.takes === 'all' && isMachine(peer.credential)) void askWhomItKnows(peer)
    },
    onAnnounced: ((listener): void => void listeners.push(listener)) satisfies Links['onAnnounced'],
    /** Where to begin: the configured addresses, and whom this peer knew before it was restarted. */
    async recall(seeds: readonly string[]): Promise<void> {
      for (const seed of seeds) find.learn(undefined, [seed])
      recalling = true
      const remembered = await known.recall()
      recalling = false
      if (remembered > 0) log('peers-remembered', { peers: remembered })
    },
    /** Each second. */
    sweep(): void {
      const up = [...peers.entries()].filter(([, peer]) => peer.up && isMachine(peer.credential))
      for (const [peerId, { connection }] of up) {
        if (options.chance() < 1000 / ASK_PEERS_EVERY_MS) dead.routine(connection)
        if (peers.isRelayed(peerId)) find.direct(peerId)
      }
      known.sweep()
      watchAddresses()
      void known.announce({ anyway: false })
      announceToFirst(up.length)
    },
    stop(): void {
      stopping = true
      dead.stop()
      find.stop()
    },
  }
}
