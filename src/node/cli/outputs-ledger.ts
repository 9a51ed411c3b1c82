// JSON outputs about whole ledgers.

import { z } from 'zod'
import { dropReasons } from '../../aggregation/dropped.ts'
import { recordClasses } from '../../aggregation/record.ts'
import { headRowSchema, recordRowSchema } from '../ledger-lines.ts'

const whole = z.number().int().nonnegative()
const drop = z.object({
  class: z.enum(recordClasses),
  from: whole,
  to: whole,
  count: whole,
  reason: z.enum(dropReasons),
  number: whole,
})

/** One of two histories, as far as it is in the evidence. */
const history = z.object({
  signedUpTo: whole,
  signedUtc: z.string(),
  chainHash: z.string(),
  /** The record in question, where it is there. */
  record: recordRowSchema.nullable(),
})

export const ledgerOutputs = {
  'ledger-evidence': z.object({
    proven: z.boolean(),
    evidence: z.array(
      z.object({
        ied: z.string(),
        ledgerId: z.string(),
        number: whole,
        proven: z.boolean(),
        /** Which part does not hold. */
        faults: z.array(z.string()),
        remarks: z.array(z.string()),
        peerIds: z.array(z.string()),
        /** Both agree up to the record before. Otherwise they differ in this record, or one before it. */
        isFirstDifference: z.boolean(),
        first: history.nullable(),
        second: history.nullable(),
      }),
    ),
  }),
  'ledger-verify': z.object({
    ok: z.boolean(),
    ledgers: z.array(
      z.object({
        ied: z.string(),
        ledgerId: z.string(),
        ok: z.boolean(),
        records: whole,
        bodies: whole,
        chainHash: z.string(),
        signature: z.enum(['genuine', 'forged', 'no key', 'none']),
        /** By whose key. */
        peerId: z.string().optional(),
        /** Bodies that went by the ledger's own word. */
        drops: z.array(drop),
        /** Bodies that are not there, by class, without such a word: not for whoever this is, or withheld. */
        withoutBody: z.partialRecord(z.enum(recordClasses), whole),
        faults: z.array(z.object({ number: whole, fault: z.string() })),
        /** Second histories of it that the IED has signed as well. */
        evidence: whole,
      }),
    ),
  }),
  'ledger-heads': z.object({
    heads: z.array(headRowSchema),
    evidence: z.array(
      z.object({
        ied: z.string(),
        ledgerId: z.string(),
        number: whole,
        utc: z.string(),
        first: headRowSchema.nullable(),
        second: headRowSchema,
        records: z.array(recordRowSchema),
      }),
    ),
    drops: z.array(drop.extend({ ied: z.string(), ledgerId: z.string(), lacked: whole })),
  }),
} as const
