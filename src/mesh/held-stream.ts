// The held-open stream to one neighbour, for what does not get through as a datagram: the same packets, one a frame. Each
// side owns the stream on which it sends, so no rule is needed about who dials; echoes and answers go back on the stream
// that the beat or question came by. Whether it still gets through is measured above, in `protection-link.ts`.

import type { Connection, Stream } from '@libp2p/interface'
import { framed, sendNow } from './frames.ts'

export const PROTECTION_PROTOCOL = '/feedermesh/protection/2.0.0'
/** An envelope at its longest, and what goes in front of it. */
export const MAX_PROTECTION_FRAME = 64 * 1024 + 32

export type ReceivePacket = (packet: Buffer, reply: (packet: Buffer) => boolean) => void

export interface HeldStream {
  /** False when it is not open, or full: the packet is dropped, not queued. */
  send(packet: Uint8Array): boolean
  readonly isOpen: boolean
  /** Monotonic, ms; undefined while it is not open. */
  readonly openSince: number | undefined
  /** Opens it, when it is not open and there is a connection. */
  ensure(): void
  /** Gives this stream up; `ensure` opens another. */
  lose(reason: string): void
  close(): void
}

export interface HeldStreamOptions {
  /** An open, admitted connection to the neighbour, or undefined. */
  connection(): Connection | undefined
  now(): number
  readonly receive: ReceivePacket
}

/** A slow link takes several round trips of a second each. */
const OPEN_WITHIN_MS = 10_000
const OPEN_AGAIN_MS = 500
const MAX_BUFFERED = 1 << 20

export function holdStream({ connection, now, receive }: HeldStreamOptions): HeldStream {
  let stream: Stream | undefined
  let openSince: number | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let isOpening = false
  let isClosed = false

  function lose(reason: string): void {
    stream?.abort(new Error(reason))
    stream = undefined
    openSince = undefined
  }

  async function open(link: Connection): Promise<void> {
    isOpening = true
    triedAt = now()
    try {
      const fresh = await link.newStream(PROTECTION_PROTOCOL, {
        signal: AbortSignal.timeout(OPEN_WITHIN_MS),
        runOnLimitedConnection: true,
      })
      stream = fresh
      openSince = now()
      void serveHeldStream(fresh, receive).then(() => {
        if (stream === fresh) lose('ended')
      })
      if (isClosed) lose('closed')
    } catch {
      // The neighbour is away or busy: the next turn tries again.
    } finally {
      isOpening = false
    }
  }

  return {
    send: packet => stream !== undefined && stream.status === 'open' && sendNow(stream, packet),
    get isOpen() {
      return stream?.status === 'open'
    },
    get openSince() {
      return openSince
    },
    ensure() {
      if (isOpening || isClosed) return
      if (stream !== undefined && stream.status !== 'open') lose(`stream is ${stream.status}`)
      const link = connection()
      if (stream === undefined && link !== undefined && now() - triedAt >= OPEN_AGAIN_MS) void open(link)
    },
    lose,
    close() {
      isClosed = true
      lose('closed')
    },
  }
}

/** Hands on what comes on a stream until it ends. Never rejects. */
export async function serveHeldStream(stream: Stream, receive: ReceivePacket): Promise<void> {
  try {
    stream.maxWriteBufferLength = MAX_BUFFERED
    const frames = framed(stream, MAX_PROTECTION_FRAME)
    const reply = (packet: Buffer): boolean => stream.status === 'open' && sendNow(stream, packet)
    for (;;) {
      const bytes = (await frames.read()).subarray()
      receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), reply)
    }
  } catch (error) {
    stream.abort(error as Error)
  }
}
