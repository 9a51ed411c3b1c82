// One question, an answer in any number of items, on a libp2p stream of its own.
//
//   asker                          answerer
//   question  ───────────────────►
//             ◄───────────────────  item, item, …   as far as the window goes
//   credit    ───────────────────►                  bytes that were read meanwhile
//             ◄───────────────────  item, …, end    or a refusal, at any time
//
// The first byte of what comes back says what it is. The muxer's own window does not hold up an answerer whose asker is
// slow, as it counts bytes as read when they arrive; so the asker grants a window of its own, and the answerer asks its
// producer for the next item only when the one before has gone. An asker that goes away, or does not read, ends the
// producer. Items are bounded, and so is what either side keeps of what the other sends, honest or not.

import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString as text } from 'uint8arrays/to-string'
import type { BulkPace } from './bulk-pace.ts'
import { MAX_STREAM_ITEM, type StreamPatience } from './links.ts'
import { MeshError } from './mesh-error.ts'
import { printable } from './refusal.ts'

/** Bytes of items that are under way or unread at the most. */
const WINDOW = 2 * MAX_STREAM_ITEM
/** What was read is granted anew in such portions; so what is left of the window always has room for the largest item. */
const PORTION = WINDOW / 2
const MAX_QUESTION = 64 * 1024
/** An asker that grants nothing for so long is taken for gone. */
const READER_IDLE_MS = 60_000

const ITEM = Uint8Array.of(0)
const REFUSED = Uint8Array.of(1)
const END = Uint8Array.of(2)

/** An array of bytes, or libp2p's list of several. */
interface Bytes {
  readonly byteLength: number
  subarray(start?: number, end?: number): Uint8Array
}

/** Bytes as they arrive. libp2p's own iterator over a stream keeps whatever comes; this one ends a stream that overruns. */
async function* arriving(stream: Stream, keeps: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  let isOver = false
  let failure: Error | undefined
  let wake = (): void => {}
  const onMessage = ({ data }: { data: Bytes }): void => {
    waiting.push(data.subarray())
    bytes += data.byteLength
    if (bytes > keeps) stream.abort(new Error(`sends more than the ${keeps} bytes that were granted`))
    wake()
  }
  const onEnd = (event: { error?: Error }): void => {
    isOver = true
    failure ??= event.error
    wake()
  }
  const onAbort = (): void => {
    failure ??= signal.reason as Error
    wake()
  }
  stream.addEventListener('message', onMessage as never)
  stream.addEventListener('remoteCloseWrite', onEnd as never)
  stream.addEventListener('close', onEnd as never)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  // What came before is handed on in a microtask of its own; its end was told when nobody listened.
  await Promise.resolve()
  if (stream.status !== 'open' || stream.remoteWriteStatus === 'closed') isOver = true
  try {
    for (;;) {
      if (failure !== undefined) throw failure
      if (bytes > 0) {
        const next = concat(waiting, bytes)
        waiting = []
        bytes = 0
        yield next
      } else if (isOver) {
        return
      } else {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    stream.removeEventListener('message', onMessage as never)
    stream.removeEventListener('remoteCloseWrite', onEnd as never)
    stream.removeEventListener('close', onEnd as never)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Piece by piece, each when its turn has come and the muxer has room for it. */
export const sendPaced =
  (stream: Stream, pace: BulkPace, signal: AbortSignal) =>
  async (source: AsyncIterable<Bytes> | Iterable<Bytes>): Promise<void> => {
    for await (const frame of source) {
      for (let sent = 0; sent < frame.byteLength; ) {
        const piece = Math.min(await pace.turn(), frame.byteLength - sent)
        signal.throwIfAborted()
        if (!stream.send(frame.subarray(sent, sent + piece))) await stream.onDrain({ signal })
        sent += piece
      }
    }
  }

// The answering side -------------------------------------------------------------------------------------------------

export interface AnswerStreamOptions {
  answer(question: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array>
  readonly pace: BulkPace
  /** Why this asker is not answered at all. */
  readonly refused?: string
  readonly readerIdleMs?: number
}

/** Never throws: whatever the peer sends, or the producer throws, ends in a refusal or an aborted stream. */
export async function answerStream(stream: Stream, options: AnswerStreamOptions): Promise<void> {
  const { pace, readerIdleMs = READER_IDLE_MS } = options
  const ending = new AbortController()
  const { signal } = ending
  const end = (reason: unknown): void => ending.abort(reason)
  const onClose = (event: { error?: Error }): void => end(event.error ?? new Error('the asker has gone'))
  stream.addEventListener('close', onClose as never)
  stream.maxWriteBufferLength = 2 * MAX_STREAM_ITEM
  const idle = setTimeout(() => end(new Error(`the asker read nothing for ${readerIdleMs} ms`)), readerIdleMs)

  let credit = WINDOW
  let granted = (): void => {}
  const credited = (): Promise<void> =>
    new Promise((resolve, reject) => {
      granted = () => (signal.aborted ? reject(signal.reason) : resolve())
    })
  signal.addEventListener('abort', () => granted())

  const heard = pipe(arriving(stream, MAX_QUESTION + 16, signal), source =>
    decode(source, { maxDataLength: MAX_QUESTION }),
  )
  async function hearCredits(): Promise<void> {
    for await (const frame of heard) {
      idle.refresh()
      credit = Math.min(WINDOW, credit + creditIn(frame.subarray()))
      granted()
    }
  }

  async function* frames(question: Uint8Array): AsyncGenerator<Uint8Array> {
    let failed: Error | undefined
    try {
      for await (const item of options.answer(question, signal)) {
        if (item.length > MAX_STREAM_ITEM)
          throw new Error(`an item of ${item.length} bytes, want ${MAX_STREAM_ITEM} at the most`)
        while (credit < item.length) await credited()
        signal.throwIfAborted()
        credit -= item.length
        yield concat([ITEM, item])
      }
    } catch (error) {
      if (signal.aborted) throw error
      failed = error as Error
    }
    yield failed === undefined ? END : concat([REFUSED, fromString(failed.message.slice(0, 500))])
  }

  try {
    const first = await heard.next()
    if (first.done === true) throw new Error('no question')
    if (options.refused !== undefined) {
      await pipe(
        [concat([REFUSED, fromString(options.refused)])],
        source => encode(source),
        sendPaced(stream, pace, signal),
      )
    } else {
      void hearCredits().catch(end)
      const answered = frames(first.value.subarray())
      try {
        await pipe(answered, source => encode(source), sendPaced(stream, pace, signal))
      } finally {
        await answered.return(undefined)
      }
    }
    stream.removeEventListener('close', onClose as never)
    await stream.close({ signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]) })
  } catch (error) {
    stream.abort(error as Error)
  } finally {
    clearTimeout(idle)
    end(new Error('answered'))
  }
}

function creditIn(frame: Uint8Array): number {
  if (frame.length !== 4) throw new Error(`a credit of ${frame.length} bytes, want 4`)
  return new DataView(frame.buffer, frame.byteOffset, 4).getUint32(0)
}

// The asking side ----------------------------------------------------------------------------------------------------

/**
 * @param open opens the stream; it is aborted when the reader stops early
 * @throws MeshError MESH_UNREACHABLE (no item in time, given up, cut off), MESH_REFUSED
 */
export async function* askStream(
  open: (signal: AbortSignal) => Promise<Stream>,
  protocol: string,
  question: Uint8Array,
  { itemMs, totalMs, signal: given }: StreamPatience,
  pace: BulkPace,
): AsyncGenerator<Uint8Array> {
  const ending = new AbortController()
  const { signal } = ending
  const giveUp = (): void => ending.abort(new Error('given up'))
  given?.addEventListener('abort', giveUp)
  if (given?.aborted) giveUp()
  const late = (ms: number, what: string) => setTimeout(() => ending.abort(new Error(`${what} within ${ms} ms`)), ms)
  const total = totalMs === undefined ? undefined : late(totalMs, 'not all of it')
  let forItem = late(itemMs, 'no answer')
  let stream: Stream | undefined
  try {
    const opened = await open(signal)
    stream = opened
    opened.maxWriteBufferLength = 2 * MAX_QUESTION
    await pipe([question], source => encode(source), sendPaced(opened, pace, signal))
    const frames = pipe(arriving(opened, 2 * WINDOW, signal), source =>
      decode(source, { maxDataLength: MAX_STREAM_ITEM + 1 }),
    )
    let read = 0
    for await (const frame of frames) {
      clearTimeout(forItem)
      const bytes = frame.subarray()
      if (bytes[0] === END[0]) {
        // An answerer that keeps its own side open after its last word would hold the stream's place for ever: the abort
        // below ends what is not over by then.
        await opened.close({ signal: AbortSignal.timeout(1000) }).catch(() => {})
        return
      }
      if (bytes[0] !== ITEM[0]) throw new MeshError('MESH_REFUSED', printable(text(bytes.subarray(1))))
      yield bytes.subarray(1)
      signal.throwIfAborted()
      forItem = late(itemMs, 'no further item')
      read += bytes.length - 1
      if (read < PORTION) continue
      await pace.breath()
      const credit = new Uint8Array(4)
      new DataView(credit.buffer).setUint32(0, read)
      read = 0
      if (opened.writeStatus === 'writable') opened.send(encode.single(credit))
    }
    throw new Error('cut off before its end')
  } catch (cause) {
    if (cause instanceof MeshError) throw cause
    const { message } = (signal.aborted ? signal.reason : cause) as Error
    throw new MeshError('MESH_UNREACHABLE', `${protocol}: ${message}`, { cause })
  } finally {
    clearTimeout(total)
    clearTimeout(forItem)
    given?.removeEventListener('abort', giveUp)
    ending.abort(new Error('the reader has gone'))
    if (stream?.status === 'open') stream.abort(new Error('the reader has gone'))
  }
}
