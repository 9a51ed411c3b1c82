// One agreement's two keys in use: seals what goes out, opens what comes in. ChaCha20-Poly1305 (RFC 8439).
//
//   0  version, 2      1  key id, 8 bytes      9  counter, 8 bytes, big-endian      17  ciphertext      then tag, 16 bytes
//
// The header is authenticated with it. The nonce is four zero bytes and the counter, as in RFC 8446 section 5.3 without
// the mask: the key is this direction's alone and the counter never repeats. A datagram sent back to its sender names
// a key id that the sender does not receive with.

import { counterWindow } from './counter-window.ts'
import { datagramAead, NONCE_BYTES, TAG_BYTES } from './datagram-aead.ts'
import type { DirectionKey } from './datagram-keys.ts'

export { TAG_BYTES }
export const DATAGRAM_VERSION = 2
export const HEADER_BYTES = 17
/** A longer datagram is no datagram of ours. */
export const MAX_DATAGRAM = 1500

/** Why a datagram does not count: a closed set. */
export const datagramRefusals = [
  'size',
  'version',
  'unknown-key',
  'replayed',
  'forged',
  'worn-out',
  'malformed',
] as const
export type DatagramRefusal = (typeof datagramRefusals)[number]

export interface Sealer {
  /** Undefined once the key is worn out or erased: no nonce is ever used twice. */
  seal(packet: Uint8Array): Buffer | undefined
  readonly sent: number
  erase(): void
}

export interface Opener {
  readonly id: Buffer
  /** @returns the packet, in the datagram's own memory: it is opened in place */
  open(datagram: Buffer): Buffer | DatagramRefusal
  /** The greatest counter that was opened; -1 before the first. */
  readonly greatest: number
  erase(): void
}

/**
 * @param direction its key is taken over: the caller's copy is overwritten
 * @param limit datagrams that the key may seal
 */
export function sealer(direction: DirectionKey, limit: number): Sealer {
  const key = taken(direction)
  const nonce = Buffer.alloc(NONCE_BYTES)
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = DATAGRAM_VERSION
  header.set(direction.id, 1)
  const secret = { key, nonce }
  let counter = 0
  let isErased = false

  return {
    seal(packet) {
      if (isErased || counter >= limit) return undefined
      const [high, low] = [Math.floor(counter / 2 ** 32), counter >>> 0]
      nonce.writeUInt32BE(high, 4)
      nonce.writeUInt32BE(low, 8)
      header.writeUInt32BE(high, 9)
      header.writeUInt32BE(low, 13)
      counter++
      return datagramAead.seal(secret, header, packet)
    },
    get sent() {
      return counter
    },
    erase() {
      isErased = true
      key.fill(0)
    },
  }
}

/**
 * @param direction its key is taken over: the caller's copy is overwritten
 * @param limit counters from here on are refused, as no honest sender reaches them
 */
export function opener(direction: DirectionKey, limit: number): Opener {
  const { id } = direction
  const window = counterWindow()
  const key = taken(direction)
  const nonce = Buffer.alloc(NONCE_BYTES)
  const secret = { key, nonce }
  const [idHigh, idLow] = [id.readUInt32BE(0), id.readUInt32BE(4)]
  let isErased = false

  return {
    id,
    open(datagram) {
      const { length } = datagram
      if (length <= HEADER_BYTES + TAG_BYTES || length > MAX_DATAGRAM) return 'size'
      if (datagram[0] !== DATAGRAM_VERSION) return 'version'
      if (isErased || datagram.readUInt32BE(1) !== idHigh || datagram.readUInt32BE(5) !== idLow) return 'unknown-key'
      const [high, low] = [datagram.readUInt32BE(9), datagram.readUInt32BE(13)]
      const counter = high * 2 ** 32 + low
      if (counter >= limit) return 'worn-out'
      if (!window.isFresh(counter)) return 'replayed'
      nonce.writeUInt32BE(high, 4)
      nonce.writeUInt32BE(low, 8)
      if (!datagramAead.open(secret, HEADER_BYTES, datagram)) return 'forged'
      window.take(counter)
      return datagram.subarray(HEADER_BYTES, length - TAG_BYTES)
    },
    get greatest() {
      return window.greatest
    },
    erase() {
      isErased = true
      key.fill(0)
    },
  }
}

/** A copy in memory of its own, the only one from here on. */
function taken({ key }: DirectionKey): Buffer {
  const copy = Buffer.alloc(key.length, key)
  key.fill(0)
  return copy
}
