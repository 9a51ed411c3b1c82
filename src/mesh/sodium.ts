// libsodium, where the optional module `sodium-native` has a build for this machine: a datagram takes a quarter of the time
// that Node's own ciphers need, which make an object for each, and a signature is made and checked in half of it. Where there is none
// (32-bit ARM, musl) OpenSSL by Node does the same work.

import { createRequire } from 'node:module'

/** Those functions that are called here. Buffers have to be exactly as long as libsodium says, or it throws. */
export interface Sodium {
  /** Writes ciphertext and tag. RFC 8439. */
  crypto_aead_chacha20poly1305_ietf_encrypt(
    cipherText: Uint8Array,
    text: Uint8Array,
    authenticated: Uint8Array,
    none: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number
  /** Throws when the tag is not right; the text is all zeros then. */
  crypto_aead_chacha20poly1305_ietf_decrypt(
    text: Uint8Array,
    none: null,
    cipherText: Uint8Array,
    authenticated: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number
  /** Ed25519, RFC 8032. @param secretKey the seed, 32 bytes, and then the public key */
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

function load(): { readonly library?: Sodium; readonly whyNot?: string } {
  try {
    return { library: createRequire(import.meta.url)('sodium-native') as Sodium }
  } catch (error) {
    return { whyNot: (error as Error).message.split('\n')[0] ?? '' }
  }
}

const loaded = load()
export const sodium: Sodium | undefined = loaded.library
/** In words, for whoever wonders why it is OpenSSL. */
export const whyNoSodium: string | undefined = loaded.whyNot
