// Seals and opens whole datagrams with ChaCha20-Poly1305 (RFC 8439), header and all: by libsodium, and by OpenSSL where there
// is none. Both make the same bytes.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type Sodium, sodium } from './sodium.ts'

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
export const TAG_BYTES = 16

export interface Secret {
  readonly key: Buffer
  readonly nonce: Buffer
}

export interface DatagramAead {
  /** @returns header, ciphertext and tag, in memory of their own */
  seal(secret: Secret, header: Buffer, text: Uint8Array): Buffer
  /**
   * Opens it in place. What is not right is worth nothing afterwards: some of it may be overwritten, with no text in it.
   *
   * @param datagram begins with the header, which is this long
   */
  open(secret: Secret, headerBytes: number, datagram: Buffer): boolean
}

export function sodiumAead(library: Sodium): DatagramAead {
  return {
    seal({ key, nonce }, header, text) {
      const datagram = Buffer.allocUnsafe(header.length + text.length + TAG_BYTES)
      datagram.set(header)
      const sealed = datagram.subarray(header.length)
      library.crypto_aead_chacha20poly1305_ietf_encrypt(sealed, text, header, null, nonce, key)
      return datagram
    },
    open({ key, nonce }, headerBytes, datagram) {
      const textEnd = datagram.length - TAG_BYTES
      if (textEnd < headerBytes) return false
      const header = datagram.subarray(0, headerBytes)
      const text = datagram.subarray(headerBytes, textEnd)
      const sealed = datagram.subarray(headerBytes)
      try {
        library.crypto_aead_chacha20poly1305_ietf_decrypt(text, null, sealed, header, nonce, key)
        return true
      } catch {
        return false
      }
    },
  }
}

const CIPHER = 'chacha20-poly1305'
const OPTIONS = { authTagLength: TAG_BYTES }

export const opensslAead: DatagramAead = {
  seal({ key, nonce }, header, text) {
    const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS)
    cipher.setAAD(header, { plaintextLength: text.length })
    return Buffer.concat([header, cipher.update(text), cipher.final(), cipher.getAuthTag()])
  },
  open({ key, nonce }, headerBytes, datagram) {
    const textEnd = datagram.length - TAG_BYTES
    if (textEnd < headerBytes) return false
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

export const datagramAead: DatagramAead = sodium === undefined ? opensslAead : sodiumAead(sodium)
