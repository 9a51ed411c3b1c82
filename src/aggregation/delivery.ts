// What members, aggregators and back ends say to each other about records.
//
//   aggregator > member     Pull      what have you for this back end? (and its last outcomes)
//   member > aggregator     Batch, or PullRefusal
//   aggregator > back end   Batch     as the member made it
//   back end > aggregator   Outcome   a signed receipt, or a refusal
//   aggregator > member     Carry     the outcomes of a round that has no further pull
//   aggregator of a group > aggregator of the feeder    Relay     a batch for a back end; its answer is the Outcome
//
// A batch carries the member's signature over the chain up to its last record, and the receipt the back end's: the
// aggregator between them can lose things, but add or change nothing. Refusals are not signed; they only make a member
// send again.

import { z } from 'zod'
import { anyBytesField, codec, countField, hashField, nameField } from './codec.ts'
import { MAX_PORTIONS, PORTION_OVERHEAD, type Portion, portionsSchema } from './portion.ts'
import { type Receipt, receiptSchema } from './receipt.ts'
import {
  type LedgerId,
  type LedgerRecord,
  ledgerIdField,
  recordSchema,
  type SignedHead,
  signedHeadSchema,
} from './record.ts'

/** Somewhere records are to arrive. */
export interface Destination {
  readonly backEnd: string
  readonly organisation: string
}

export interface Pull {
  readonly recipient: Destination
  /** How much the puller takes at once. */
  readonly want: { readonly records: number; readonly bytes: number }
  /** Start after this record. Without it, the member starts after the last receipted one. */
  readonly after?: number
  /** What came of earlier batches. */
  readonly outcomes: readonly Outcome[]
}

export interface Batch {
  readonly kind: 'batch'
  readonly ied: string
  readonly ledgerId: LedgerId
  /** Which credential the head's signature belongs to. */
  readonly credentialHash?: Uint8Array
  /** Headers alone where the bodies are in `portions`, or not for this back end. */
  readonly records: readonly LedgerRecord[]
  /** By class, sealed by the IED to those who may read it. */
  readonly portions?: readonly Portion[]
  /** The chain up to the last of `records`. */
  readonly head: SignedHead
  /** Records after these; a hint, not signed. */
  readonly remaining: number
}

export interface PullRefusal {
  readonly kind: 'pullRefusal'
  readonly reason: 'unknownRecipient' | 'notEntitled'
}

export const refusalReasons = [
  /** The batch does not start at or before `haveUpTo` + 1: rewind. */
  'gap',
  /** Another history than the one that is stored. */
  'fork',
  'badChain',
  'badSignature',
  'unknownIed',
  'notAllowed',
  'tooManyLedgers',
  /** The store takes nothing; nothing is receipted before the back end was restarted. */
  'storeFailed',
] as const
export type RefusalReason = (typeof refusalReasons)[number]

export interface Refusal extends Destination {
  readonly kind: 'refusal'
  readonly reason: RefusalReason
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly haveUpTo: number
  readonly chainHash: Uint8Array
}

export type Outcome = Receipt | Refusal

export interface Carry {
  readonly outcomes: readonly Outcome[]
}

export interface Relay {
  readonly to: Destination
  readonly batch: Batch
}

/** The most that a batch holds, whoever asks for more. One record always fits. */
export const MAX_BATCH_RECORDS = 1_000
export const MAX_BATCH_BYTES = 1024 * 1024
const MAX_OUTCOMES = 64

export const destinationSchema = z.strictObject({ backEnd: nameField, organisation: nameField })

const outcomeSchema = z.discriminatedUnion('kind', [
  receiptSchema,
  z.strictObject({
    kind: z.literal('refusal'),
    reason: z.enum(refusalReasons),
    backEnd: nameField,
    organisation: nameField,
    ied: nameField,
    ledgerId: ledgerIdField,
    haveUpTo: countField,
    chainHash: hashField,
  }),
])
export const outcomesSchema = z.array(outcomeSchema).max(MAX_OUTCOMES)

export const batchSchema = z.strictObject({
  kind: z.literal('batch'),
  ied: nameField,
  ledgerId: ledgerIdField,
  credentialHash: anyBytesField.refine(hash => hash.length <= 64, 'want 64 bytes at most').exactOptional(),
  records: z.array(recordSchema).max(MAX_BATCH_RECORDS),
  portions: portionsSchema.exactOptional(),
  head: signedHeadSchema,
  remaining: countField,
})

export const pullRefusalSchema = z.strictObject({
  kind: z.literal('pullRefusal'),
  reason: z.enum(['unknownRecipient', 'notEntitled']),
})

const pullSchema = z.strictObject({
  recipient: destinationSchema,
  want: z.strictObject({ records: countField.min(1), bytes: countField }),
  after: countField.exactOptional(),
  outcomes: outcomesSchema,
})

const OVERHEAD = 64 * 1024
/** Sealed bodies are base64url; each portion has its wrapped keys. */
export const batchBytes =
  Math.ceil((MAX_BATCH_BYTES * 4) / 3) +
  PORTION_OVERHEAD +
  MAX_PORTIONS * 16 * 1024 +
  MAX_BATCH_RECORDS * 512 +
  OVERHEAD

export const pullCodec = codec<Pull>('pull', pullSchema, OVERHEAD)
export const batchCodec = codec<Batch>('batch', batchSchema, batchBytes)
export const pullAnswerCodec = codec<Batch | PullRefusal>(
  'answer to a pull',
  z.discriminatedUnion('kind', [batchSchema, pullRefusalSchema]),
  batchBytes,
)
export const relayCodec = codec<Relay>(
  'relay',
  z.strictObject({ to: destinationSchema, batch: batchSchema }),
  batchBytes + 1_024,
)
export const outcomeCodec = codec<Outcome>('outcome', outcomeSchema, 2_048)
/** "Fetch from me, please": the asking member's own name. */
export const askCodec = codec<string>('ask', nameField, 128)
export const carryCodec = codec<Carry>('outcomes', z.strictObject({ outcomes: outcomesSchema }), OVERHEAD)
