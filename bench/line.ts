// One way for a question of some bytes to get to another process and its answer back. Each kind has two ends, each in a
// process of its own that does nothing else: what one kind leaves on its heap is in no other one's way.

export const LINE_KINDS = ['udp', 'tcp', 'mosquitto', 'nats', 'ask', 'signed', 'beat', 'ask-by-stream'] as const
export type LineKind = (typeof LINE_KINDS)[number]

/** The asking end. */
export interface Line {
  /** Resolves once the answer is there, whole. One at a time. */
  trip(): Promise<void>
  /** What a reader must know of the way that the trips took. */
  note?(): string | undefined
}

/** What the answering end tells the asking one. */
export interface FarEnd {
  readonly port: number
  readonly peerId: string
  readonly addresses: readonly string[]
}

/** Where the far end of the mesh is to listen, and what it is reached at instead: the near ends of bad paths. */
export interface Via {
  readonly listenPort: number
  readonly tcpPort: number
  readonly udpPort: number
}

export type ToNear =
  | { readonly kind: 'open'; readonly far: FarEnd; readonly bytes: number; readonly isVia: boolean }
  | { readonly kind: 'trips'; readonly count: number; readonly everyMs: number }
export type FromNear =
  | { readonly kind: 'opened' }
  | { readonly kind: 'times'; readonly ms: Float64Array; readonly note: string | undefined }
  | { readonly kind: 'failed'; readonly message: string }
export type FromFar =
  | { readonly kind: 'ready'; readonly far: FarEnd }
  | { readonly kind: 'failed'; readonly message: string }

/** The two members of the feeder that ask and answer. */
export const NEAR = 'relay-650'
export const FAR = 'recloser-632'

/** A datagram's address is numeric here: nothing to look up. */
export const numeric = (
  host: string,
  _options: unknown,
  found: (error: null, address: string, family: 4) => void,
): void => found(null, host, 4)
