// A reader's word on its sealing key as it travels: a JWS by the back-end peer whose key it is, or by a person of the reader
// with the right, with the signer's credential in its header. Whoever brings it is not believed for anything.

import { type KeyAnnouncement, keyAnnouncementSchema } from '../aggregation/key-announcement.ts'
import type { Credential } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { whoIs } from './command-authority.ts'
import { type JwsSigner, type ReadJws, readJws, signJws } from './compact-jws.ts'
import { SHARING_ROLES } from './signed-sharing.ts'

export const MAX_KEY_BYTES = 12 * 1024
const TYPE = 'feedermesh-sealing-key+jws'

export interface SignedKey extends Omit<ReadJws, 'payload'> {
  readonly announcement: KeyAnnouncement
}

export const signKey = (announcement: KeyAnnouncement, signer: JwsSigner): string => signJws(TYPE, announcement, signer)

/** Says nothing of whether it counts. @returns in words why it is none */
export function readKey(jws: string, verifySignature: VerifySignature): SignedKey | string {
  const read = readJws(jws, TYPE, MAX_KEY_BYTES, verifySignature)
  if (typeof read === 'string') return read
  const { payload, ...rest } = read
  const announcement = keyAnnouncementSchema.safeParse(payload)
  return announcement.success ? { ...rest, announcement: announcement.data } : 'no announcement of a sealing key'
}

export const memberOf = ({ organisation, department }: Pick<Credential, 'organisation' | 'department'>): string =>
  department === undefined ? organisation : `department ${department} of ${organisation}`

/**
 * A back-end peer speaks for itself, a person for what he is of: who is of the organisation says nothing for one of its
 * departments, or he could read what is the department's alone.
 *
 * @returns why this signer's word does not count, or undefined when it does
 */
export function notTheReader(signer: Credential, { organisation, department, backEnd }: KeyAnnouncement) {
  if (signer.organisation !== organisation || signer.department !== department) {
    return `${signer.name} is of ${memberOf(signer)}, want somebody of ${memberOf({ organisation, department })}, whose key it is`
  }
  if (SHARING_ROLES.some(role => signer.roles.includes(role))) return undefined
  if (signer.roles.includes('BACKEND') && backEnd === signer.name) return undefined
  return `${whoIs(signer)} is ${signer.roles.join(', ')}, want ${SHARING_ROLES.join(' or ')}, or that back end itself`
}
