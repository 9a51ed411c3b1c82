// The mesh port, cut low: bytes on held links, a topic flood, and questions with one answer. All that decides (envelope
// checks, relaying, replay, authority) stands above it in `messenger.ts`; the simulator has links of its own.

import type { Credential } from './credential.ts'

/** `accept` forwards, `ignore` does not, `reject` does not and counts against the peer that delivered it. */
export type Verdict = 'accept' | 'ignore' | 'reject'

export interface LinkPeer {
  readonly peerId: string
  readonly credential: Credential
  readonly addresses: readonly string[]
  readonly connectedSince: number
  /** Round trip over the held stream, ms, once measured. */
  readonly rttMs: number | undefined
}

/** How long an answer is waited for. The links measure it, on the clock that they run on. */
export interface Patience {
  readonly timeoutMs: number
  /** Gives up before that. */
  readonly signal?: AbortSignal
}

/** Best effort: what is sent may be lost, repeated or late. An absent peer is not an error. */
export interface Links {
  readonly peerId: string
  /** Addresses at which others reach this peer, with its peer id. */
  addresses(): readonly string[]
  /** The peers that are admitted and connected now. */
  peers(): readonly LinkPeer[]
  /** Keep a protection stream open to these peers; the rest of the connected ones need none. */
  hold(peerIds: ReadonlySet<string>): void
  /** Sends on the held stream. @returns false when there is none, or it is full: the frame is dropped, not queued. */
  send(peerId: string, frame: Uint8Array): boolean
  /** Round trip of one beat over the held stream, ms. Rejects when there is no stream or no echo. */
  probe(peerId: string, padding?: Uint8Array): Promise<number>
  onFrame(receive: (from: string, frame: Uint8Array) => void): void
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  /** @returns to how many peers it went directly; nobody is not an error */
  publish(topic: string, frame: Uint8Array): Promise<number>
  /** `check` uses a frame, and decides whether it is forwarded to others. */
  onPublished(check: (from: string, topic: string, frame: Uint8Array) => Verdict): void
  /** @throws MeshError MESH_UNREACHABLE (not connected, no answer in time, or given up), MESH_REFUSED */
  request(peerId: string, protocol: string, question: Uint8Array, patience: Patience): Promise<Uint8Array>
  /** A handler's error is answered as a refusal with its message. */
  serve(protocol: string, answer: (from: Credential, question: Uint8Array) => Promise<Uint8Array>): void
  onPeer(change: (peer: LinkPeer, state: 'up' | 'down') => void): void
  /** Tells the links of an address to try. Unknown peers get their chance to be admitted like any other. */
  learn(peerId: string | undefined, addresses: readonly string[]): void
  /** Admission refusals so far, by reason: a closed set, see `refusal.ts`. */
  refusals(): ReadonlyMap<string, number>
  /** The last one in words, with the names concerned; some of them the peer's. */
  lastRefusal(): string | undefined
  start(): Promise<void>
  stop(): Promise<void>
}
