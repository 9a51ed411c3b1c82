// An envelope's bytes, read in one pass: every relay does this before it passes the envelope on, and mostly once in a long
// while, when no code is warm. The form is deterministic, so each key has its one place; whatever else stands there is
// refused. A test holds this against the general decoder and a schema.
//
//   82                     array of 2
//     body                 byte string: ab, map of 11; then each key (61, letter) and its value, in the order below
//     signature            byte string

import type { Duration, UtcMs } from '../../topology/units.ts'
import type { Envelope } from './envelope.ts'

export interface EnvelopeWire {
  readonly envelope: Envelope
  /** What is signed. */
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

const MAX_LIFETIME = 86_400_000
const MAX_TYPE = 32
const MAX_ORIGIN = 128

const ARRAY_OF_2 = 0x82
const MAP_OF_11 = 0xab
const TEXT_OF_1 = 0x61
const [WHOLE, BYTES, TEXT] = [0, 2, 3]
const [FALSE, TRUE] = [0xf4, 0xf5]
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

interface Cursor {
  readonly bytes: Buffer
  at: number
}

/**
 * The byte strings are views of the envelope's own bytes.
 *
 * @throws Error when the bytes are no envelope
 */
export function readEnvelopeWire(raw: Uint8Array): EnvelopeWire {
  const outer = { bytes: bufferOf(raw), at: 0 }
  if (next(outer) !== ARRAY_OF_2) throw new Error('want [body, signature]')
  const body = bytesAt(outer)
  const signature = bytesAt(outer)
  end(outer)
  return { envelope: envelopeOf({ bytes: bufferOf(body), at: 0 }), body, signature }
}

function envelopeOf(body: Cursor): Envelope {
  if (next(body) !== MAP_OF_11) throw new Error('want a map of 11 keys')
  key(body, 'c')
  const credentialHash = bytesAt(body)
  key(body, 'e')
  const epoch = whole(body)
  key(body, 'f')
  const feeder = bytesAt(body)
  key(body, 'l')
  const lifetime = whole(body, MAX_LIFETIME) as Duration
  key(body, 'o')
  const origin = text(body, MAX_ORIGIN)
  key(body, 'p')
  const payload = bytesAt(body)
  key(body, 'q')
  const utcGood = truth(body)
  key(body, 's')
  const sequence = whole(body)
  key(body, 't')
  const type = text(body, MAX_TYPE)
  key(body, 'u')
  const utc = whole(body) as UtcMs
  key(body, 'v')
  if (next(body) !== 1) throw new Error('v: want 1')
  end(body)
  return { type, origin, credentialHash, epoch, sequence, utc, utcGood, lifetime, feeder, payload }
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function next(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at++]
  if (byte === undefined) throw new Error('ends too early')
  return byte
}

function end({ bytes, at }: Cursor): void {
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes too many`)
}

function key(cursor: Cursor, letter: string): void {
  if (next(cursor) !== TEXT_OF_1 || next(cursor) !== letter.charCodeAt(0)) throw new Error(`want the key ${letter}`)
}

/** The number in a head of that major type, in its shortest form, up to 2^53 - 1. */
function headOf(cursor: Cursor, major: number): number {
  const head = next(cursor)
  if (head >> 5 !== major) throw new Error('a value of another kind')
  const short = head & 31
  if (short < 24) return short
  if (short > 27) throw new Error('an indefinite length, or a reserved one')
  const size = 1 << (short - 24)
  const { bytes, at } = cursor
  if (at + size > bytes.length) throw new Error('ends too early')
  cursor.at = at + size
  const value = size === 8 ? bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4) : bytes.readUIntBE(at, size)
  const least = size === 1 ? 24 : 2 ** (4 * size)
  if (value < least) throw new Error('a number in a longer form than it needs')
  if (value > Number.MAX_SAFE_INTEGER) throw new Error('a number beyond 2^53')
  return value
}

function whole(cursor: Cursor, max = Number.MAX_SAFE_INTEGER): number {
  const value = headOf(cursor, WHOLE)
  if (value > max) throw new Error(`want a whole number from 0 to ${max}`)
  return value
}

/** Moves past a string. @returns where it starts */
function startOf(cursor: Cursor, major: number): number {
  const length = headOf(cursor, major)
  const start = cursor.at
  if (length > cursor.bytes.length - start) throw new Error('ends too early')
  cursor.at = start + length
  return start
}

function bytesAt(cursor: Cursor): Uint8Array {
  const start = startOf(cursor, BYTES)
  const { buffer, byteOffset } = cursor.bytes
  return new Uint8Array(buffer, byteOffset + start, cursor.at - start)
}

function text(cursor: Cursor, max: number): string {
  const start = startOf(cursor, TEXT)
  const { bytes, at } = cursor
  // UTF-8 takes at most three bytes for each character, as texts count them.
  if (at - start > 3 * max) throw new Error(`want text of 1 to ${max} characters`)
  const value = isAscii(bytes, start, at) ? bytes.toString('latin1', start, at) : UTF8.decode(bytes.subarray(start, at))
  if (value.length > 0 && value.length <= max) return value
  throw new Error(`want text of 1 to ${max} characters`)
}

function isAscii(bytes: Buffer, start: number, until: number): boolean {
  for (let at = start; at < until; at++) if ((bytes[at] as number) > 0x7f) return false
  return true
}

function truth(cursor: Cursor): boolean {
  const byte = next(cursor)
  if (byte !== FALSE && byte !== TRUE) throw new Error('q: want true or false')
  return byte === TRUE
}
