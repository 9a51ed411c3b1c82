// Seals and opens whole datagrams with ChaCha20-Poly1305 (RFC 8439): by the module of `chacha20-poly1305.ts`, or, where the
// processor has no 128-bit vectors, by OpenSSL. Both give the same bytes.
//
// What belongs to a key lies in one piece, a head, so that it goes into the module's memory with one copy:
//
//   0  key, 32 bytes      32  nonce, 12 bytes      44  nothing, 4 bytes      48  what is authenticated of each datagram

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type ChaCha20Poly1305, chacha20Poly1305, HEAD, HEADER, MAX_BYTES } from './chacha20-poly1305.ts'

export const KEY_AT = 0
export const NONCE_AT = 32
export const HEADER_AT = 48
export const TAG_BYTES = 16

export interface DatagramAead {
  /** @returns header, ciphertext and tag. Texts are at most 2000 bytes long, headers 100 */
  seal(head: Uint8Array, text: Uint8Array): Buffer
  /**
   * Opens it in place, when it is right; else it stays as it is.
   *
   * @param datagram longer than its header and a tag
   */
  open(head: Uint8Array, datagram: Uint8Array): boolean
}

/** Longer ones are none of a link's. */
const KEPT_VIEWS = 2048

export function wasmAead({ memory, seal, open }: ChaCha20Poly1305): DatagramAead {
  /** Of the module's memory from the header on, by length: making one for each datagram is a good part of its cost. */
  const views: (Uint8Array | undefined)[] = new Array(KEPT_VIEWS).fill(undefined)

  function view(length: number): Uint8Array {
    const known = length < KEPT_VIEWS ? views[length] : undefined
    if (known !== undefined) return known
    const made = memory.subarray(HEADER, HEADER + length)
    if (length < KEPT_VIEWS) views[length] = made
    return made
  }

  return {
    seal(head, text) {
      const headerBytes = head.length - HEADER_AT
      const length = headerBytes + text.length + TAG_BYTES
      if (length > MAX_BYTES) throw new RangeError(`datagram: ${length} bytes, want at most ${MAX_BYTES}`)
      memory.set(head, HEAD)
      memory.set(text, HEADER + headerBytes)
      seal(text.length, headerBytes)
      const datagram = Buffer.allocUnsafe(length)
      datagram.set(view(length), 0)
      return datagram
    },
    open(head, datagram) {
      const headerBytes = head.length - HEADER_AT
      const textBytes = datagram.length - headerBytes - TAG_BYTES
      if (textBytes < 0 || datagram.length > MAX_BYTES) return false
      memory.set(head, HEAD)
      memory.set(datagram, HEADER)
      if (open(textBytes, headerBytes) === 0) return false
      datagram.set(view(headerBytes + textBytes), 0)
      return true
    },
  }
}

const CIPHER = 'chacha20-poly1305'
const OPTIONS = { authTagLength: TAG_BYTES }

export const opensslAead: DatagramAead = {
  seal(head, text) {
    const header = head.subarray(HEADER_AT)
    const cipher = createCipheriv(
      CIPHER,
      head.subarray(KEY_AT, NONCE_AT),
      head.subarray(NONCE_AT, NONCE_AT + 12),
      OPTIONS,
    )
    cipher.setAAD(header, { plaintextLength: text.length })
    return Buffer.concat([header, cipher.update(text), cipher.final(), cipher.getAuthTag()])
  },
  open(head, datagram) {
    const headerBytes = head.length - HEADER_AT
    const textEnd = datagram.length - TAG_BYTES
    if (textEnd < headerBytes) return false
    const [key, nonce] = [head.subarray(KEY_AT, NONCE_AT), head.subarray(NONCE_AT, NONCE_AT + 12)]
    const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS)
    decipher.setAAD(datagram.subarray(0, headerBytes), { plaintextLength: textEnd - headerBytes })
    decipher.setAuthTag(datagram.subarray(textEnd))
    const text = decipher.update(datagram.subarray(headerBytes, textEnd))
    try {
      decipher.final()
    } catch {
      return false
    }
    datagram.set(text, headerBytes)
    return true
  },
}

let chosen: DatagramAead | undefined

/** One for the whole thread: a call ends before the next one begins, and leaves no key behind. */
export function datagramAead(): DatagramAead {
  if (chosen === undefined) {
    const made = chacha20Poly1305()
    chosen = made === undefined ? opensslAead : wasmAead(made)
  }
  return chosen
}
