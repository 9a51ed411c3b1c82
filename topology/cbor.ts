// The one CBOR profile of this project: RFC 8949 core deterministic encoding out, nothing else in.

import { encode, rfc8949EncodeOptions } from 'cborg'
import { decodeCbor } from './cbor-decode.ts'

/** Same value, same bytes: map keys sorted, shortest integers, no undefined. `bigint` for 64-bit integers. */
export const toCbor = (value: unknown): Uint8Array => encode(value, rfc8949EncodeOptions)

/**
 * Decodes one value and refuses every other encoding of it (indefinite lengths, long integers, repeated or unsorted
 * keys, trailing bytes), so that a signature covers one reading only. Integers beyond 2^53 come back as `bigint`.
 *
 * @throws Error when the bytes are not the deterministic encoding of a value
 */
export const fromCbor = (bytes: Uint8Array): unknown => decodeCbor(bytes)

/**
 * The same decoder, which remembers what it made of bytes for as long as these live: a message is decoded once, though its
 * authority is checked before it is used, and several agents of one process may hear it. Bytes that were decoded must not
 * be written to again, nor the result. A failure is not remembered.
 */
export function decodedOnce<T extends object>(decode: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, T>()
  return bytes => {
    const before = known.get(bytes)
    if (before !== undefined) return before
    const value = decode(bytes)
    known.set(bytes, value)
    return value
  }
}
