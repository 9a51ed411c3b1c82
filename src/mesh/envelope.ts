// The envelope around every message that is relayed, stored or commanding: who says it, when, for how long, about
// which feeder, and a signature over exactly these bytes.
//
// On the wire: CBOR [body: bytes, signature: bytes]; body: CBOR map with the short keys below. See messages.cddl.

import { hash } from 'node:crypto'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Duration, UtcMs } from '../../topology/units.ts'
import { type Identity, type VerifySignature, verifyPeer } from './identity.ts'
import { MeshError } from './mesh-error.ts'

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

const MAX_LIFETIME = 86_400_000
const MAX_TYPE = 32
const MAX_ORIGIN = 128
const KEYS = 11

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
}

/** Frames are never written to again, so the same one need not be decoded for each agent of a process that gets it. */
const alreadyRead = new WeakMap<Uint8Array, ReadEnvelope>()

function decodeEnvelope(raw: Uint8Array, verifySignature: VerifySignature): ReadEnvelope {
  try {
    if (raw.length > MAX_ENVELOPE) throw new Error(`${raw.length} bytes, want at most ${MAX_ENVELOPE}`)
    const [encoded, signature] = wireOf(fromCbor(raw))
    const envelope = bodyOf(fromCbor(encoded))
    let isValid: boolean | undefined
    return {
      envelope,
      verify() {
        isValid ??= verifySignature(envelope.origin, signedBytes(encoded), signature)
        return isValid
      },
      id: hash('sha256', raw, 'base64'),
    }
  } catch (cause) {
    throw new MeshError('MESH_BAD_MESSAGE', 'not an envelope', { cause })
  }
}

// By hand: this is done for each message at each peer, before anything is relayed. A schema takes ten times as long.

function wireOf(value: unknown): readonly [Uint8Array, Uint8Array] {
  if (!Array.isArray(value) || value.length !== 2) throw new Error('want [body, signature]')
  return [bytes(value[0], 'body'), bytes(value[1], 'signature')]
}

function bodyOf(value: unknown): Envelope {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== KEYS) {
    throw new Error(`want a map of ${KEYS} keys`)
  }
  const { v, t, o, c, e, s, u, q, l, f, p } = value as Record<string, unknown>
  if (v !== 1) throw new Error('v: want 1')
  if (typeof q !== 'boolean') throw new Error('q: want true or false')
  return {
    type: text(t, 't', MAX_TYPE),
    origin: text(o, 'o', MAX_ORIGIN),
    credentialHash: bytes(c, 'c'),
    epoch: whole(e, 'e'),
    sequence: whole(s, 's'),
    utc: whole(u, 'u') as UtcMs,
    utcGood: q,
    lifetime: whole(l, 'l', MAX_LIFETIME) as Duration,
    feeder: bytes(f, 'f'),
    payload: bytes(p, 'p'),
  }
}

function bytes(value: unknown, key: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new Error(`${key}: want bytes`)
}

function text(value: unknown, key: string, max: number): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= max) return value
  throw new Error(`${key}: want text of 1 to ${max} characters`)
}

function whole(value: unknown, key: string, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max) return value as number
  throw new Error(`${key}: want a whole number from 0 to ${max}`)
}
