// Some of the nodes that a message spreads to, in one process: what all kinds of them have in common. The head sends numbered
// messages; every node notes when which one reaches it, on the machine's monotonic clock. Who was the last is worked out
// afterwards, so that nothing but the noting is in a message's way.

import type { TreeShape } from './tree-shape.ts'

export const STATION_KINDS = ['mesh', 'tcp', 'udp', 'gossip', 'mosquitto', 'nats'] as const
export type StationKind = (typeof STATION_KINDS)[number]

export interface StationPlan {
  readonly kind: StationKind
  readonly dir: string
  readonly shape: TreeShape
  /** The nodes of this process: 0 is the head. */
  readonly indices: readonly number[]
  /** Of the broker, for those kinds that have one. */
  readonly brokerPort: number
  readonly bytes: number
}

export interface Contact {
  readonly index: number
  readonly peerId: string
  readonly addresses: readonly string[]
}

export interface Station {
  /** Where the nodes of this process are reached. */
  readonly contacts: readonly Contact[]
  /** Connects these of its nodes, whose parents are connected already, each to its parent. */
  connect(some: readonly number[], all: ReadonlyMap<number, Contact>): Promise<void>
  /** Once everybody is connected: returns when messages get through. */
  ready?(all: ReadonlyMap<number, Contact>): Promise<void>
  /** From the head, which is in this process. */
  send(message: number): void
  /** Notes what was left for a time at which it is in no message's way. */
  note?(): void
  /** What a reader must know of the way that messages took; the processes' are added up. */
  counts?(): ReadonlyMap<string, number>
}

export interface Noted {
  /** A copy is there, as far as its way authenticates it. @param atMs when, if it was before now */
  arrived(index: number, message: number, atMs?: number): void
  /** The origin's signature is verified and the handler entered. */
  verified(index: number, message: number, atMs?: number): void
}

export type ToStation =
  | { readonly kind: 'connect'; readonly depth: number; readonly all: ReadonlyMap<number, Contact> }
  | { readonly kind: 'ready'; readonly all: ReadonlyMap<number, Contact> }
  | { readonly kind: 'send' }
  | { readonly kind: 'collect' }
export type FromStation =
  | { readonly kind: 'opened'; readonly contacts: readonly Contact[] }
  | { readonly kind: 'connected' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'sent'; readonly message: number; readonly atMs: number }
  | { readonly kind: 'collected'; readonly times: Times; readonly counts: ReadonlyMap<string, number> }
  | { readonly kind: 'failed'; readonly message: string }

/** By node, which message was noted and when, copy by copy. */
export interface Times {
  readonly arrived: ReadonlyMap<number, readonly (readonly [message: number, atMs: number])[]>
  readonly verified: ReadonlyMap<number, readonly (readonly [message: number, atMs: number])[]>
}

/** The first four bytes of a message are its number, where it can be anything. */
export function numbered(message: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUInt32BE(message)
  return buffer
}

export const numberOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
