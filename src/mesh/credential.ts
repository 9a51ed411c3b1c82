// Credentials: an authority (an organisation's key, kept off the IEDs) signs who a peer is. A credential is a JWT
// (RFC 7519) with an EdDSA signature, so that any JOSE tool can read one.

import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { UtcMs } from '../../topology/units.ts'
import { MeshError } from './mesh-error.ts'
import { type Refused, refusal } from './refusal.ts'

/** IEC 62351-8 names for people and tools; IED and BACKEND, ours, for machines. */
export const roles = ['IED', 'BACKEND', 'VIEWER', 'OPERATOR', 'ENGINEER', 'SECADM', 'SECAUD'] as const
export type Role = (typeof roles)[number]

const claims = z.object({
  iss: z.string().min(1).max(64),
  sub: z.string().min(1).max(128),
  name: z.string().min(1).max(64),
  roles: z.array(z.enum(roles)).min(1).max(8),
  feeders: z.array(z.string().max(64)).min(1).max(256),
  serial: z.string().max(64).optional(),
  place: z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)]).optional(),
  nbf: z.number().int(),
  exp: z.number().int(),
})

export interface Credential {
  readonly peerId: string
  readonly organisation: string
  /** The IED's or back end's name in the feeder file, or the name of a person or tool. */
  readonly name: string
  readonly roles: readonly Role[]
  readonly feeders: readonly string[]
  readonly serial?: string | undefined
  /** Latitude and longitude, degrees. */
  readonly place?: readonly [number, number] | undefined
  /** Seconds since 1970, UTC. */
  readonly notBefore: number
  readonly expires: number
  /** The signed text itself, as it travels. */
  readonly token: string
  /** SHA-256 of the token, first 16 bytes: how envelopes name it. */
  readonly hash: Uint8Array
}

/** Whose credentials count here, and for what. */
export interface TrustedAuthority {
  readonly organisation: string
  /** Ed25519 public key, base64url, as in a JWK's `x`. */
  readonly publicKey: string
  readonly roles: readonly Role[]
}

export interface Authority {
  readonly organisation: string
  readonly publicKey: string
  issue(claim: Claim, validity: { from: UtcMs; days: number }): Promise<string>
  /** The private key as a JWK, for a file of mode 0600. */
  toJwk(): Promise<JWK>
}

export type Claim = Pick<Credential, 'peerId' | 'name' | 'roles' | 'feeders' | 'serial' | 'place'>

export async function newAuthority(organisation: string): Promise<Authority> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  return authorityFrom(organisation, await exportJWK(privateKey))
}

/** @throws MeshError MESH_BAD_KEY */
export async function authorityFrom(organisation: string, jwk: JWK): Promise<Authority> {
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || jwk.d === undefined || jwk.x === undefined) {
    throw new MeshError('MESH_BAD_KEY', `authority ${organisation}: want a private Ed25519 key as a JWK`)
  }
  const key = await importJWK(jwk, 'EdDSA')
  return {
    organisation,
    publicKey: jwk.x,
    toJwk: async () => jwk,
    issue: ({ peerId, name, ...rest }, { from, days }) => {
      const start = Math.floor(from / 1000)
      return new SignJWT({ name, ...rest })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'feedermesh-credential+jwt' })
        .setIssuer(organisation)
        .setSubject(peerId)
        .setNotBefore(start)
        .setExpirationTime(start + days * 86_400)
        .sign(key)
    },
  }
}

/**
 * Checks a credential against the trusted authorities and the time.
 * @returns the credential, or in words why it does not count
 */
export async function verifyCredential(
  token: string,
  trusted: readonly TrustedAuthority[],
  now: UtcMs,
): Promise<Credential | Refused> {
  if (token.length > MAX_TOKEN) return refusal('credential is too long')
  const issuer = issuerOf(token)
  const authorities = trusted.filter(authority => authority.organisation === issuer)
  if (authorities.length === 0)
    return refusal('authority is not trusted here', `authority "${issuer}" is not trusted here`)
  let last = refusal('signature is not by the trusted authority')
  for (const { publicKey, roles: granted } of authorities) {
    const result = await verifyOne(token, publicKey, now)
    if ('refused' in result) last = result
    else if (result.roles.every(role => granted.includes(role))) return result
    else {
      const refused = `authority "${issuer}" may not grant ${result.roles.join(', ')} here`
      last = refusal('authority may not grant these roles here', refused)
    }
  }
  return last
}

const MAX_TOKEN = 8192
const TOLERANCE_SECONDS = 120

async function verifyOne(token: string, publicKey: string, now: UtcMs): Promise<Credential | Refused> {
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: publicKey }, 'EdDSA')
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['EdDSA'],
      typ: 'feedermesh-credential+jwt',
      currentDate: new Date(now),
      clockTolerance: TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'nbf', 'sub', 'iss'],
    })
    return toCredential(claims.parse(payload), token)
  } catch (error) {
    return reasonOf(error)
  }
}

function toCredential(claim: z.infer<typeof claims>, token: string): Credential {
  const { iss, sub, nbf, exp, ...rest } = claim
  const hash = createHash('sha256').update(token).digest().subarray(0, 16)
  return { ...rest, peerId: sub, organisation: iss, notBefore: nbf, expires: exp, token, hash }
}

/** Whether a credential accepted earlier still counts. */
export const isLive = (credential: Credential, now: UtcMs): boolean =>
  now / 1000 <= credential.expires + TOLERANCE_SECONDS && now / 1000 >= credential.notBefore - TOLERANCE_SECONDS

function issuerOf(token: string): string {
  try {
    const body: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return z.object({ iss: z.string().max(64) }).parse(body).iss
  } catch {
    return '(unreadable)'
  }
}

function reasonOf(error: unknown): Refused {
  const code = (error as { code?: string }).code
  if (code === 'ERR_JWT_EXPIRED') return refusal('credential has expired')
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return refusal('signature is not by the trusted authority')
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    return refusal('credential is not valid', `credential is not valid: ${(error as Error).message}`)
  }
  return refusal('credential is malformed')
}
