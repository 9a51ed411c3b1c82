// A sharing policy as it travels: a JWS (RFC 7515, compact) by a person, with the person's credential in its header, so
// that an IED that has never met that person can judge it. Any JOSE tool verifies it with the person's public key.

import { type SharingDocument, sharingDocumentSchema } from '../aggregation/sharing-document.ts'
import type { Credential } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { type JwsSigner, readJws, signJws } from './compact-jws.ts'
import { NodeError } from './node-error.ts'

/** Longer ones are not read. */
export const MAX_SHARING_BYTES = 128 * 1024

const TYPE = 'feedermesh-sharing+jws'

export type SharingSigner = JwsSigner

export interface SignedSharing {
  readonly document: SharingDocument
  readonly peerId: string
  readonly token: string
  /** SHA-256 of what is signed. */
  readonly digest: string
  /** Whether it is by the key that it names. */
  verify(): boolean
}

export const signSharing = (document: SharingDocument, signer: SharingSigner): string => signJws(TYPE, document, signer)

/** Says nothing of whether it counts. @throws NodeError BAD_INPUT when it is no signed policy, in one line */
export function readSharing(jws: string, verifySignature: VerifySignature): SignedSharing {
  const read = readJws(jws, TYPE, MAX_SHARING_BYTES, verifySignature)
  if (typeof read === 'string') throw none(`${read}, as "portions sign" makes it`)
  const document = sharingDocumentSchema.safeParse(read.payload)
  if (!document.success) {
    const [issue] = document.error.issues
    throw none(`${[...(issue?.path ?? []).map(String), issue?.message].join(': ')}`)
  }
  const { peerId, token, digest, verify } = read
  return { document: document.data, peerId, token, digest, verify }
}

const none = (words: string): NodeError => new NodeError('BAD_INPUT', `sharing policy: ${words}`)

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
