// An order to one IED and its outcome, and their form on the wire (CBOR maps; see docs/messages.cddl).
//
// What a person or a machine orders is these exact bytes, which whoever orders signs. Two people sign the same bytes. The
// order names its issuer and carries a number of its own, so it is the same order however often and by whatever way it
// comes, and a ticket of the IED that it is for, by which that IED knows its age on its own clock.

import { z } from 'zod'
import { decodedOnce, fromCbor, toCbor } from '../../topology/cbor.ts'
import { MAX_ORDER_PORTIONS, orderPortion } from './order-portion.ts'
import { testFaultKinds } from './site-test-fault.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/)
const bytes = z.custom<Uint8Array>(value => value instanceof Uint8Array, 'want bytes')

/** However long a second person takes to sign: an order older than this is refused, and its number may be forgotten. */
export const MAX_LIFETIME_MS = 900_000
/** Most have a few hundred; those with portions some thousand. */
export const MAX_ORDER_BYTES = 8192
/** A week: a load that nobody releases does not stay as ordered for ever, if a time was said. */
export const MAX_HOLD_MINUTES = 10_080
/** A week: an inhibit that nobody ends does not stand for ever. */
export const MAX_INHIBIT_MINUTES = 10_080

/** A test ends by itself. */
export const MIN_TEST_SECONDS = 5
export const MAX_TEST_SECONDS = 60

/** Of one interval: no feeder carries more in an hour. */
export const MAX_EDIT_WH = 1_000_000_000_000

export const verbs = [
  'open',
  'close',
  'connect',
  'disconnect',
  'de-energise',
  'inhibit',
  'reset-billing',
  'reset-origin',
  'accept-device',
  'set',
  'send-data',
  'record',
  'acknowledge',
  'reset',
  'release',
  'price',
  'tag',
  'untag',
  'return-to-normal',
  'site-test',
  'join-site-test',
  'end-site-test',
  'note',
  'edit-reading',
] as const
export type Verb = (typeof verbs)[number]

const what = z.discriminatedUnion('verb', [
  /** The switching device; `trip` on the command line is `open`. */
  z.object({ verb: z.enum(['open', 'close']) }).strict(),
  /** The load, generator or capacitor that the IED operates, or the sheddable load that it meters. */
  z
    .object({
      verb: z.enum(['connect', 'disconnect']),
      /** How long this word stands against those of lower rank, see load/precedence.ts. */
      minutes: z.number().int().min(1).max(MAX_HOLD_MINUTES).optional(),
    })
    .strict(),
  /** The load is left to the automatic functions again. A machine takes its own word back. */
  z.object({ verb: z.literal('release') }).strict(),
  /** What a kWh costs, in the currency of the IED's configuration, for so long. */
  z
    .object({
      verb: z.literal('price'),
      perKwh: z
        .string()
        .max(20)
        .regex(/^-?\d{1,9}(\.\d{1,6})?$/),
      minutes: z.number().int().min(1).max(MAX_HOLD_MINUTES),
    })
    .strict(),
  z.object({ verb: z.literal('de-energise'), section: name }).strict(),
  /** Blocks automatic operations and remote closing for so long; 0 ends it. */
  z.object({ verb: z.literal('inhibit'), minutes: z.number().int().min(0).max(MAX_INHIBIT_MINUTES) }).strict(),
  z.object({ verb: z.literal('reset-billing') }).strict(),
  /** The metering device as it is now is the right one. */
  z.object({ verb: z.literal('accept-device') }).strict(),
  /** Believe this origin's warnings again. */
  z.object({ verb: z.literal('reset-origin'), origin: name }).strict(),
  z
    .object({
      verb: z.literal('set'),
      key: z.string().min(1).max(64),
      value: z.union([z.string().max(200), z.number(), z.boolean()]),
    })
    .strict(),
  z.object({ verb: z.literal('send-data') }).strict(),
  /** Keep a recording of the samples around now. */
  z.object({ verb: z.literal('record') }).strict(),
  /** By its id: somebody has seen it. */
  z.object({ verb: z.literal('acknowledge'), alert: z.string().min(1).max(128) }).strict(),
  /** What has latched: a peripheral's trip or a setpoint, by its name. */
  z.object({ verb: z.literal('reset'), name }).strict(),
  /** A crew works there: nothing automatic operates the switching device, and nobody closes it from afar. */
  z.object({ verb: z.literal('tag'), words: z.string().min(1).max(120) }).strict(),
  z.object({ verb: z.literal('untag') }).strict(),
  /** What somebody did at the device, for its maintenance history. */
  z.object({ verb: z.literal('note'), words: z.string().min(1).max(400) }).strict(),
  /** Puts this energy in the place of what the meter's interval had; that stays as it was recorded. */
  z
    .object({
      verb: z.literal('edit-reading'),
      startUtcMs: z.number().int().nonnegative(),
      importWh: z.number().int().min(0).max(MAX_EDIT_WH),
      exportWh: z.number().int().min(0).max(MAX_EDIT_WH),
      words: z.string().min(1).max(200),
    })
    .strict(),
  /** What restoration opened closes, what it closed opens. */
  z.object({ verb: z.literal('return-to-normal') }).strict(),
  /** Plays a fault on the agents concerned: nothing is operated. The first fault begins when all have joined. */
  z
    .object({
      verb: z.literal('site-test'),
      section: name,
      kind: z.enum(testFaultKinds),
      seconds: z.number().int().min(MIN_TEST_SECONDS).max(MAX_TEST_SECONDS),
      /** The device of this name is played as one whose contacts do not part. */
      stuck: name.optional(),
    })
    .strict(),
  /** By the IED to which the order for the test was given, which this one cites. */
  z
    .object({
      verb: z.literal('join-site-test'),
      test: z.string().regex(/^[0-9a-f]{32}$/),
      starter: name,
      section: name,
      kind: z.enum(testFaultKinds),
      seconds: z.number().int().min(MIN_TEST_SECONDS).max(MAX_TEST_SECONDS),
      stuck: name.optional(),
    })
    .strict(),
  z.object({ verb: z.literal('end-site-test') }).strict(),
])
export type What = z.infer<typeof what>

const order = z
  .object({
    to: name,
    /** Peer id of who orders: the first one to sign. */
    by: z.string().min(1).max(128),
    /** 16 random bytes in hexadecimal, drawn for this order. */
    id: z.string().regex(/^[0-9a-f]{32}$/),
    ticket: bytes.refine(({ length }) => length <= 160, 'want 160 bytes at most'),
    utcMs: z.number().int().nonnegative(),
    lifetimeMs: z.number().int().min(1).max(MAX_LIFETIME_MS),
    cause: z.string().max(200).optional(),
    /** Absent where it is one of the portions. */
    what: what.optional(),
    /** What only some can read of it. */
    portions: z.array(orderPortion).min(1).max(MAX_ORDER_PORTIONS).optional(),
  })
  .strict()
  .refine(({ what: open, portions = [] }) => {
    const sealed = portions.filter(({ part }) => part === 'operation').length
    return sealed + (open === undefined ? 0 : 1) === 1
  }, 'want what is ordered once, sealed or not')
/** As it was signed. */
export type SignedWords = z.infer<typeof order>
/** As the IED that it is for can read it. */
export type Order = SignedWords & { readonly what: What }

/**
 * What is decided, checked or proven at other places than the IED alone is not sealed to it, and why. All else may be; each
 * verb is named, so that of a new one somebody has to say which it is.
 */
export const unsealable: Readonly<Record<Verb, string | undefined>> = {
  open: undefined,
  close: undefined,
  connect: undefined,
  disconnect: undefined,
  'de-energise': 'the IEDs that open for it check that it was ordered',
  inhibit: undefined,
  'reset-billing': undefined,
  'reset-origin': undefined,
  'accept-device': undefined,
  set: undefined,
  'send-data': undefined,
  record: undefined,
  acknowledge: undefined,
  reset: undefined,
  release: undefined,
  price: undefined,
  tag: undefined,
  untag: undefined,
  'return-to-normal': undefined,
  'site-test': 'the IEDs that take part check that it was ordered',
  'join-site-test': 'it is ordered on the authority of a site test, which others check',
  'end-site-test': undefined,
  note: 'its record shows the order as it was signed, to whoever reads the maintenance history',
  'edit-reading': 'its record shows the order as it was signed, to whoever checks a bill',
}

export const isOperationSealed = ({ portions = [] }: Pick<SignedWords, 'portions'>): boolean =>
  portions.some(({ part }) => part === 'operation')

/** In the words of the command line, for whoever may not read what is sealed. */
export const SEALED_OPERATION = 'sealed operation'
export const orderWords = ({ what: open, portions }: Pick<SignedWords, 'what' | 'portions'>): string =>
  open === undefined || isOperationSealed({ portions }) ? SEALED_OPERATION : wordsOf(open)

export const encodeWhat = (given: What): Uint8Array => toCbor(what.parse(given))
/** @throws when the bytes are none */
export const decodeWhat = (encoded: Uint8Array): What => what.parse(fromCbor(encoded))

export const encodeOrder = (given: SignedWords): Uint8Array => toCbor(order.parse(given))
/** @throws when the bytes are no order */
export const decodeOrder = decodedOnce((encoded: Uint8Array): SignedWords => {
  if (encoded.length > MAX_ORDER_BYTES)
    throw new Error(`order: ${encoded.length} bytes, want ${MAX_ORDER_BYTES} at most`)
  return order.parse(fromCbor(encoded))
})

/** Of all orders to all IEDs, this one. */
export const commandId = ({ by, id }: Pick<Order, 'by' | 'id'>): string => `${by}/${id}`

/**
 * `done`: read back. `refused`: nothing was done. `failed`: it was tried, and the device is known not to have done it.
 * `unknown`: it may have been done; look before ordering again.
 */
export const results = ['done', 'refused', 'failed', 'unknown'] as const
export type Result = (typeof results)[number]

/** Why an order was refused. */
export const reasons = [
  'malformed',
  'not-authorised',
  'two-person',
  'expired',
  'from-the-future',
  'id-taken',
  'busy',
  'read-only',
  'not-supported',
  'interlock',
  'not-recorded',
  'bad-value',
  'cannot-plan',
] as const
export type Reason = (typeof reasons)[number]

/** With the parts of a whole feeder. */
const MAX_SEALED_OUTCOME = 48 * 1024
const position = z.enum(['open', 'closed', 'unknown'])
const words = z.string().max(500)
const part = z.object({ ied: name, device: name, result: z.enum(results), words }).strict()
const outcome = z
  .object({
    /** `commandId` of the order. */
    command: z.string().min(1).max(200),
    ied: name,
    result: z.enum(results),
    words,
    reason: z.enum(reasons).optional(),
    /** Read from the device after the operation. */
    position: position.optional(),
    shed: z.boolean().optional(),
    /** What became of the orders that this one made necessary. */
    parts: z.array(part).max(64).optional(),
    /** The IED whom the same order is for next, where it is one step of several. */
    next: name.optional(),
    /** The whole outcome of a sealed operation, for those who ordered it: `words` says nothing then. */
    sealed: bytes
      .refine(({ length }) => length <= MAX_SEALED_OUTCOME, `want ${MAX_SEALED_OUTCOME} bytes at most`)
      .optional(),
  })
  .strict()
export type Outcome = z.infer<typeof outcome>
export type Part = z.infer<typeof part>

export const encodeOutcome = (given: Outcome): Uint8Array => toCbor(outcome.parse(given))
/** @throws when the bytes are no outcome */
export const decodeOutcome = (encoded: Uint8Array): Outcome => outcome.parse(fromCbor(encoded))

/** The order in the words of the command line. */
export function wordsOf(given: What): string {
  switch (given.verb) {
    case 'de-energise':
      return `de-energise ${given.section}`
    case 'inhibit':
      return given.minutes === 0 ? 'inhibit off' : `inhibit ${given.minutes} min`
    case 'acknowledge':
      return `acknowledge ${given.alert}`
    case 'site-test':
    case 'join-site-test':
      return `${given.verb} ${given.section}:${given.kind} for ${given.seconds} s`
    case 'reset':
      return `reset ${given.name}`
    case 'tag':
      return `tag ${given.words}`
    case 'note':
      return `note ${given.words}`
    case 'edit-reading': {
      const { startUtcMs, importWh, exportWh, words: why } = given
      return `edit-reading ${startUtcMs} ms UTC: ${importWh} Wh taken, ${exportWh} Wh given: ${why}`
    }
    case 'reset-origin':
      return `reset-origin ${given.origin}`
    case 'connect':
    case 'disconnect':
      return given.minutes === undefined ? given.verb : `${given.verb} for ${given.minutes} min`
    case 'price':
      return `price ${given.perKwh} for ${given.minutes} min`
    case 'set':
      return `set ${given.key} ${given.value}`
    default:
      return given.verb
  }
}
