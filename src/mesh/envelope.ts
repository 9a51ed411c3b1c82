// The envelope around every message that is relayed, stored or commanding: who says it, when, for how long, about
// which feeder, and a signature over exactly these bytes.
//
// On the wire: CBOR [body: bytes, signature: bytes]; body: CBOR map with the short keys below. See messages.cddl.

import { hash } from 'node:crypto'
import { toCbor } from '../../topology/cbor.ts'
import type { Duration, UtcMs } from '../../topology/units.ts'
import { readEnvelopeWire } from './envelope-wire.ts'
import { type Identity, type VerifySignature, verifyPeer } from './identity.ts'
import { MeshError } from './mesh-error.ts'
import { markAt } from './relay-unread.ts'

export interface Envelope {
  readonly type: string
  /** Peer id of the origin. */
  readonly origin: string
  readonly credentialHash: Uint8Array
  /** Grows with each start of the origin. */
  readonly epoch: number
  /** Grows with each envelope of one epoch. */
  readonly sequence: number
  readonly utc: UtcMs
  readonly utcGood: boolean
  readonly lifetime: Duration
  /** First 16 bytes of the feeder's hash. */
  readonly feeder: Uint8Array
  readonly payload: Uint8Array
}

/** Larger envelopes are refused unread; readings travel by their own protocol. */
export const MAX_ENVELOPE = 64 * 1024

const CONTEXT = Buffer.from('feedermesh envelope 1\0')
const signedBytes = (encoded: Uint8Array): Uint8Array => Buffer.concat([CONTEXT, encoded])

export function sealEnvelope(envelope: Envelope, identity: Pick<Identity, 'sign'>): Uint8Array {
  const encoded = toCbor({
    v: 1,
    t: envelope.type,
    o: envelope.origin,
    c: envelope.credentialHash,
    e: envelope.epoch,
    s: envelope.sequence,
    u: envelope.utc,
    q: envelope.utcGood,
    l: envelope.lifetime,
    f: envelope.feeder,
    p: envelope.payload,
  })
  return toCbor([encoded, identity.sign(signedBytes(encoded))])
}

/**
 * Reads an envelope without trusting it.
 *
 * @throws MeshError MESH_BAD_MESSAGE when the bytes are no envelope
 */
export function readEnvelope(raw: Uint8Array, verifySignature: VerifySignature = verifyPeer): ReadEnvelope {
  const known = alreadyRead.get(raw)
  if (known !== undefined) return known
  const read = decodeEnvelope(raw, verifySignature)
  alreadyRead.set(raw, read)
  return read
}

export interface ReadEnvelope {
  readonly envelope: Envelope
  /** Whether the signature is the origin's. */
  verify(): boolean
  /** Of exactly these bytes, signature included. */
  readonly id: string
  /** Equal for equal bytes, and seldom equal for others: it says cheaply that an envelope has not been here before. */
  readonly mark: number
}

/** Frames are never written to again, so the same one need not be decoded for each agent of a process that gets it. */
const alreadyRead = new WeakMap<Uint8Array, ReadEnvelope>()

function decodeEnvelope(raw: Uint8Array, verifySignature: VerifySignature): ReadEnvelope {
  try {
    if (raw.length > MAX_ENVELOPE) throw new Error(`${raw.length} bytes, want at most ${MAX_ENVELOPE}`)
    const { envelope, body, signature } = readEnvelopeWire(raw)
    let isValid: boolean | undefined
    let id: string | undefined
    return {
      envelope,
      verify() {
        isValid ??= verifySignature(envelope.origin, signedBytes(body), signature)
        return isValid
      },
      mark: markAt(signature, 0),
      get id() {
        id ??= hash('sha256', raw, 'base64')
        return id
      },
    }
  } catch (cause) {
    throw new MeshError('MESH_BAD_MESSAGE', 'not an envelope', { cause })
  }
}
