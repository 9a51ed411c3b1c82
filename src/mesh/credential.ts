// Credentials: an authority (an organisation's key, kept off the IEDs) signs who a peer is. A credential is a JWT
// (RFC 7519) with an EdDSA signature, so that any JOSE tool can read one.

import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { UtcMs } from '../../topology/units.ts'
import { MeshError } from './mesh-error.ts'
import { printable, type Refused, refusal } from './refusal.ts'
import { type RevocationClaim, signRevocation } from './revocation.ts'

/** IEC 62351-8 names for people and tools; IED and BACKEND, ours, for machines. */
export const roles = [
  'IED',
  'BACKEND',
  'VIEWER',
  'OPERATOR',
  'ENGINEER',
  'INSTALLER',
  'SECADM',
  'SECAUD',
  'RBACMNT',
] as const
export type Role = (typeof roles)[number]

const claims = z.object({
  iss: z.string().min(1).max(64),
  sub: z.string().min(1).max(128),
  name: z.string().min(1).max(64),
  roles: z.array(z.enum(roles)).min(1).max(8),
  feeders: z.array(z.string().max(64)).min(1).max(256),
  jti: z.string().min(1).max(160).optional(),
  department: z.string().min(1).max(64).optional(),
  serial: z.string().max(64).optional(),
  sealingKey: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .optional(),
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
  /** Where it counts here: what it names, as far as its authority counts for it. */
  readonly feeders: readonly string[]
  /** Of the organisation; for people. */
  readonly department?: string | undefined
  readonly serial?: string | undefined
  /** X25519 public key, base64url, as in a JWK's `x`: what is sealed for this peer alone. */
  readonly sealingKey?: string | undefined
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
  /** The feeders for which its credentials count; all when absent. */
  readonly feeders?: readonly string[] | undefined
}

export interface Authority {
  readonly organisation: string
  readonly publicKey: string
  issue(claim: Claim, validity: Validity): Promise<string>
  /** Signs that a key, or one credential of it, does not count any more; see `revocation.ts`. */
  revoke(claim: RevocationClaim): Promise<string>
  /** The private key as a JWK, for a file of mode 0600. */
  toJwk(): Promise<JWK>
}

export type Claim = Pick<
  Credential,
  'peerId' | 'name' | 'roles' | 'feeders' | 'department' | 'serial' | 'sealingKey' | 'place'
> & {
  /** Unique among all that this authority issues; drawn when absent. */
  readonly id?: string
}

export interface Validity {
  readonly from: UtcMs
  /** Fractions serve tests. */
  readonly days: number
}

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
    issue: ({ peerId, name, id = randomUUID(), ...rest }, { from, days }) => {
      const start = Math.floor(from / 1000)
      return new SignJWT({ name, ...rest })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'feedermesh-credential+jwt' })
        .setIssuer(organisation)
        .setSubject(peerId)
        .setJti(id)
        .setNotBefore(start)
        .setExpirationTime(start + Math.round(days * 86_400))
        .sign(key)
    },
    revoke: claim => signRevocation(organisation, key, claim),
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
  for (const authority of authorities) {
    const result = await verifyOne(token, authority.publicKey, now)
    const counted = 'refused' in result ? result : asFarAsTrusted(result, authority)
    if (!('refused' in counted)) return counted
    last = counted
  }
  return last
}

function asFarAsTrusted(credential: Credential, { organisation, roles: granted, feeders }: TrustedAuthority) {
  const { roles: held } = credential
  if (!held.every(role => granted.includes(role))) {
    const refused = `authority "${organisation}" may not grant ${held.join(', ')} here`
    return refusal('authority may not grant these roles here', refused)
  }
  if (feeders === undefined) return credential
  const counting = credential.feeders.filter(feeder => feeders.includes(feeder))
  if (counting.length > 0) return { ...credential, feeders: counting }
  const refused = `authority "${organisation}" counts for ${feeders.join(', ')} here, not for ${credential.feeders.join(', ')}`
  return refusal('authority is not trusted for this feeder', refused)
}

/** Longer ones are not read. */
export const MAX_TOKEN = 8192

const tokenSchema = z.string().max(MAX_TOKEN)
/** A credential's text as it goes from peer to peer. */
export const encodeToken = (token: string): Uint8Array => toCbor(token)
/** Says nothing of whether it counts. @throws when the bytes are none */
export const decodeToken = (bytes: Uint8Array): string => tokenSchema.parse(fromCbor(bytes))
/** How far this clock and an authority's may be apart. */
export const TOLERANCE_SECONDS = 120

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
  const { iss, sub, nbf, exp, jti: _, ...rest } = claim
  const hash = createHash('sha256').update(token).digest().subarray(0, 16)
  return { ...rest, peerId: sub, organisation: iss, notBefore: nbf, expires: exp, token, hash }
}

/** Whether a credential accepted earlier still counts. */
export const isLive = (credential: Credential, now: UtcMs): boolean =>
  now / 1000 <= credential.expires + TOLERANCE_SECONDS && now / 1000 >= credential.notBefore - TOLERANCE_SECONDS

/**
 * How a revocation names one credential: its `jti`; for one without, the SHA-256 of what is signed. Not of the whole token:
 * the last character of a signature in base64url can be written in several ways.
 */
export function credentialId({ token }: Pick<Credential, 'token'>): string {
  const id = unverified(token, z.object({ jti: z.string().min(1).max(160) }))?.jti
  return id ?? createHash('sha256').update(signedPart(token)).digest('hex').slice(0, 32)
}

/** Header and claims of a JWT: what its signature is over. */
export const signedPart = (token: string): string => token.slice(0, Math.max(0, token.lastIndexOf('.')))

/** Whom a token that did not pass says that it is for. For the log: nobody vouches for it. */
export function claimedIdentity(token: string): { readonly name?: string; readonly organisation?: string } {
  const text = z.string().min(1).max(64)
  const said = unverified(
    token,
    z.object({ name: text.optional().catch(undefined), iss: text.optional().catch(undefined) }),
  )
  return {
    ...(said?.name === undefined ? {} : { name: printable(said.name) }),
    ...(said?.iss === undefined ? {} : { organisation: printable(said.iss) }),
  }
}

export const issuerOf = (token: string): string =>
  unverified(token, z.object({ iss: z.string().max(64) }))?.iss ?? '(unreadable)'

function unverified<T>(token: string, schema: z.ZodType<T>): T | undefined {
  if (token.length > MAX_TOKEN) return undefined
  try {
    return schema.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))
  } catch {
    return undefined
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
