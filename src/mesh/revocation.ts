// Revocations: an authority takes back what it signed. Like a credential, a JWT (RFC 7519) with an EdDSA signature that any
// JOSE tool can read. It names a key (all of its credentials, as when a device was stolen) or one credential of it. The
// signature is what counts: whoever has one may hand it on, over the mesh or as a file.
//
// It lasts as long as the longest of the credentials that it is about would have counted. Then nothing is left to refuse,
// and it is forgotten, so that the list of them is bounded by what was issued. When it was made does not matter here: an
// agent whose clock is behind must not believe a stolen key for as long.

import { createHash } from 'node:crypto'
import { type CryptoKey, importJWK, jwtVerify, type KeyObject, SignJWT } from 'jose'
import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import {
  type Credential,
  credentialId,
  issuerOf,
  signedPart,
  TOLERANCE_SECONDS,
  type TrustedAuthority,
} from './credential.ts'
import { type Refused, refusal } from './refusal.ts'

export interface Revocation {
  readonly organisation: string
  readonly peerId: string
  /** Of the one credential that is meant; absent when all of the key's are. */
  readonly credential?: string | undefined
  readonly reason: string
  /** When it was signed, seconds since 1970, UTC. */
  readonly at: number
  /** When the last of what it is about would have expired. */
  readonly expires: number
  /** The signed text itself, as it travels. */
  readonly token: string
  /** First 8 bytes of the SHA-256 of what is signed, hexadecimal. */
  readonly id: string
}

export interface RevocationClaim {
  readonly peerId: string
  readonly credential?: string | undefined
  readonly reason: string
  readonly at: UtcMs
  readonly until: UtcMs
}

const TYP = 'feedermesh-revocation+jwt'
/** Shorter than a credential's: it says less. */
export const MAX_REVOCATION = 1024

const claims = z
  .object({
    iss: z.string().min(1).max(64),
    sub: z.string().min(1).max(128),
    credential: z.string().min(1).max(160).optional(),
    reason: z.string().max(200),
    iat: z.number().int().nonnegative(),
    exp: z.number().int().nonnegative(),
  })
  .strict()

export function signRevocation(
  organisation: string,
  key: CryptoKey | KeyObject | Uint8Array,
  { peerId, credential, reason, at, until }: RevocationClaim,
): Promise<string> {
  return new SignJWT({ ...(credential === undefined ? {} : { credential }), reason })
    .setProtectedHeader({ alg: 'EdDSA', typ: TYP })
    .setIssuer(organisation)
    .setSubject(peerId)
    .setIssuedAt(Math.floor(at / 1000))
    .setExpirationTime(Math.ceil(until / 1000))
    .sign(key)
}

/** @returns the revocation, or in words why it does not count */
export async function verifyRevocation(
  token: string,
  trusted: readonly TrustedAuthority[],
  now: UtcMs,
): Promise<Revocation | Refused> {
  if (token.length > MAX_REVOCATION) return refusal('revocation is malformed', 'revocation is too long')
  const issuer = issuerOf(token)
  const keys = trusted.filter(({ organisation }) => organisation === issuer)
  if (keys.length === 0) return refusal('authority is not trusted here', `authority "${issuer}" is not trusted here`)
  // First what costs least: whoever is admitted may bring any number of old ones, and checking a signature takes a while.
  if (saysThatItHasEnded(token, now)) return refusal('revocation has expired')
  let last: Refused = refusal('signature is not by the trusted authority')
  for (const { publicKey } of keys) {
    const result = await verifyOne(token, publicKey)
    if (!('refused' in result)) {
      return hasEnded(result, now) ? refusal('revocation has expired') : result
    }
    last = result
  }
  return last
}

async function verifyOne(token: string, publicKey: string): Promise<Revocation | Refused> {
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: publicKey }, 'EdDSA')
    const { payload } = await jwtVerify(token, key, { algorithms: ['EdDSA'], typ: TYP, currentDate: new Date(0) })
    const { iss, sub, iat, exp, credential, reason } = claims.parse(payload)
    return { organisation: iss, peerId: sub, credential, reason, at: iat, expires: exp, token, id: revocationId(token) }
  } catch (error) {
    const isForged = (error as { code?: string }).code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
    return refusal(isForged ? 'signature is not by the trusted authority' : 'revocation is malformed')
  }
}

/** Of what is signed, so that whoever has one knows it again without checking its signature. */
export const revocationId = (token: string): string =>
  createHash('sha256').update(signedPart(token)).digest('hex').slice(0, 16)

/** By its own words, which nobody has checked. */
function saysThatItHasEnded(token: string, now: UtcMs): boolean {
  try {
    const said = z
      .object({ exp: z.number() })
      .parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))
    return hasEnded({ expires: said.exp }, now)
  } catch {
    return false
  }
}

/** Whether all that it is about would have expired anyway. */
export const hasEnded = ({ expires }: Pick<Revocation, 'expires'>, now: UtcMs): boolean => now > endOf(expires)

const endOf = (expires: number): UtcMs => utcMs((expires + TOLERANCE_SECONDS) * 1000)

/** As much of a credential as it takes to know whether it is revoked: no matter whether it counts for anything else. */
export type Revocable = Pick<Credential, 'peerId' | 'organisation' | 'token'>

/** Whether this credential is one of those that it takes back. An authority takes back only what is its own. */
export const isAbout = (revocation: Revocation, credential: Revocable): boolean =>
  revocation.peerId === credential.peerId &&
  revocation.organisation === credential.organisation &&
  (revocation.credential === undefined || revocation.credential === credentialId(credential))
