// The mesh port, cut low: bytes on held links, a topic flood, and questions with one answer. All that decides (envelope
// checks, relaying, replay, authority) stands above it in `messenger.ts`; the simulator has links of its own.

import type { Credential } from './credential.ts'
import type { RefusalReason } from './refusal.ts'

/** `accept` forwards, `ignore` does not, `reject` does not and counts against the peer that delivered it. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** How a frame goes to a neighbour: as a datagram where UDP gets through, else over the held-open stream. */
export type Way = 'datagram' | 'stream'

export interface Arrival {
  readonly way: Way
  /**
   * How long ago the origin sealed the frame, ms, at the most: measured hop by hop on monotonic clocks, not believed.
   * Undefined while a hop's clocks have not been bounded against each other.
   */
  readonly ageMs: number | undefined
  /** What the neighbour says that the frame is about, see `known-routes.ts`; 0: it does not say. */
  readonly label?: number
}

/** What is measured of the link to a neighbour. */
export interface LinkQuality {
  /** By which way frames go now; undefined while none does. */
  readonly way: Way | undefined
  /** Round trip, ms: the latest, and the 99th percentile of the last minute. */
  readonly rttMs: number | undefined
  readonly rttP99Ms: number | undefined
  /** Beats without an echo, of the last minute's, 0 to 1. */
  readonly lossShare: number | undefined
  /** What bulk transfers achieved on it lately, bits a second. */
  readonly bitsPerSecond: number | undefined
  /** Whether its protection packets carry the DSCP mark. */
  readonly marked: boolean
}

/** What admission decided about somebody who connected, for `peers --why` and the audit log. */
export interface AdmissionDecision {
  readonly peerId: string
  /** As far as the credential was read. */
  readonly name: string | undefined
  readonly organisation: string | undefined
  readonly admitted: boolean
  /** Of the closed set in `refusal.ts`; absent when admitted. */
  readonly reason: string | undefined
  readonly words: string
  /** Monotonic, ms. */
  readonly atMs: number
}

export interface LinkPeer {
  readonly peerId: string
  readonly credential: Credential
  readonly addresses: readonly string[]
  readonly connectedSince: number
  /** Round trip over the held stream, ms, once measured. */
  readonly rttMs: number | undefined
  /** Reached through a relay, not directly. */
  readonly relayed?: boolean
  /** Of a held neighbour. */
  readonly link?: LinkQuality | undefined
}

/** How long an answer is waited for. The links measure it, on the clock that they run on. */
export interface Patience {
  readonly timeoutMs: number
  /** Gives up before that. */
  readonly signal?: AbortSignal
  /** `bulk` keeps off the connection that carries the pair's protection link, see `lanes.ts`. */
  readonly lane?: 'bulk'
}

/** How long the items of a streamed answer are waited for. */
export interface StreamPatience {
  /** For the first item, and from each time that the reader asks for a further one. */
  readonly itemMs: number
  /** For all of it, the reader's own time included. */
  readonly totalMs?: number
  readonly signal?: AbortSignal
}

/** Larger ones are a fault of who answers. */
export const MAX_STREAM_ITEM = 64 * 1024

/** Best effort: what is sent may be lost, repeated or late. An absent peer is not an error. */
export interface Links {
  readonly peerId: string
  /** Addresses at which others reach this peer, with its peer id. */
  addresses(): readonly string[]
  /** The peers that are admitted and connected now. */
  peers(): readonly LinkPeer[]
  /** Keep protection links to these peers; the rest of the connected ones need none. */
  hold(peerIds: ReadonlySet<string>): void
  /**
   * Sends on the protection link of a held peer, or of one that holds this one.
   * @param ageMs how long ago the frame was sealed, at the most: 0 at its origin, its age at arrival plus the time that it
   *   was held here at a relay, undefined when not known
   * @param label what it is about, for those who relay it, see `known-routes.ts`
   * @returns the way that it went; false when there is none, or it is full: the frame is dropped, not queued
   */
  send(peerId: string, frame: Uint8Array, ageMs?: number, label?: number): Way | false
  /**
   * Asks a neighbour over the protection link, and repeats the question until it is answered: what is asked must be
   * harmless to be asked twice. The pair's keys authenticate both; nothing is signed.
   * @throws MeshError MESH_UNREACHABLE (no answer in time), MESH_REFUSED (there is nobody who answers)
   */
  ask(peerId: string, question: Uint8Array, patience: Patience): Promise<Uint8Array>
  /** Answers at once, in the same turn. One answerer; undefined gives no answer. */
  onAsk(answer: (from: string, question: Uint8Array) => Uint8Array | undefined): void
  /** Round trip of one beat over the held stream, ms. Rejects when there is no stream or no echo. */
  probe(peerId: string, padding?: Uint8Array): Promise<number>
  onFrame(receive: (from: string, frame: Uint8Array, arrival: Arrival) => void): void
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  /** @returns to how many peers it went directly; nobody is not an error */
  publish(topic: string, frame: Uint8Array): Promise<number>
  /** `check` uses a frame, and decides whether it is forwarded to others. */
  onPublished(check: (from: string, topic: string, frame: Uint8Array) => Verdict): void
  /**
   * A peer that is not connected but known is dialled first, within the same patience.
   * @throws MeshError MESH_UNREACHABLE (out of reach, no answer in time, or given up), MESH_REFUSED
   */
  request(peerId: string, protocol: string, question: Uint8Array, patience: Patience): Promise<Uint8Array>
  /** A handler's error is answered as a refusal with its message. */
  serve(protocol: string, answer: (from: Credential, question: Uint8Array) => Promise<Uint8Array>): void
  /**
   * Asks for an answer that comes in items, as bulk. The peer makes no more of them than what is under way and one
   * further one, until the reader goes on. A reader that stops early, and the end of patience, end the peer's producer.
   * @throws MeshError MESH_UNREACHABLE (not connected, no item in time, given up, cut off), MESH_REFUSED
   */
  stream(peerId: string, protocol: string, question: Uint8Array, patience: StreamPatience): AsyncIterable<Uint8Array>
  /**
   * Answers with items of `MAX_STREAM_ITEM` bytes at the most. `signal` is aborted when the asker has gone or reads no
   * more; the iterator is then returned. An error is answered as a refusal with its message, after the items before it.
   * Only so many answers stream at once; further ones are refused, not queued.
   */
  serveStream(
    protocol: string,
    answer: (from: Credential, question: Uint8Array, signal: AbortSignal) => AsyncIterable<Uint8Array>,
  ): void
  onPeer(change: (peer: LinkPeer, state: 'up' | 'down') => void): void
  /**
   * A held neighbour that answered is silent, on every way, for less than a second; and `up`, when it answers for the first
   * time or again. Its connection may still seem to stand.
   */
  onLink(listener: (peerId: string, state: 'up' | 'silent') => void): void
  /** Tells the links of an address to try. Unknown peers get their chance to be admitted like any other. */
  learn(peerId: string | undefined, addresses: readonly string[]): void
  /**
   * A peer was announced, or anew, whose credential passes what admission asks here: it is known before it says anything,
   * whether it is connected or not.
   */
  onAnnounced(listener: (credential: Credential) => void): void
  /** How many peers are known by their announcements. */
  knownPeers(): number
  /** Those, with where they say that they may be reached. Where there are announcements. */
  announced?(): readonly { readonly credential: Credential; readonly addresses: readonly string[] }[]
  /** Every decision of admission, as it falls. */
  onDecision(listener: (decision: AdmissionDecision) => void): void
  /** The latest ones, oldest first; a bounded number. */
  decisions(): readonly AdmissionDecision[]
  /** Shows this credential from now on, to the connected peers too: a renewed one of the same peer. */
  show(token: string): void
  /** A connected peer has shown a renewed credential, and it passed what admission asks. Nothing was cut. */
  onRenewed(listener: (peer: LinkPeer) => void): void
  /**
   * A peer has sent to the links themselves what no honest peer sends: an announcement, a key agreement or a renewal that
   * is none. They answer it with a refusal; what it costs the peer is for who listens to say.
   */
  onMalformed(listener: (peerId: string) => void): void
  /** Cuts a peer off at once and erases its keys, as when its credential was revoked. */
  expel(peerId: string, reason: RefusalReason): void
  /** Admission refusals so far, by reason: a closed set, see `refusal.ts`. */
  refusals(): ReadonlyMap<string, number>
  /** Datagrams that did not count, by reason: a closed set, see `datagram-session.ts`. Where there are datagrams. */
  datagramRefusals?(): ReadonlyMap<string, number>
  /** The last one in words, with the names concerned; some of them the peer's. */
  lastRefusal(): string | undefined
  start(): Promise<void>
  stop(): Promise<void>
}
