// Keys, credentials and their checks in the virtual world: made from the seed, by the real code, before the run begins.
//
// WebCrypto completes off the thread, so credentials are signed and verified before virtual time starts; one that was not
// issued then is a forged one. Signatures over messages are made and checked while the run goes on, over the real bytes,
// either with Ed25519 or, for speed, with a keyed hash that only this world can make. What was verified for one agent is
// remembered for the others: they would all find the same.

import { createHash, createHmac } from 'node:crypto'
import {
  authorityFrom,
  type Claim,
  type Credential,
  isLive,
  type Role,
  type TrustedAuthority,
  verifyCredential,
} from '../../src/mesh/credential.ts'
import { type Identity, identityFromSeed, type VerifySignature, verifyPeer } from '../../src/mesh/identity.ts'
import { type Refused, refusal } from '../../src/mesh/refusal.ts'
import { hasEnded, type Revocation, verifyRevocation } from '../../src/mesh/revocation.ts'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import type { Chance } from './chance.ts'

export type SignatureKind = 'ed25519' | 'keyed-hash'

export interface VirtualTrust {
  /** The organisations' public keys. */
  readonly authorities: readonly TrustedAuthority[]
  readonly verifySignature: VerifySignature
  /** @throws RangeError for an organisation without authority */
  enrol(organisation: string, claim: Omit<Claim, 'peerId'>): Promise<Enrolled>
  /** Signs that a key does not count any more. Like all that takes WebCrypto, before virtual time starts. */
  revoke(credential: Credential, reason: string): Promise<string>
  /** Against the authorities and that time. */
  check(token: string, now: UtcMs): Credential | Refused
  checkRevocation(token: string, now: UtcMs): Revocation | Refused
}

export interface Enrolled {
  readonly identity: Identity
  readonly credential: Credential
}

const GRANTED: readonly Role[] = ['IED', 'BACKEND', 'VIEWER', 'OPERATOR']
const VALID_DAYS = 3650
const REMEMBERED = 200_000

export async function virtualTrust(
  organisations: readonly string[],
  startUtcMs: number,
  kind: SignatureKind,
  chance: Chance,
): Promise<VirtualTrust> {
  const issuers = new Map(
    await Promise.all(
      organisations.map(async name => [name, await authority(name, chance.of(`authority/${name}`))] as const),
    ),
  )
  const authorities = [...issuers.values()].map(({ organisation, publicKey }) => ({
    organisation,
    publicKey,
    roles: GRANTED,
  }))
  const credentials = new Map<string, Credential>()
  const revocations = new Map<string, Revocation>()
  /** The secrets behind keyed hashes, by peer id. */
  const secrets = new Map<string, Uint8Array>()

  const keyedHash = (secret: Uint8Array, bytes: Uint8Array): Uint8Array =>
    createHmac('sha512', secret).update(bytes).digest()

  function verifyKeyedHash(peerId: string, bytes: Uint8Array, signature: Uint8Array): boolean {
    const secret = secrets.get(peerId)
    return secret !== undefined && Buffer.from(keyedHash(secret, bytes)).equals(signature)
  }

  return {
    authorities,
    verifySignature: remembering(kind === 'ed25519' ? verifyPeer : verifyKeyedHash),
    async enrol(organisation, claim) {
      const issuer = issuers.get(organisation)
      if (issuer === undefined) throw new RangeError(`organisation ${organisation}: no authority here`)
      const ownChance = chance.of(`key/${organisation}/${claim.name}`)
      const real = await identityFromSeed(ownChance.bytes(32))
      const token = await issuer.issue(
        // Drawn ids would differ from run to run of one seed.
        { ...claim, peerId: real.peerId, id: `${organisation}/${claim.name}` },
        { from: utcMs(startUtcMs - 86_400_000), days: VALID_DAYS },
      )
      const credential = await verifyCredential(token, authorities, utcMs(startUtcMs))
      if ('refused' in credential) throw new Error(`invariant: own credential refused: ${credential.refused}`)
      credentials.set(token, credential)
      const secret = ownChance.bytes(32)
      secrets.set(real.peerId, secret)
      const identity = kind === 'ed25519' ? real : { ...real, sign: (bytes: Uint8Array) => keyedHash(secret, bytes) }
      return { identity, credential }
    },
    async revoke({ organisation, peerId, expires }, reason) {
      const issuer = issuers.get(organisation)
      if (issuer === undefined) throw new RangeError(`organisation ${organisation}: no authority here`)
      const token = await issuer.revoke({ peerId, reason, at: utcMs(startUtcMs), until: utcMs(expires * 1000) })
      const revocation = await verifyRevocation(token, authorities, utcMs(startUtcMs))
      if ('refused' in revocation) throw new Error(`invariant: own revocation refused: ${revocation.refused}`)
      revocations.set(token, revocation)
      return token
    },
    checkRevocation(token, now) {
      const revocation = revocations.get(token)
      if (revocation === undefined) return refusal('signature is not by the trusted authority')
      return hasEnded(revocation, now) ? refusal('revocation has expired') : revocation
    },
    check(token, now) {
      const credential = credentials.get(token)
      if (credential === undefined) return refusal('signature is not by the trusted authority')
      return isLive(credential, now) ? credential : refusal('credential has expired')
    },
  }
}

async function authority(organisation: string, chance: Chance) {
  const { libp2pKey } = await identityFromSeed(chance.bytes(32))
  const [d, x] = [libp2pKey.raw.subarray(0, 32), libp2pKey.publicKey.raw].map(part =>
    Buffer.from(part).toString('base64url'),
  ) as [string, string]
  return authorityFrom(organisation, { kty: 'OKP', crv: 'Ed25519', d, x })
}

function remembering(verify: VerifySignature): VerifySignature {
  const results = new Map<string, boolean>()
  return (peerId, bytes, signature) => {
    const key = `${peerId} ${createHash('sha256').update(bytes).update(signature).digest('base64')}`
    const known = results.get(key)
    if (known !== undefined) return known
    const result = verify(peerId, bytes, signature)
    if (results.size >= REMEMBERED) results.clear()
    results.set(key, result)
    return result
  }
}
