import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Envelope, MAX_ENVELOPE, readEnvelope, sealEnvelope } from '../../src/mesh/envelope.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'

const identity = await newIdentity()
const stranger = await newIdentity()
const envelope: Envelope = {
  type: 'warning',
  origin: identity.peerId,
  credentialHash: new Uint8Array(16).fill(7),
  epoch: 3,
  sequence: 4,
  utc: utcMs(1_768_478_400_000),
  utcGood: true,
  lifetime: duration(2000),
  feeder: new Uint8Array(16).fill(9),
  payload: new Uint8Array([1, 2, 3]),
}

/** `valid`, `unsigned` when it reads but its origin did not sign it, `refused` when it is no envelope. */
function judge(raw: Uint8Array): 'valid' | 'unsigned' | 'refused' {
  try {
    return readEnvelope(raw).verify() ? 'valid' : 'unsigned'
  } catch (error) {
    expect(error).toBeInstanceOf(MeshError)
    expect(error).toMatchObject({ code: 'MESH_BAD_MESSAGE' })
    return 'refused'
  }
}

const resealed = (change: (body: Record<string, unknown>) => void): Uint8Array => {
  const [encoded, signature] = fromCbor(sealEnvelope(envelope, identity)) as [Uint8Array, Uint8Array]
  const body = fromCbor(encoded) as Record<string, unknown>
  change(body)
  return toCbor([toCbor(body), signature])
}

describe('an envelope', () => {
  const raw = sealEnvelope(envelope, identity)

  it('reads as it was sealed, and its signature is valid', () => {
    expect(readEnvelope(raw).envelope).toEqual(envelope)
    expect(judge(raw)).toBe('valid')
  })

  it('is the same bytes for the same content', () => expect(sealEnvelope(envelope, identity)).toEqual(raw))

  it('comes through whatever its content', () => {
    const any = fc.record({
      type: fc.string({ minLength: 1, maxLength: 32 }),
      epoch: fc.maxSafeNat(),
      sequence: fc.maxSafeNat(),
      utc: fc.maxSafeNat(),
      utcGood: fc.boolean(),
      lifetime: fc.integer({ min: 0, max: 86_400_000 }),
      credentialHash: fc.uint8Array({ maxLength: 32 }),
      feeder: fc.uint8Array({ maxLength: 32 }),
      payload: fc.uint8Array({ maxLength: 500 }),
    })
    fc.assert(
      fc.property(any, content => {
        const sealed = { ...content, origin: identity.peerId } as unknown as Envelope
        const read = readEnvelope(sealEnvelope(sealed, identity))
        expect(read.envelope).toEqual(sealed)
        expect(read.verify()).toBe(true)
      }),
    )
  })

  it('does not survive the change of any single bit', () => {
    for (let bit = 0; bit < raw.length * 8; bit++) {
      const flipped = Uint8Array.from(raw)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(judge(flipped), `bit ${bit}`).not.toBe('valid')
    }
  })

  it('does not survive being cut, at any length', () => {
    for (let length = 0; length < raw.length; length++) expect(judge(raw.subarray(0, length))).toBe('refused')
  })

  it('is not valid with the signature of another key', () => {
    expect(judge(sealEnvelope(envelope, stranger))).toBe('unsigned')
  })

  it('is not valid with the signature of its own key over other bytes', () => {
    const [encoded] = fromCbor(raw) as [Uint8Array, Uint8Array]
    expect(judge(toCbor([encoded, identity.sign(encoded)]))).toBe('unsigned')
  })

  it('has another id for another signature or another content', () => {
    const other = sealEnvelope({ ...envelope, sequence: 5 }, identity)
    expect(new Set([raw, other, sealEnvelope(envelope, stranger)].map(bytes => readEnvelope(bytes).id)).size).toBe(3)
  })

  const cases = [
    { it: 'of another version', change: { v: 2 }, gives: 'refused' },
    { it: 'with a key more', change: { x: 1 }, gives: 'refused' },
    { it: 'with an empty type', change: { t: '' }, gives: 'refused' },
    { it: 'with a type of 33 characters', change: { t: 'x'.repeat(33) }, gives: 'refused' },
    { it: 'with a negative sequence', change: { s: -1 }, gives: 'refused' },
    { it: 'with a sequence beyond 2^53', change: { s: 2n ** 60n }, gives: 'refused' },
    { it: 'with a lifetime of more than a day', change: { l: 86_400_001 }, gives: 'refused' },
    { it: 'with text as payload', change: { p: 'text' }, gives: 'refused' },
    { it: 'with an origin that is no peer id', change: { o: 'nobody' }, gives: 'unsigned' },
    { it: 'with another payload', change: { p: new Uint8Array([1, 2, 4]) }, gives: 'unsigned' },
    { it: 'with another sequence', change: { s: 5 }, gives: 'unsigned' },
    { it: 'with another lifetime', change: { l: 3000 }, gives: 'unsigned' },
    { it: 'with another feeder', change: { f: new Uint8Array(16) }, gives: 'unsigned' },
  ]
  for (const { it: having, change, gives } of cases) {
    it(`${having} is ${gives}`, () => expect(judge(resealed(body => Object.assign(body, change)))).toBe(gives))
  }

  it('is read at the size bound and refused one byte above', () => {
    const overhead = sealEnvelope({ ...envelope, payload: new Uint8Array(60_000) }, identity).length - 60_000
    const sized = (length: number) => {
      const bytes = sealEnvelope({ ...envelope, payload: new Uint8Array(length - overhead) }, identity)
      expect(bytes.length).toBe(length)
      return judge(bytes)
    }
    expect([sized(MAX_ENVELOPE), sized(MAX_ENVELOPE + 1)]).toEqual(['valid', 'refused'])
  })
})
