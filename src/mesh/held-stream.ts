// The held-open stream to one neighbour: this side opens it, sends frames on it, and measures its round trip with
// heartbeats that the other side echoes. Each side owns the stream on which it sends, so no rule is needed about who
// dials. When an echo stays out for `silenceMs` the stream is taken for lost and opened anew.

import type { Connection, Stream } from '@libp2p/interface'
import { framed, sendNow } from './frames.ts'

export const PROTECTION_PROTOCOL = '/feedermesh/protection/1.0.0'
export const MAX_PROTECTION_FRAME = 64 * 1024 + 1

/** Two round trips, of some seconds each on a slow link. */
const OPEN_MS = 10_000

const BEAT = 0
const ECHO = 1
const ENVELOPE = 2

export interface HeldStream {
  send(frame: Uint8Array): boolean
  /** Sends a beat that carries `padding` and resolves with its round trip in ms. Rejects when it stays out. */
  probe(padding?: Uint8Array): Promise<number>
  readonly rttMs: number | undefined
  close(): void
}

export interface HeldStreamOptions {
  /** An open, admitted connection to the neighbour, or undefined. */
  connection(): Connection | undefined
  now(): number
  readonly beatMs?: number
  readonly silenceMs?: number
}

export function holdStream({ connection, now, beatMs = 1000, silenceMs = 3000 }: HeldStreamOptions): HeldStream {
  let stream: Stream | undefined
  let opening = false
  let closed = false
  let rttMs: number | undefined
  let lastEcho = now()
  let counter = 0
  const waiting = new Map<number, { sent: number; done: (rtt: number) => void; failed: (error: Error) => void }>()

  function lose(error: Error): void {
    stream?.abort(error)
    stream = undefined
    rttMs = undefined
    for (const { failed } of waiting.values()) failed(error)
    waiting.clear()
  }

  async function open(): Promise<void> {
    const link = connection()
    if (opening || stream !== undefined || link === undefined || closed) return
    opening = true
    try {
      const fresh = await link.newStream(PROTECTION_PROTOCOL, {
        signal: AbortSignal.timeout(OPEN_MS),
        runOnLimitedConnection: true,
      })
      fresh.maxWriteBufferLength = 1 << 20
      stream = fresh
      lastEcho = now()
      void readEchoes(fresh).catch((error: Error) => {
        if (stream === fresh) lose(error)
      })
      if (closed) lose(new Error('closed'))
    } catch {
      // The neighbour is away or busy: the next beat tries again.
    } finally {
      opening = false
    }
  }

  async function readEchoes(from: Stream): Promise<void> {
    const frames = framed(from, MAX_PROTECTION_FRAME)
    for (;;) {
      const frame = (await frames.read()).subarray()
      if (frame[0] !== ECHO || frame.length < 9) continue
      const beat = waiting.get(new DataView(frame.buffer, frame.byteOffset).getUint32(1))
      if (beat === undefined) continue
      waiting.delete(new DataView(frame.buffer, frame.byteOffset).getUint32(1))
      lastEcho = now()
      rttMs = lastEcho - beat.sent
      beat.done(rttMs)
    }
  }

  function probe(padding = new Uint8Array(4)): Promise<number> {
    return new Promise((done, failed) => {
      counter = (counter + 1) >>> 0
      const frame = new Uint8Array(5 + Math.max(4, padding.length))
      frame[0] = BEAT
      new DataView(frame.buffer).setUint32(1, counter)
      frame.set(padding, 5)
      waiting.set(counter, { sent: now(), done, failed })
      if (stream !== undefined && sendNow(stream, frame)) return
      waiting.delete(counter)
      failed(new Error('no stream'))
    })
  }

  function beat(): void {
    if (stream === undefined) return void open()
    if (stream.status !== 'open') lose(new Error(`stream is ${stream.status}`))
    else if (now() - lastEcho > silenceMs) lose(new Error('neighbour is silent'))
    else probe().catch(() => {})
  }

  const timer = setInterval(beat, beatMs)
  void open()
  return {
    send(frame) {
      if (stream === undefined) void open()
      return stream !== undefined && stream.status === 'open' && sendNow(stream, prefixed(ENVELOPE, frame))
    },
    probe,
    get rttMs() {
      return rttMs
    },
    close() {
      closed = true
      clearInterval(timer)
      lose(new Error('closed'))
    },
  }
}

/** The other end: echoes beats at once and hands on envelopes until the stream ends. */
export async function serveHeldStream(stream: Stream, receive: (frame: Uint8Array) => void): Promise<void> {
  try {
    stream.maxWriteBufferLength = 1 << 20
    const frames = framed(stream, MAX_PROTECTION_FRAME)
    for (;;) {
      const frame = (await frames.read()).subarray()
      if (frame[0] === BEAT) sendNow(stream, prefixed(ECHO, frame.subarray(1)))
      else if (frame[0] === ENVELOPE) receive(frame.subarray(1))
    }
  } catch (error) {
    stream.abort(error as Error)
  }
}

function prefixed(kind: number, frame: Uint8Array): Uint8Array {
  const whole = new Uint8Array(frame.length + 1)
  whole[0] = kind
  whole.set(frame, 1)
  return whole
}
