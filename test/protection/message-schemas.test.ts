// The hand-written checks of the protection messages against schemas that say the same.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  allClearMessage,
  type MessageType,
  positionMessage,
  transferTripMessage,
  trippedMessage,
  warningMessage,
} from '../../src/protection/messages.ts'
import {
  interlockAnswerMessage,
  interlockQuestionMessage,
  relayStateMessage,
  relayStates,
} from '../../src/protection/relay-messages.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'

const name = z.string().min(1).max(64)
const event = z.string().min(3).max(128)
const number = z.number().int().min(1).max(4_294_967_295)
const count = z.number().int().nonnegative()
const stamp = { stateNumber: count, sequenceNumber: count, test: z.boolean() }
const warning = {
  event,
  section: name,
  severity: z.enum(['severe', 'catastrophic']),
  kind: z.enum(['sag', 'interruption', 'trip', 'collapse', 'frequency']),
  residualPu: z.number().min(0).max(2),
  arrivesInMs: z.number().int().min(0).max(600_000).optional(),
  lastsMs: z.number().int().min(0).max(86_400_000).optional(),
}
const schemas: [MessageType<never>, z.ZodObject][] = [
  [warningMessage as MessageType<never>, z.object(warning).strict()],
  [allClearMessage as MessageType<never>, z.object({ event, section: name }).strict()],
  [
    trippedMessage as MessageType<never>,
    z.object({ event, device: name, breakerFailureMs: z.number().int().positive().max(10_000) }).strict(),
  ],
  [
    positionMessage as MessageType<never>,
    z.object({ device: name, position: z.enum(['open', 'closed', 'unknown']), ...stamp }).strict(),
  ],
  [transferTripMessage as MessageType<never>, z.object({ device: name, stands: z.boolean(), ...stamp }).strict()],
  [
    relayStateMessage as MessageType<never>,
    z.object({ event, device: name, state: z.enum(relayStates), ...stamp }).strict(),
  ],
  [
    interlockQuestionMessage as MessageType<never>,
    z.object({ event, number, device: name, asked: z.array(name).min(1).max(32) }).strict(),
  ],
  [
    interlockAnswerMessage as MessageType<never>,
    z.object({ event, number, device: name, to: name, sees: z.enum(['yes', 'no', 'unknown']) }).strict(),
  ],
]

const value = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    -1,
    0.5,
    2.001,
    10_000,
    10_001,
    2 ** 53 - 1,
    2n ** 60n,
    Number.NaN,
    null,
    true,
    false,
    [],
    {},
  ),
  fc.constantFrom('open', 'closed', 'unknown', 'yes', 'quiet', 'severe', 'catastrophic', '', 'ab', 'abc'),
  fc.constantFrom(63, 64, 65, 127, 128, 129).map(length => 'x'.repeat(length)),
  fc.constantFrom(0, 1, 32, 33).map(length => Array<string>(length).fill('R2')),
  fc.constantFrom([1], [''], ['x'.repeat(65)], [4_294_967_296]),
  fc.constant(4_294_967_296),
  fc.constant(new Uint8Array(3)),
)
const right: Readonly<Record<string, unknown>> = {
  event: 'a/1/1',
  section: 's1',
  device: 'R1',
  severity: 'severe',
  kind: 'sag',
  arrivesInMs: 10,
  lastsMs: 1000,
  position: 'open',
  residualPu: 0.5,
  breakerFailureMs: 150,
  stateNumber: 1,
  sequenceNumber: 0,
  test: false,
  stands: true,
  state: 'picked-up',
  number: 1,
  asked: ['R2'],
  to: 'R1',
  sees: 'no',
}

function judged(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): unknown {
  try {
    return { message: decode(bytes) }
  } catch {
    return 'refused'
  }
}

for (const [message, schema] of schemas) {
  describe(`the check of "${message.type}"`, () => {
    it('takes what the schema takes, as it is, and refuses what that refuses', () => {
      const keys = Object.keys(schema.shape)
      const good = Object.fromEntries(keys.map(key => [key, right[key]]))
      const change = fc.tuple(fc.oneof(fc.constantFrom(...keys), fc.constantFrom('x', '__proto__')), fc.option(value))
      let [taken, refused] = [0, 0]
      fc.assert(
        fc.property(fc.array(change, { maxLength: 2 }), changes => {
          const changed = new Map<string, unknown>(Object.entries(good))
          for (const [key, to] of changes) {
            if (to === null) changed.delete(key)
            else changed.set(key, to)
          }
          const bytes = toCbor(changed)
          const expected = judged(each => schema.parse(fromCbor(each)), bytes)
          expect(judged(message.decode, bytes)).toEqual(expected)
          if (expected === 'refused') refused++
          else taken++
        }),
        { numRuns: 1000 },
      )
      expect(Math.min(taken, refused)).toBeGreaterThan(20)
    })
    it('refuses what is no map', () => {
      for (const other of [[], null, 1, 'text', new Uint8Array(4), [1, 2, 3, 4]])
        expect(() => message.decode(toCbor(other))).toThrow(/want/)
    })
  })
}
