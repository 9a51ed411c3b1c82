// Peer announcements: a peer says where it may be reached, and shows its credential, signed over exactly these bytes. Others
// keep it and pass it on, so that peers find each other whom nobody configured, and know each other's credentials before
// the first message comes.
//
// On the wire: CBOR [body: bytes, signature: bytes]; body: a CBOR map with the short keys below. See messages.cddl. An
// announcement proves who said it, and that an authority vouches for that key. It proves nothing of the addresses: who
// answers there is found out by noise and admission, as with any address.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Credential } from './credential.ts'
import type { Identity, VerifySignature } from './identity.ts'
import { MeshError } from './mesh-error.ts'
import { type Refused, refusal } from './refusal.ts'

export const MAX_ANNOUNCEMENT = 12 * 1024
export const MAX_ADDRESSES = 8
const MAX_ADDRESS = 256

export interface Announcement {
  readonly peerId: string
  /** The signed credential text. */
  readonly token: string
  readonly addresses: readonly string[]
  /** Grows with each announcement of a peer, over restarts too: the greater one replaces the other. */
  readonly number: number
}

const bytes = z.instanceof(Uint8Array)
const body = z
  .object({
    v: z.literal(1),
    o: z.string().min(1).max(128),
    c: z.string().min(1).max(8192),
    a: z.array(z.string().min(1).max(MAX_ADDRESS)).max(MAX_ADDRESSES),
    n: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  })
  .strict()
const wire = z.tuple([bytes, bytes])

const CONTEXT = Buffer.from('feedermesh announcement 1\0')
const signedBytes = (encoded: Uint8Array): Uint8Array => Buffer.concat([CONTEXT, encoded])

export function sealAnnouncement({ token, addresses, number }: Omit<Announcement, 'peerId'>, identity: Identity) {
  const fitting = addresses.filter(address => address.length <= MAX_ADDRESS).slice(0, MAX_ADDRESSES)
  const encoded = toCbor({ v: 1, o: identity.peerId, c: token, a: fitting, n: number })
  return toCbor([encoded, identity.sign(signedBytes(encoded))])
}

export interface ReadAnnouncement {
  readonly announcement: Announcement
  /** Whether the signature is that of the peer itself. */
  verify(verifySignature: VerifySignature): boolean
}

/**
 * Reads an announcement without trusting it.
 *
 * @throws MeshError MESH_BAD_MESSAGE when the bytes are none
 */
export function readAnnouncement(raw: Uint8Array): ReadAnnouncement {
  try {
    if (raw.length > MAX_ANNOUNCEMENT) throw new Error(`${raw.length} bytes, want at most ${MAX_ANNOUNCEMENT}`)
    const [encoded, signature] = wire.parse(fromCbor(raw))
    const { o, c, a, n } = body.parse(fromCbor(encoded))
    return {
      announcement: { peerId: o, token: c, addresses: a, number: n },
      verify: verifySignature => verifySignature(o, signedBytes(encoded), signature),
    }
  } catch (cause) {
    throw new MeshError('MESH_BAD_MESSAGE', 'not an announcement', { cause })
  }
}

/** Checks a credential as admission checks that of a connected peer, but for the connection. */
export type CheckCredential = (token: string) => Promise<Credential | Refused>

export interface Announced {
  readonly announcement: Announcement
  readonly credential: Credential
  readonly raw: Uint8Array
}

/** The announcement, when it is its peer's own and its credential counts here; else why not. */
export async function checkAnnouncement(
  raw: Uint8Array,
  check: CheckCredential,
  verifySignature: VerifySignature,
): Promise<Announced | Refused> {
  const { announcement, verify } = readAnnouncement(raw)
  if (!verify(verifySignature)) return refusal('credential belongs to another key')
  const credential = await check(announcement.token)
  if ('reason' in credential) return credential
  if (credential.peerId !== announcement.peerId) return refusal('credential belongs to another key')
  return { announcement, credential, raw }
}
