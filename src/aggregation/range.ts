// History that a back end asks for: the records of a time and of some classes, ahead of whatever the roll-up brings next.
//
//   back end > IED             RangeAsk     the next part of it, please
//   IED > back end             a batch like any other, and where its ledger ends; or "later", or a refusal
//   back end > aggregator > IED             the same, where the two do not reach each other: passed on as it is
//
// The answer is the IED's ordinary batch, so the back end verifies, de-duplicates and stores it like any other. It holds the
// headers without a gap, so that the chain is whole at the back end, and of the bodies only those that were asked for.

import { z } from 'zod'
import type { UtcMs } from '../../topology/units.ts'
import { utcMs } from '../../topology/units.ts'
import { codec, countField, nameField } from './codec.ts'
import {
  type Batch,
  batchBytes,
  batchSchema,
  type Destination,
  destinationSchema,
  type Outcome,
  outcomesSchema,
  type PullRefusal,
  pullRefusalSchema,
} from './delivery.ts'
import {
  type Header,
  type LedgerId,
  ledgerIdField,
  type RecordClass,
  recordClasses,
  type SignedHead,
  signedHeadSchema,
} from './record.ts'

/** Records written from then on and before then, by their own UTC, of these classes. */
export interface RecordRange {
  readonly fromUtcMs: UtcMs
  readonly toUtcMs: UtcMs
  readonly classes: readonly RecordClass[]
}

export const isInRange = ({ fromUtcMs, toUtcMs, classes }: RecordRange, header: Header): boolean =>
  header.utcMs >= fromUtcMs && header.utcMs < toUtcMs && classes.includes(header.class)

export interface RangeAsk {
  /** Whose records: an aggregator passes the question on. */
  readonly ied: string
  /** For whom: the back end that asks. */
  readonly recipient: Destination
  readonly range: RecordRange
  /** Of which ledger `after` and `have` are; of another one nothing is known. */
  readonly ledgerId?: LedgerId
  /** What is wanted lies behind this record. */
  readonly after: number
  /** This one is wanted whatever its time: it is said to explain what is gone. */
  readonly also?: number
  /** Up to where the asker has the headers. */
  readonly have: number
  readonly want: { readonly records: number; readonly bytes: number }
  readonly outcomes: readonly Outcome[]
}

export interface RangePart {
  readonly kind: 'part'
  /** Without records when the ledger ends there. */
  readonly batch: Batch
  /** The whole ledger, as it is now. */
  readonly end: SignedHead
  /** Records that say that bodies asked for have gone; a hint: only what the chain says counts. */
  readonly words: readonly number[]
}

/** Something new is on its way to this back end, and goes first. */
export interface RangeLater {
  readonly kind: 'later'
}

export type RangeAnswer = RangePart | RangeLater | PullRefusal

export const MAX_WORDS = 8

export const rangeSchema = z
  .strictObject({
    fromUtcMs: countField.transform(utcMs),
    toUtcMs: countField.transform(utcMs),
    classes: z.array(z.enum(recordClasses)).min(1).max(recordClasses.length),
  })
  .refine(({ fromUtcMs, toUtcMs }) => fromUtcMs < toUtcMs, 'ends before it begins')

export const rangeAskCodec = codec<RangeAsk>(
  'question for a range',
  z.strictObject({
    ied: nameField,
    recipient: destinationSchema,
    range: rangeSchema,
    ledgerId: ledgerIdField.exactOptional(),
    after: countField,
    also: countField.exactOptional(),
    have: countField,
    want: z.strictObject({ records: countField.min(1), bytes: countField }),
    outcomes: outcomesSchema,
  }),
  64 * 1024,
)

export const rangeAnswerCodec = codec<RangeAnswer>(
  'answer for a range',
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('part'),
      batch: batchSchema,
      end: signedHeadSchema,
      words: z.array(countField.min(1)).max(MAX_WORDS),
    }),
    z.strictObject({ kind: z.literal('later') }),
    pullRefusalSchema,
  ]),
  batchBytes + 2_048,
)
