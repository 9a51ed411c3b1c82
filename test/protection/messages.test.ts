import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allClearMessage,
  type MessageType,
  positionMessage,
  transferTripMessage,
  trippedMessage,
  warningKinds,
  warningMessage,
} from '../../src/protection/messages.ts'
import { toCbor } from '../../topology/cbor.ts'

const name = fc.string({ minLength: 1, maxLength: 64 })
const event = fc.string({ minLength: 3, maxLength: 128 })
const severity = fc.constantFrom('severe' as const, 'catastrophic' as const)
const residualPu = fc.double({ min: 0, max: 2, noNaN: true }).map(value => value + 0)

const kinds: { message: MessageType<unknown>; any: fc.Arbitrary<Record<string, unknown>> }[] = [
  {
    message: warningMessage as MessageType<unknown>,
    any: fc.record({ event, section: name, severity, kind: fc.constantFrom(...warningKinds), residualPu }),
  },
  { message: allClearMessage as MessageType<unknown>, any: fc.record({ event, section: name }) },
  {
    message: trippedMessage as MessageType<unknown>,
    any: fc.record({ event, device: name, breakerFailureMs: fc.integer({ min: 1, max: 10_000 }) }),
  },
  {
    message: positionMessage as MessageType<unknown>,
    any: fc.record({
      device: name,
      position: fc.constantFrom('open', 'closed', 'unknown'),
      stateNumber: fc.maxSafeNat(),
      sequenceNumber: fc.maxSafeNat(),
      test: fc.boolean(),
    }),
  },
  {
    message: transferTripMessage as MessageType<unknown>,
    any: fc.record({
      device: name,
      stands: fc.boolean(),
      stateNumber: fc.maxSafeNat(),
      sequenceNumber: fc.maxSafeNat(),
      test: fc.boolean(),
    }),
  },
]

for (const { message, any } of kinds) {
  describe(`the message "${message.type}"`, () => {
    it('comes back as it went', () => {
      fc.assert(
        fc.property(any, value => {
          expect(message.decode(message.encode(value))).toEqual(value)
        }),
      )
    })
    it('is refused with a key that is not its own, or without one that is', () => {
      fc.assert(
        fc.property(any, fc.nat(), (value, pick) => {
          expect(() => message.decode(toCbor({ ...value, extra: 1 }))).toThrow()
          const keys = Object.keys(value)
          const { [keys[pick % keys.length] ?? '']: _, ...rest } = value
          expect(() => message.decode(toCbor(rest))).toThrow()
        }),
      )
    })
    it('is refused with a value of another type', () => {
      fc.assert(
        fc.property(
          any,
          fc.nat(),
          fc.constantFrom(null, true, [], {}, new Uint8Array(3), -1, 1e300),
          (value, pick, bad) => {
            const keys = Object.keys(value)
            const key = keys[pick % keys.length] ?? ''
            const other = typeof value[key] === 'boolean' && bad === true ? 1 : bad
            expect(() => message.decode(toCbor({ ...value, [key]: other }))).toThrow()
          },
        ),
      )
    })
    it('is refused with bytes after it', () => {
      fc.assert(
        fc.property(any, value => {
          expect(() => message.decode(new Uint8Array([...message.encode(value), 0]))).toThrow()
        }),
      )
    })
  })
}

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('protection messages', () => {
  // {"event": "e/1", "section": "S"}, RFC 8949 section 4.2.1: keys sorted by their encoding, shortest lengths.
  const cases = [
    { it: 'read the deterministic encoding', bytes: 'a2 65 6576656e74 63 652f31 67 73656374696f6e 61 53', reads: true },
    { it: 'refuse unsorted keys', bytes: 'a2 67 73656374696f6e 61 53 65 6576656e74 63 652f31', reads: false },
    {
      it: 'refuse a longer length than needed',
      bytes: 'a2 65 6576656e74 7803 652f31 67 73656374696f6e 61 53',
      reads: false,
    },
    {
      it: 'refuse a map of indefinite length',
      bytes: 'bf 65 6576656e74 63 652f31 67 73656374696f6e 61 53 ff',
      reads: false,
    },
    {
      it: 'refuse a repeated key',
      bytes: 'a3 65 6576656e74 63 652f31 65 6576656e74 63 652f31 67 73656374696f6e 61 53',
      reads: false,
    },
    { it: 'refuse a text that is cut off', bytes: 'a2 65 6576656e74 63 652f31 67 73656374696f6e 62 53', reads: false },
  ]
  for (const { it: reading, bytes, reads } of cases) {
    it(reading, () => {
      if (reads) expect(allClearMessage.decode(hex(bytes))).toEqual({ event: 'e/1', section: 'S' })
      else expect(() => allClearMessage.decode(hex(bytes))).toThrow()
    })
  }

  const limits = [
    { it: 'a breaker-failure time of 1 ms', ms: 1, reads: true },
    { it: 'none of 0 ms', ms: 0, reads: false },
    { it: 'one of 10 s', ms: 10_000, reads: true },
    { it: 'none of more', ms: 10_001, reads: false },
    { it: 'none in fractions', ms: 0.5, reads: false },
  ]
  for (const { it: takes, ms, reads } of limits) {
    it(`take ${takes}`, () => {
      const decode = () => trippedMessage.decode(toCbor({ event: 'e/1', device: 'Q', breakerFailureMs: ms }))
      if (reads) expect(decode().breakerFailureMs).toBe(ms)
      else expect(decode).toThrow()
    })
  }

  it('carry when a warning’s event arrives and how long it lasts, or neither', () => {
    const least = { event: 'e/1/1', section: 'S', severity: 'severe', kind: 'trip', residualPu: 0.5 } as const
    for (const known of [{}, { arrivesInMs: 0 }, { lastsMs: 86_400_000 }, { arrivesInMs: 600_000, lastsMs: 0 }]) {
      const whole = { ...least, ...known }
      expect(warningMessage.decode(warningMessage.encode(whole))).toEqual(whole)
    }
    for (const wrong of [
      { arrivesInMs: 600_001 },
      { arrivesInMs: -1 },
      { arrivesInMs: 0.5 },
      { lastsMs: 86_400_001 },
    ]) {
      expect(() => warningMessage.decode(toCbor({ ...least, ...wrong }))).toThrow(/want a whole number/)
    }
    expect(() => warningMessage.decode(toCbor({ ...least, kind: 'meteor' }))).toThrow(/want one of sag/)
    expect(() => warningMessage.decode(toCbor({ ...least, arrivesInMs: 1, more: 1 }))).toThrow(/want a map of 6 keys/)
  })

  it('throw Errors alone on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        for (const { message } of kinds) {
          try {
            message.decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})
