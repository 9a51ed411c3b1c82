// Seals and opens whole datagrams with ChaCha20-Poly1305 (RFC 8439), header and all. The arithmetic is a library's
// (as-chacha20poly1305, WebAssembly): Node's own needs an object for each message, which costs more than a short datagram
// does. Where no instance of it is to be had, Node's seals the same bytes.

import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto'
import { newInstance } from '@chainsafe/as-chacha20poly1305'

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
export const TAG_BYTES = 16

/** What the library's memory has room for. */
const MAX_HEADER = 32
const MAX_TEXT = 65_536

export interface Secret {
  readonly key: Buffer
  readonly nonce: Buffer
}

export interface DatagramAead {
  /** @returns header, ciphertext and tag, in memory of their own */
  seal(secret: Secret, header: Buffer, text: Uint8Array): Buffer
  /**
   * Opens it in place, when it is right; else it stays as it is.
   *
   * @param datagram begins with the header, which is this long
   */
  open(secret: Secret, headerBytes: number, datagram: Buffer): boolean
}

type Module = ReturnType<typeof newInstance>

/**
 * Calls the library's module where its own class would compare tags byte by byte up to the first difference, hand out a
 * text before its tag is known to be right, make several views for each message, and leave keys behind.
 */
export function libraryAead(module: Module): DatagramAead {
  const at = (where: { readonly value: number }, bytes: number): Buffer =>
    Buffer.from(module.memory.buffer, where.value, bytes)
  const key = at(module.cpKey, KEY_BYTES)
  const nonce = at(module.cpNonce, NONCE_BYTES)
  const authenticated = at(module.cpAssociatedData, MAX_HEADER)
  const input = at(module.cpInput, MAX_TEXT)
  const output = at(module.chacha20Output, MAX_TEXT)
  const tag = at(module.poly1305Output, TAG_BYTES)
  const keyInUse = at(module.chacha20Key, KEY_BYTES)
  const tagKey = at(module.poly1305Key, KEY_BYTES)

  /**
   * What the module keeps after a message; the key stream's block and the tag's sums it overwrites itself. The tag's key is
   * made where the text comes out, which may be shorter.
   */
  function eraseKeys(): void {
    key.fill(0)
    keyInUse.fill(0)
    tagKey.fill(0)
    output.fill(0, 0, KEY_BYTES)
  }

  return {
    seal(secret, header, text) {
      const [headerBytes, textBytes] = [header.length, text.length]
      if (headerBytes > MAX_HEADER || textBytes > MAX_TEXT)
        throw new RangeError(
          `datagram: header ${headerBytes} and text ${textBytes} bytes, want at most ${MAX_HEADER} and ${MAX_TEXT}`,
        )
      key.set(secret.key)
      nonce.set(secret.nonce)
      authenticated.set(header)
      input.set(text)
      module.sealUpdate(true, true, textBytes, textBytes, headerBytes)
      const datagram = Buffer.allocUnsafe(headerBytes + textBytes + TAG_BYTES)
      datagram.set(header)
      output.copy(datagram, headerBytes, 0, textBytes)
      datagram.set(tag, headerBytes + textBytes)
      eraseKeys()
      return datagram
    },
    open(secret, headerBytes, datagram) {
      const textEnd = datagram.length - TAG_BYTES
      const textBytes = textEnd - headerBytes
      if (textBytes < 0 || headerBytes > MAX_HEADER || textBytes > MAX_TEXT) return false
      key.set(secret.key)
      nonce.set(secret.nonce)
      datagram.copy(authenticated, 0, 0, headerBytes)
      datagram.copy(input, 0, headerBytes, textEnd)
      module.openUpdate(true, true, textBytes, textBytes, headerBytes)
      const isRight = timingSafeEqual(tag, datagram.subarray(textEnd))
      if (isRight) output.copy(datagram, headerBytes, 0, textBytes)
      eraseKeys()
      return isRight
    },
  }
}

const CIPHER = 'chacha20-poly1305'
const OPTIONS = { authTagLength: TAG_BYTES }

export const opensslAead: DatagramAead = {
  seal(secret, header, text) {
    const cipher = createCipheriv(CIPHER, secret.key, secret.nonce, OPTIONS)
    cipher.setAAD(header, { plaintextLength: text.length })
    return Buffer.concat([header, cipher.update(text), cipher.final(), cipher.getAuthTag()])
  },
  open(secret, headerBytes, datagram) {
    const textEnd = datagram.length - TAG_BYTES
    if (textEnd < headerBytes) return false
    const decipher = createDecipheriv(CIPHER, secret.key, secret.nonce, OPTIONS)
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

/** @param instance throws where, for one, no memory may be had for another module */
export function aeadBy(instance: () => Module): DatagramAead {
  try {
    return libraryAead(instance())
  } catch {
    return opensslAead
  }
}

let chosen: DatagramAead | undefined

/** One for the whole thread: a call ends before the next one begins, and leaves no key behind. */
export function datagramAead(): DatagramAead {
  chosen ??= aeadBy(newInstance)
  return chosen
}
