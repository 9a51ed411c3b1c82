// XAES-256-GCM as C2SP specifies it (c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived from the first half of a
// 192-bit nonce. Nonces of that length may be drawn at random for more values than any store will ever hold (2^80 under
// one key), where plain AES-256-GCM's 96 bits would bound it at 2^32.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concat } from 'uint8arrays/concat'

export const XAES_NONCE = 24
const BLOCK = 16
const TAG = 16

export interface Xaes {
  /** @returns ciphertext and tag */
  seal(nonce: Uint8Array, plain: Uint8Array, additional: Uint8Array): Uint8Array
  /** @returns undefined when any of it is not as it was sealed */
  open(nonce: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined
}

/** @param key 32 bytes */
export function xaes256gcm(key: Uint8Array): Xaes {
  const mask = maskOf(blocks(key, new Uint8Array(BLOCK)))

  function derived(nonce: Uint8Array): Uint8Array {
    const input = new Uint8Array(2 * BLOCK)
    for (const [index, counter] of [1, 2].entries()) {
      input.set([0, counter, 0x58, 0], index * BLOCK) // 16-bit counter, label "X", zero
      input.set(nonce.subarray(0, 12), index * BLOCK + 4)
      for (let at = 0; at < BLOCK; at++) input[index * BLOCK + at] = (input[index * BLOCK + at] ?? 0) ^ (mask[at] ?? 0)
    }
    return blocks(key, input)
  }

  return {
    seal(nonce, plain, additional) {
      const cipher = createCipheriv('aes-256-gcm', derived(nonce), nonce.subarray(12)).setAAD(additional)
      return concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(nonce, sealed, additional) {
      if (sealed.length < TAG) return undefined
      const end = sealed.length - TAG
      const decipher = createDecipheriv('aes-256-gcm', derived(nonce), nonce.subarray(12))
        .setAAD(additional)
        .setAuthTag(sealed.subarray(end))
      const plain = decipher.update(sealed.subarray(0, end))
      try {
        decipher.final()
      } catch {
        return undefined
      }
      return new Uint8Array(plain)
    },
  }
}

/** AES-256 of whole blocks. */
function blocks(key: Uint8Array, input: Uint8Array): Uint8Array {
  return createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(input)
}

/** Doubling in GF(2^128), as CMAC does it. */
function maskOf(block: Uint8Array): Uint8Array {
  const doubled = block.map((byte, at) => ((byte << 1) | ((block[at + 1] ?? 0) >> 7)) & 0xff)
  if ((block[0] ?? 0) & 0x80) doubled[BLOCK - 1] = (doubled[BLOCK - 1] ?? 0) ^ 0x87
  return doubled
}
