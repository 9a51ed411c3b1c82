// Whatever bytes a peer sends, each decoder that it can reach gives a message or its declared error.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAdmission, encodeAdmission } from '../../src/mesh/admission.ts'
import { readAnnouncement, sealAnnouncement } from '../../src/mesh/announcement.ts'
import { readEnvelope, sealEnvelope } from '../../src/mesh/envelope.ts'
import { newIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import { decodeCursor, decodeHandedOn, encodeCursor, encodeHandedOn } from '../../src/mesh/known-peers.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import {
  decodeRevocationAnswer,
  decodeRevocationQuestion,
  encodeRevocationAnswer,
  encodeRevocationQuestion,
} from '../../src/node/revocation-desk.ts'
import { decodeRevocationMessage, encodeRevocationMessage } from '../../src/node/trust.ts'
import { allClearMessage, positionMessage, trippedMessage, warningMessage } from '../../src/protection/messages.ts'
import { toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'

const identity = await newIdentity()
const event = 'recloser-632/1768478400/1'
const warning = warningMessage.encode({ event, section: 's632-671', severity: 'severe', residualPu: 0.7 })
const sealed = sealEnvelope(
  {
    type: 'warning',
    origin: identity.peerId,
    credentialHash: new Uint8Array(16),
    epoch: 1,
    sequence: 1,
    utc: utcMs(1_768_478_400_000),
    utcGood: true,
    lifetime: duration(2000),
    feeder: new Uint8Array(16),
    payload: warning,
  },
  identity,
)

const decoders: {
  name: string
  valid: Uint8Array
  decode: (bytes: Uint8Array) => unknown
  declared: typeof Error | typeof MeshError
}[] = [
  {
    name: 'the envelope',
    valid: sealed,
    decode: bytes => {
      const read = readEnvelope(bytes)
      return [read.verify(), read.id]
    },
    declared: MeshError,
  },
  { name: 'admission', valid: encodeAdmission({ credential: 'a.b.c' }), decode: decodeAdmission, declared: Error },
  {
    name: 'the announcement',
    valid: sealAnnouncement({ token: 'a.b.c', addresses: ['/ip4/10.0.0.5/tcp/4001'], number: 7 }, identity),
    decode: bytes => readAnnouncement(bytes).verify(verifyPeer),
    declared: MeshError,
  },
  {
    name: 'announcements handed on',
    valid: encodeHandedOn({ list: 'ab', upTo: 3, announcements: [sealed] }),
    decode: decodeHandedOn,
    declared: Error,
  },
  {
    name: 'the question for announcements',
    valid: encodeCursor({ list: 'ab', after: 3 }),
    decode: decodeCursor,
    declared: Error,
  },
  {
    name: 'a question about revocations',
    valid: encodeRevocationQuestion({ have: new Uint8Array(16) }),
    decode: decodeRevocationQuestion,
    declared: Error,
  },
  {
    name: 'revocations handed on',
    valid: encodeRevocationQuestion({ tokens: ['a.b.c', 'd.e.f'] }),
    decode: decodeRevocationQuestion,
    declared: Error,
  },
  {
    name: 'what is lacking of revocations',
    valid: encodeRevocationAnswer({ tokens: ['a.b.c'], want: new Uint8Array(8) }),
    decode: decodeRevocationAnswer,
    declared: Error,
  },
  {
    name: 'a revocation by gossip',
    valid: encodeRevocationMessage('a.b.c'),
    decode: decodeRevocationMessage,
    declared: Error,
  },
  { name: 'the warning', valid: warning, decode: warningMessage.decode, declared: Error },
  {
    name: 'the all-clear',
    valid: allClearMessage.encode({ event, section: 's' }),
    decode: allClearMessage.decode,
    declared: Error,
  },
  {
    name: 'the trip',
    valid: trippedMessage.encode({ event, device: 'R632', breakerFailureMs: 250 }),
    decode: trippedMessage.decode,
    declared: Error,
  },
  {
    name: 'the position',
    valid: positionMessage.encode({ device: 'R632', position: 'open', sequenceNumber: 0, test: false, stateNumber: 4 }),
    decode: positionMessage.decode,
    declared: Error,
  },
]

/** A valid frame with some bytes overwritten, some taken out and some put in. */
const mutated = (valid: Uint8Array): fc.Arbitrary<Uint8Array> => {
  const edit = fc.record({
    at: fc.nat({ max: valid.length - 1 }),
    remove: fc.integer({ min: 0, max: 4 }),
    insert: fc.uint8Array({ maxLength: 4 }),
  })
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map(edits => {
    const bytes = [...valid]
    for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert)
    return Uint8Array.from(bytes)
  })
}
/** Well-formed CBOR of any shape, keys that JavaScript holds special among them. */
const key = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'event', 'section'),
)
const shape = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
})).value

describe('a decoder that a peer can reach', () => {
  for (const { name, valid, decode, declared } of decoders) {
    const survives = (bytes: Uint8Array): void => {
      try {
        decode(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(declared)
        expect(error).not.toBeInstanceOf(RangeError)
      }
    }
    it(`reads its own: ${name}`, () => expect(() => decode(valid)).not.toThrow())
    it(`takes any bytes: ${name}`, () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives), { numRuns: 2000 })
    })
    it(`takes a mutated frame: ${name}`, () => {
      fc.assert(fc.property(mutated(valid), survives), { numRuns: 2000 })
    })
    it(`takes CBOR of any shape: ${name}`, () => {
      fc.assert(
        fc.property(shape, value => survives(toCbor(value))),
        { numRuns: 2000 },
      )
    })
  }

  it('is not led to a deep stack or a large allocation by a few bytes', () => {
    const nested = new Uint8Array(65_000).fill(0x81)
    const announcesMuch = [0x5b, 0x7b, 0x9b, 0xbb].map(head =>
      Uint8Array.from([head, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]),
    )
    for (const bytes of [nested, ...announcesMuch]) {
      for (const { decode, declared } of decoders) {
        const began = performance.now()
        expect(() => decode(bytes)).toThrow(declared)
        expect(performance.now() - began).toBeLessThan(1000)
      }
    }
  })
})
