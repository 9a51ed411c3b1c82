// The agreement of datagram keys between two admitted peers: an ephemeral Diffie-Hellman exchange over the stream that
// noise has authenticated, so that it needs no signature of its own.
//
//   offer, answer   boot id, new X25519 public key (RFC 7748), generation, where this side's datagrams are received
//   secret          X25519(own private, other's public); a zero result, as of a key of small order, is refused
//   salt            SHA-256 of both messages' exact bytes, so that both must have seen the same
//   keys            HKDF-SHA256 (RFC 5869) of secret and salt, for both peer ids in their roles and both boot ids:
//                   one 32-byte key and one 8-byte key id for each direction
//
// Private keys live for the length of one agreement and are never stored. Whoever reads a peer's identity key later
// learns nothing of what was said before.

import {
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { isIP } from 'node:net'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { MeshError } from './mesh-error.ts'

export const KEYS_PROTOCOL = '/feedermesh/keys/2.0.0'
const CONTEXT = 'feedermesh datagram keys 2'
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex')

export interface Place {
  /** An IP address: nobody is looked up by name. */
  readonly address: string
  readonly port: number
}

/** What each side says of itself. */
export interface KeyShare {
  /** Drawn at the start of the process: a new one says that the peer has started anew. */
  readonly boot: Uint8Array
  readonly publicKey: Uint8Array
  /** Grows with each agreement of the pair: of two that cross, both sides prefer the same. */
  readonly generation: number
  readonly places: readonly Place[]
}

export const MAX_PLACES = 8
const bytes = (length: number) => z.instanceof(Uint8Array).refine(value => value.length === length)
const shareSchema = z
  .object({
    v: z.literal(1),
    b: bytes(8),
    k: bytes(32),
    g: z
      .number()
      .int()
      .min(1)
      .max(2 ** 40),
    u: z
      .array(
        z.tuple([
          z
            .string()
            .max(45)
            .refine(text => isIP(text) !== 0),
          z.number().int().min(1).max(65_535),
        ]),
      )
      .max(MAX_PLACES),
  })
  .strict()

export const encodeShare = ({ boot, publicKey, generation, places }: KeyShare): Uint8Array =>
  toCbor({ v: 1, b: boot, k: publicKey, g: generation, u: places.map(({ address, port }) => [address, port]) })

/** @throws MeshError MESH_BAD_MESSAGE */
export function decodeShare(frame: Uint8Array): KeyShare {
  try {
    const { b, k, g, u } = shareSchema.parse(fromCbor(frame))
    return { boot: b, publicKey: k, generation: g, places: u.map(([address, port]) => ({ address, port })) }
  } catch (cause) {
    throw new MeshError('MESH_BAD_MESSAGE', 'key agreement: not an offer or answer of this version', { cause })
  }
}

export interface EphemeralKey {
  readonly publicKey: Uint8Array
  readonly privateKey: KeyObject
}

export function newEphemeralKey(): EphemeralKey {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return { publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32), privateKey }
}

export const newBootId = (): Uint8Array => randomBytes(8)

export interface DirectionKey {
  readonly key: Buffer
  /** In clear in front of each datagram. */
  readonly id: Buffer
}

export interface PairKeys {
  /** What the initiator sends with, and what the responder does. */
  readonly initiator: DirectionKey
  readonly responder: DirectionKey
}

export interface Agreement {
  readonly own: EphemeralKey
  readonly other: Uint8Array
  readonly initiator: { readonly peerId: string; readonly boot: Uint8Array; readonly message: Uint8Array }
  readonly responder: { readonly peerId: string; readonly boot: Uint8Array; readonly message: Uint8Array }
}

/** @throws MeshError MESH_BAD_MESSAGE when the other's public key is of small order */
export function deriveKeys({ own, other, initiator, responder }: Agreement): PairKeys {
  const secret = sharedSecret(own.privateKey, other)
  const salt = createHash('sha256')
    .update(sized(Buffer.from(CONTEXT)))
    .update(sized(initiator.message))
    .update(sized(responder.message))
    .digest()
  const info = Buffer.concat(
    [CONTEXT, initiator.peerId, responder.peerId]
      .map(text => sized(Buffer.from(text)))
      .concat(sized(initiator.boot), sized(responder.boot)),
  )
  const okm = Buffer.from(hkdfSync('sha256', secret, salt, info, 80))
  secret.fill(0)
  return {
    initiator: { key: okm.subarray(0, 32), id: okm.subarray(32, 40) },
    responder: { key: okm.subarray(40, 72), id: okm.subarray(72, 80) },
  }
}

function sharedSecret(privateKey: KeyObject, other: Uint8Array): Buffer {
  const refuse = (cause?: unknown): never => {
    throw new MeshError('MESH_BAD_MESSAGE', 'key agreement: the public key gives no secret', { cause })
  }
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI_X25519, other]), format: 'der', type: 'spki' })
    const secret = diffieHellman({ privateKey, publicKey })
    // RFC 7748 section 6.1. OpenSSL refuses it by itself; another build of Node might not.
    return secret.some(byte => byte !== 0) ? secret : refuse()
  } catch (cause) {
    return refuse(cause)
  }
}

/** With its length in front, so that no two lists of parts have the same bytes. */
function sized(part: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.length)
  return Buffer.concat([length, part])
}
