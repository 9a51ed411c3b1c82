// Sealing by jose: a JWE in the general JSON serialisation, one encrypted key for each reader under its `kid`
// (ECDH-ES+A256KW on X25519, content A256GCM). Any JOSE tool with a reader's private key opens it.

import { createHash } from 'node:crypto'
import { GeneralEncrypt, type GeneralJWE, generalDecrypt, importJWK } from 'jose'
import { MAX_READERS, MAX_SEALED_BYTES, type Sealing, type SealingKey } from '../aggregation/portion.ts'
import { sealingKeyOf } from '../mesh/sealing-key.ts'

export interface PrivateSealingKey {
  /** base64url, as in a JWK. */
  readonly d: string
  readonly x: string
}

/** The key's RFC 7638 thumbprint: nobody chooses it, so no two keys have one name. */
export const kidOf = (x: string): string =>
  createHash('sha256')
    .update(JSON.stringify({ crv: 'X25519', kty: 'OKP', x }))
    .digest('base64url')

export const sealingKey = (x: string): SealingKey => ({ kid: kidOf(x), x })

const derived = new Map<string, SealingKey | undefined>()
const DERIVED_KEPT = 4096

/** The key that a peer's id says; by arithmetic that takes a millisecond, so it is remembered. */
export function keyForSealing({ peerId }: { readonly peerId: string }): SealingKey | undefined {
  if (derived.has(peerId)) return derived.get(peerId)
  if (derived.size >= DERIVED_KEPT) derived.clear()
  const x = sealingKeyOf(peerId)
  const key = x === undefined ? undefined : sealingKey(x)
  derived.set(peerId, key)
  return key
}

const ALG = 'ECDH-ES+A256KW'
const ENC = 'A256GCM'

/** @param held all keys of this reader: retired ones still open what was sealed to them */
export const joseSealing = (held: readonly PrivateSealingKey[]): Sealing =>
  sealingWith(new Map(held.map(key => [kidOf(key.x), key])))

/** @param byKid the caller may add to it while it is used */
export function sealingWith(byKid: ReadonlyMap<string, PrivateSealingKey>): Sealing {
  return {
    async seal(content, to) {
      const sealing = new GeneralEncrypt(content).setProtectedHeader({ enc: ENC })
      for (const { kid, x } of to) {
        const key = await importJWK({ kty: 'OKP', crv: 'X25519', x }, ALG)
        sealing.addRecipient(key).setUnprotectedHeader({ alg: ALG, kid })
      }
      return new TextEncoder().encode(JSON.stringify(await sealing.encrypt()))
    },
    async open(sealed) {
      try {
        if (sealed.length > MAX_SEALED_BYTES) return undefined
        const { recipients, ...rest } = JSON.parse(new TextDecoder().decode(sealed)) as GeneralJWE
        if (!Array.isArray(recipients) || recipients.length > MAX_READERS) return undefined
        // Only the part that names a key of ours is tried: no work for those of others.
        const own = recipients.find(({ header }) => byKid.has(String(header?.kid)))
        const key = own && byKid.get(String(own.header?.kid))
        if (own === undefined || key === undefined) return undefined
        const { d, x } = key
        const { plaintext } = await generalDecrypt(
          { ...rest, recipients: [own] },
          await importJWK({ kty: 'OKP', crv: 'X25519', d, x }, ALG),
          { keyManagementAlgorithms: [ALG], contentEncryptionAlgorithms: [ENC] },
        )
        return plaintext
      } catch {
        return undefined // changed, cut off, or sealed to another key under our kid: it opens no more than one for others
      }
    },
  }
}
