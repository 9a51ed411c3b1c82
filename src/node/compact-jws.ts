// A document as it travels: a JWS (RFC 7515, compact) with the credential of who signs in its header, so that somebody who has
// never met him can judge it. Any JOSE tool verifies it with the signer's public key.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { MAX_TOKEN } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'

export interface JwsSigner {
  readonly peerId: string
  /** The credential as it travels. */
  readonly token: string
  sign(bytes: Uint8Array): Uint8Array
}

export interface ReadJws {
  readonly payload: unknown
  /** SHA-256 of the payload alone: the same document signed anew has the same. */
  readonly contentDigest: string
  /** SHA-256 of what is signed. */
  readonly digest: string
  readonly peerId: string
  readonly token: string
  /** Whether it is by the key that it names. */
  verify(): boolean
}

const headerSchema = z.strictObject({
  alg: z.literal('EdDSA'),
  typ: z.string(),
  /** The peer id of who signs. */
  kid: z.string().min(1).max(128),
  credential: z.string().min(1).max(MAX_TOKEN),
})

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const contentDigestOf = (payload: unknown): string => sha256(encoded(payload))

export function signJws(type: string, payload: unknown, { peerId, token, sign }: JwsSigner): string {
  const header = headerSchema.parse({ alg: 'EdDSA', typ: type, kid: peerId, credential: token })
  const input = `${encoded(header)}.${encoded(payload)}`
  return `${input}.${Buffer.from(sign(Buffer.from(input))).toString('base64url')}`
}

/** Says nothing of whether it counts. @returns in words why it is none */
export function readJws(
  jws: string,
  type: string,
  maxBytes: number,
  verifySignature: VerifySignature,
): ReadJws | string {
  const [head = '', payload = '', signature = '', ...more] = jws.length > maxBytes ? [] : jws.split('.')
  if (more.length > 0 || signature === '') return 'want a compact JWS'
  const header = headerSchema.safeParse(json(head))
  if (!header.success || header.data.typ !== type) return `want a header of type ${type}`
  const { kid, credential } = header.data
  const input = Buffer.from(`${head}.${payload}`)
  return {
    payload: json(payload),
    contentDigest: sha256(payload),
    digest: sha256(input),
    peerId: kid,
    token: credential,
    verify: () => verifySignature(kid, input, Buffer.from(signature, 'base64url')),
  }
}

function json(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
