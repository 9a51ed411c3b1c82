// The X25519 key that belongs to an agent's Ed25519 key, so that whoever knows a peer id can seal for that peer, and no key
// has to be handed round: the credential that binds the name to the peer id binds it to this key as well.
//
// Both curves are the same in other coordinates. The public keys are turned by u = (1 + y) / (1 - y) (RFC 7748, 4.1), the
// private one is the scalar that signatures use: the first half of SHA-512 over the seed (RFC 8032, 5.1.5). age and
// libsodium do the same.

import { createHash } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Identity } from './identity.ts'

const P = 2n ** 255n - 19n

/** @returns base64url, or undefined when the peer id is not that of an Ed25519 key on the curve's usable part */
export function sealingKeyOf(peerId: string): string | undefined {
  try {
    const key = peerIdFromString(peerId).publicKey
    return key?.type === 'Ed25519' ? montgomery(key.raw) : undefined
  } catch {
    return undefined
  }
}

/** Public values only: it takes no care to take equally long for all of them. */
function montgomery(ed25519: Uint8Array): string | undefined {
  const bytes = Uint8Array.from(ed25519)
  bytes[31] = (bytes[31] ?? 0) & 0x7f // the sign of x
  const y = fromLittleEndian(bytes)
  const below = mod(1n - y)
  if (y >= P || below === 0n) return undefined
  const u = mod((1n + y) * power(below, P - 2n))
  return u === 0n ? undefined : Buffer.from(toLittleEndian(u)).toString('base64url')
}

/** Private and public part as they stand in a JWK. Never stored: it comes from the agent's own key file each time. */
export function ownSealingKey({ libp2pKey, peerId }: Identity): { readonly d: string; readonly x: string } {
  const scalar = createHash('sha512').update(libp2pKey.raw.subarray(0, 32)).digest().subarray(0, 32)
  const x = sealingKeyOf(peerId)
  if (x === undefined) throw new Error(`invariant: ${peerId} is not the peer id of an Ed25519 key`)
  return { d: scalar.toString('base64url'), x }
}

const mod = (value: bigint): bigint => ((value % P) + P) % P

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = mod(base), left = exponent; left > 0n; left >>= 1n, square = mod(square * square)) {
    if (left & 1n) result = mod(result * square)
  }
  return result
}

const fromLittleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)

const toLittleEndian = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
