// Admission: on a new connection both sides show their credentials before anything else is served.
//
//   dialler  ──── my credential ────►  listener      the listener may serve the dialler from here on
//   dialler  ◄─── my credential ─────  listener
//   dialler  ──── admitted ─────────►  listener      the dialler may be asked from here on
//
// Either side answers `refused` with the reason instead, and the connection closes. The noise handshake has proved who
// holds the key of the peer id; the credential says what that key may do. Without a result in time the connection closes:
// two seconds, and more on a link whose handshake was slow.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Credential } from './credential.ts'
import { type Refused, refusal } from './refusal.ts'

export const ADMISSION_PROTOCOL = '/feedermesh/admission/1.0.0'
const ADMISSION_MS = 2000
const SLOWEST_ADMISSION_MS = 20_000

/**
 * How long admission may take. It takes about as many round trips as the handshake did, and carries more bytes: four times
 * as long on a slow link, within bounds. A stranger that dawdles over the handshake gains seconds of being served nothing.
 */
export const admissionMs = (handshakeMs: number): number =>
  Math.min(SLOWEST_ADMISSION_MS, Math.max(ADMISSION_MS, 4 * handshakeMs))
export const MAX_ADMISSION_FRAME = 16 * 1024

const message = z.union([
  z.object({ credential: z.string().max(8192) }).strict(),
  z.object({ admitted: z.literal(true) }).strict(),
  z.object({ refused: z.string().max(512) }).strict(),
])
export type AdmissionMessage = z.infer<typeof message>

export const encodeAdmission = (value: AdmissionMessage): Uint8Array => toCbor(value)
/** @throws when the bytes are no admission message */
export const decodeAdmission = (bytes: Uint8Array): AdmissionMessage => message.parse(fromCbor(bytes))

export interface AdmissionPolicy {
  readonly peerId: string
  /** This peer's feeder; it has none at a back end or tool that serves any. */
  readonly feeder: string | undefined
  /** The organisation to which the feeder file gives an IED name. Absent at a tool that holds no feeder file. */
  readonly ownerOf?: ((ied: string) => string | undefined) | undefined
  /** Whether its authority has taken it back. */
  readonly isRevoked?: ((credential: Credential) => boolean) | undefined
}

/** Why a credential that its authority really signed is still not admitted here, or undefined when it is. */
export function admissionRefusal(
  credential: Credential,
  remotePeerId: string,
  policy: AdmissionPolicy,
): Refused | undefined {
  const { name, organisation, roles, feeders } = credential
  if (credential.peerId !== remotePeerId) return refusal('credential belongs to another key')
  if (remotePeerId === policy.peerId) return refusal('this is our own key, running twice')
  if (policy.isRevoked?.(credential) === true) return refusal('credential is revoked')
  if (policy.feeder !== undefined && !feeders.includes(policy.feeder)) {
    return refusal('credential is not for this feeder', `credential is not for feeder ${policy.feeder}`)
  }
  if (policy.ownerOf === undefined) return undefined
  const owner = policy.ownerOf(name)
  // Messages for an IED are sent by its name: nobody else may carry it.
  if (!roles.includes('IED')) {
    return owner === undefined ? undefined : refusal('name is that of an IED', `"${name}" is an IED's name`)
  }
  if (owner === undefined) return refusal('no such IED', `the feeder file names no IED "${name}"`)
  if (owner === organisation) return undefined
  return refusal('IED belongs to another organisation', `IED ${name} belongs to ${owner}, not ${organisation}`)
}

/**
 * Why a credential that an admitted peer shows in place of its last one is not taken. It has passed the same checks as at
 * admission; what it may not do is make the peer another one, or bring back an older state of its rights.
 */
export function renewalRefusal(renewed: Credential, known: Credential): Refused | undefined {
  if (renewed.name !== known.name || renewed.organisation !== known.organisation) {
    return refusal('credential is for another name', `credential is for ${renewed.name} of ${renewed.organisation}`)
  }
  return renewed.notBefore > known.notBefore || renewed.token === known.token
    ? undefined
    : refusal('credential is not newer')
}

/** The same in words alone. */
export const refusalOf = (credential: Credential, remotePeerId: string, policy: AdmissionPolicy): string | undefined =>
  admissionRefusal(credential, remotePeerId, policy)?.refused
