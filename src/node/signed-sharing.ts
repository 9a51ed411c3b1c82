// A sharing policy as it travels: a JWS (RFC 7515, compact) by a person, with the person's credential in its header, so
// that an IED that has never met that person can judge it. Any JOSE tool verifies it with the person's public key.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type SharingDocument, sharingDocumentSchema } from '../aggregation/sharing-document.ts'
import { type Credential, MAX_TOKEN } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { NodeError } from './node-error.ts'

/** Longer ones are not read. */
export const MAX_SHARING_BYTES = 128 * 1024

const TYPE = 'feedermesh-sharing+jws'
const headerSchema = z.strictObject({
  alg: z.literal('EdDSA'),
  typ: z.literal(TYPE),
  /** The peer id of who signs. */
  kid: z.string().min(1).max(128),
  credential: z.string().min(1).max(MAX_TOKEN),
})

export interface SharingSigner {
  readonly peerId: string
  /** The credential as it travels. */
  readonly token: string
  sign(bytes: Uint8Array): Uint8Array
}

export interface SignedSharing {
  readonly document: SharingDocument
  readonly peerId: string
  readonly token: string
  /** SHA-256 of what is signed. */
  readonly digest: string
  /** Whether it is by the key that it names. */
  verify(): boolean
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export function signSharing(document: SharingDocument, { peerId, token, sign }: SharingSigner): string {
  const header = { alg: 'EdDSA', typ: TYPE, kid: peerId, credential: token }
  const input = `${encoded(headerSchema.parse(header))}.${encoded(document)}`
  return `${input}.${Buffer.from(sign(Buffer.from(input))).toString('base64url')}`
}

/** Says nothing of whether it counts. @throws NodeError BAD_INPUT when it is no signed policy, in one line */
export function readSharing(jws: string, verifySignature: VerifySignature): SignedSharing {
  const [head = '', payload = '', signature = '', ...more] = jws.split('.')
  if (jws.length > MAX_SHARING_BYTES || more.length > 0 || signature === '') throw none('want a compact JWS')
  const header = headerSchema.safeParse(json(head))
  if (!header.success) throw none(`want a header of type ${TYPE}, as "portions sign" makes it`)
  const document = sharingDocumentSchema.safeParse(json(payload))
  if (!document.success) {
    const [issue] = document.error.issues
    throw none(`${[...(issue?.path ?? []).map(String), issue?.message].join(': ')}`)
  }
  const input = Buffer.from(`${head}.${payload}`)
  const { kid, credential } = header.data
  return {
    document: document.data,
    peerId: kid,
    token: credential,
    digest: createHash('sha256').update(input).digest('hex'),
    verify: () => verifySignature(kid, input, Buffer.from(signature, 'base64url')),
  }
}

const none = (words: string): NodeError => new NodeError('BAD_INPUT', `sharing policy: ${words}`)

function json(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** Roles of people who may say who reads what: those who administer security, and who set the device. */
export const SHARING_ROLES = ['SECADM', 'ENGINEER'] as const

/** @returns why this person's word on this IED does not count, or undefined when it does */
export function notTheOwner(signer: Credential, ied: { readonly name: string; readonly organisation: string }) {
  if (signer.organisation !== ied.organisation) {
    return `${signer.name} is of ${signer.organisation}, want a person of ${ied.organisation}, whose ${ied.name} is`
  }
  if (SHARING_ROLES.some(role => signer.roles.includes(role))) return undefined
  return `${signer.name} is ${signer.roles.join(', ')}, want ${SHARING_ROLES.join(' or ')}`
}
