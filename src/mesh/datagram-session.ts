// One agreement's two keys in use: seals what goes out, opens what comes in. AES-256-GCM (NIST SP 800-38D, RFC 5116).
//
//   0  version, 1      1  key id, 8 bytes      9  counter, 8 bytes, big-endian      17  ciphertext      then tag, 16 bytes
//
// The header is authenticated with it. The nonce is four zero bytes and the counter, as in RFC 8446 section 5.3 without
// the mask: the key is this direction's alone and the counter never repeats. A datagram sent back to its sender names
// a key id that the sender does not receive with.

import { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM } from 'node:crypto'
import { counterWindow } from './counter-window.ts'
import type { DirectionKey } from './datagram-keys.ts'

export const DATAGRAM_VERSION = 1
export const HEADER_BYTES = 17
export const TAG_BYTES = 16
/** A longer datagram is no datagram of ours. */
export const MAX_DATAGRAM = 1500
const CIPHER = 'aes-256-gcm'
const OPTIONS = { authTagLength: TAG_BYTES }

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
  /** Makes the cipher for the next one ready, so that setting it up costs that one no time. */
  prepare(): void
  readonly sent: number
  erase(): void
}

export interface Opener {
  readonly id: Buffer
  open(datagram: Buffer): Buffer | DatagramRefusal
  prepare(): void
  /** The greatest counter that was opened; -1 before the first. */
  readonly greatest: number
  erase(): void
}

/** @param limit datagrams that the key may seal */
export function sealer({ key, id }: DirectionKey, limit: number): Sealer {
  const nonce = Buffer.alloc(12)
  const header = headerOf(id)
  let counter = 0
  let ready: CipherGCM | undefined
  let isErased = false

  /** For the datagram that `counter` names. */
  function cipherForNext(): CipherGCM {
    writeCounter(header, 9, counter)
    writeCounter(nonce, 4, counter)
    const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS)
    cipher.setAAD(header)
    return cipher
  }

  return {
    seal(packet) {
      if (isErased || counter >= limit) return undefined
      const cipher = ready ?? cipherForNext()
      ready = undefined
      counter++
      const sealed = cipher.update(packet)
      cipher.final()
      const datagram = Buffer.allocUnsafe(HEADER_BYTES + sealed.length + TAG_BYTES)
      datagram.set(header, 0)
      datagram.set(sealed, HEADER_BYTES)
      datagram.set(cipher.getAuthTag(), HEADER_BYTES + sealed.length)
      return datagram
    },
    prepare() {
      if (ready === undefined && !isErased && counter < limit) ready = cipherForNext()
    },
    get sent() {
      return counter
    },
    erase() {
      isErased = true
      // Frees, and so erases, what OpenSSL made of the key.
      ready?.final()
      ready = undefined
      key.fill(0)
    },
  }
}

/** @param limit counters from here on are refused, as no honest sender reaches them */
export function opener({ key, id }: DirectionKey, limit: number): Opener {
  const window = counterWindow()
  const nonce = Buffer.alloc(12)
  const header = headerOf(id)
  const [idHigh, idLow] = [id.readUInt32BE(0), id.readUInt32BE(4)]
  /** For the datagram after the greatest: it is the next one, when none is lost. */
  let ready: DecipherGCM | undefined
  let readyFor = -1
  let isErased = false

  function decipherFor(counter: number): DecipherGCM {
    writeCounter(header, 9, counter)
    writeCounter(nonce, 4, counter)
    const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS)
    decipher.setAAD(header)
    return decipher
  }

  function takeDecipher(counter: number): DecipherGCM {
    if (ready === undefined || readyFor !== counter) return decipherFor(counter)
    const decipher = ready
    ready = undefined
    return decipher
  }

  function discard(): void {
    try {
      ready?.setAuthTag(header.subarray(0, TAG_BYTES)).final()
    } catch {
      // It can't verify: it only frees what OpenSSL made of the key.
    }
    ready = undefined
  }

  return {
    id,
    open(datagram) {
      const { length } = datagram
      if (length <= HEADER_BYTES + TAG_BYTES || length > MAX_DATAGRAM) return 'size'
      if (datagram[0] !== DATAGRAM_VERSION) return 'version'
      if (isErased || datagram.readUInt32BE(1) !== idHigh || datagram.readUInt32BE(5) !== idLow) return 'unknown-key'
      const counter = datagram.readUInt32BE(9) * 2 ** 32 + datagram.readUInt32BE(13)
      if (counter >= limit) return 'worn-out'
      if (!window.isFresh(counter)) return 'replayed'
      const decipher = takeDecipher(counter)
      decipher.setAuthTag(datagram.subarray(length - TAG_BYTES))
      const packet = decipher.update(datagram.subarray(HEADER_BYTES, length - TAG_BYTES))
      try {
        decipher.final()
      } catch {
        return 'forged'
      }
      window.take(counter)
      return packet
    },
    prepare() {
      const next = window.greatest + 1
      if (isErased || next >= limit || (ready !== undefined && readyFor === next)) return
      discard()
      ready = decipherFor(next)
      readyFor = next
    },
    get greatest() {
      return window.greatest
    },
    erase() {
      isErased = true
      discard()
      key.fill(0)
    },
  }
}

function headerOf(id: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = DATAGRAM_VERSION
  header.set(id, 1)
  return header
}

function writeCounter(into: Buffer, at: number, counter: number): void {
  into.writeUInt32BE(Math.floor(counter / 2 ** 32), at)
  into.writeUInt32BE(counter >>> 0, at + 4)
}
