// What a back end gives on, as it travels: a JWS by a person of the organisation itself, like a sharing policy.

import { type RegrantDocument, regrantDocumentSchema } from '../aggregation/regrant.ts'
import type { Credential } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { whoIs } from './command-authority.ts'
import { type JwsSigner, type ReadJws, readJws, signJws } from './compact-jws.ts'
import { NodeError } from './node-error.ts'
import { MAX_SHARING_BYTES, SHARING_ROLES } from './signed-sharing.ts'

const TYPE = 'feedermesh-regrant+jws'

export interface SignedRegrant extends Omit<ReadJws, 'payload'> {
  readonly document: RegrantDocument
}

export const signRegrant = (document: RegrantDocument, signer: JwsSigner): string => signJws(TYPE, document, signer)

/** Whether it says that it is one: a back-end peer is brought sharing policies by mistake, and an IED these. */
export function isRegrant(jws: string): boolean {
  try {
    return (
      JSON.parse(Buffer.from(jws.slice(0, MAX_SHARING_BYTES).split('.')[0] ?? '', 'base64url').toString()).typ === TYPE
    )
  } catch {
    return false
  }
}

/** Says nothing of whether it counts. @throws NodeError BAD_INPUT when it is none, in one line */
export function readRegrant(jws: string, verifySignature: VerifySignature): SignedRegrant {
  const read = readJws(jws, TYPE, MAX_SHARING_BYTES, verifySignature)
  if (typeof read === 'string') throw new NodeError('BAD_INPUT', `regrant: ${read}, as "portions sign" makes it`)
  const { payload, ...rest } = read
  const document = regrantDocumentSchema.safeParse(payload)
  if (document.success) return { ...rest, document: document.data }
  const [issue] = document.error.issues
  throw new NodeError('BAD_INPUT', `regrant: ${[...(issue?.path ?? []).map(String), issue?.message].join(': ')}`)
}

/** @returns why this person's word on what that back end gives on does not count, or undefined when it does */
export function notOfTheOrganisation(
  signer: Credential,
  backEnd: { readonly name: string; readonly organisation: string },
) {
  const { name, organisation } = backEnd
  if (signer.organisation !== organisation) {
    return `${signer.name} is of ${signer.organisation}, want a person of ${organisation}, whose ${name} is`
  }
  // Who is of a department would give it what is the organisation's.
  if (signer.department !== undefined)
    return `${signer.name} is of department ${signer.department}, want one of ${organisation} itself`
  if (SHARING_ROLES.some(role => signer.roles.includes(role))) return undefined
  return `${whoIs(signer)} is ${signer.roles.join(', ')}, want ${SHARING_ROLES.join(' or ')}`
}
