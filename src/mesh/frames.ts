// Frames on a libp2p stream: a varint length, then that many bytes (libp2p's usual prefix). Streams have no message
// boundaries of their own.

import type { Stream } from '@libp2p/interface'
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils'
import { encode } from 'it-length-prefixed'

/** A peer that announces more is cut off before a byte of it is kept. */
export const MAX_FRAME = 4 * 1024 * 1024

export const framed = (stream: Stream, maxDataLength = MAX_FRAME): LengthPrefixedStream<Stream> =>
  lpStream(stream, { maxDataLength, maxBufferSize: maxDataLength + 16 })

/** Synchronous: a frame that does not fit is not queued behind others. */
export function sendNow(stream: Stream, frame: Uint8Array): boolean {
  if (stream.writeStatus !== 'writable' || stream.writableNeedsDrain) return false
  stream.send(encode.single(frame))
  return true
}
