// A back end's signed word that it has a ledger safely up to a record. It is signed only after the back end's store has
// synced, so whoever holds it may let go of what it covers.

import { z } from 'zod'
import { toCbor } from '../../topology/cbor.ts'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { countField, hashField, nameField, signatureField } from './codec.ts'
import { type LedgerId, ledgerIdField, type RecordClass, recordClasses, type Sign, type Verify } from './record.ts'

export type Lacking = { readonly [recordClass in RecordClass]?: number }

export interface ReceiptContent {
  readonly backEnd: string
  readonly organisation: string
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly upTo: number
  /** Of the record `upTo`, so that the receipt is for this very history. */
  readonly chainHash: Uint8Array
  /**
   * By class, the first record whose body the back end lacks; a class that is not named lacks none up to `upTo`. Headers
   * alone do not count as delivered, so an aggregator that drops bodies on the way gets no receipt for them, and a back
   * end that is entitled to more than before gets what it lacks.
   */
  readonly lacking: Lacking
  readonly utcMs: UtcMs
}

export interface Receipt extends ReceiptContent {
  readonly kind: 'receipt'
  /** Ed25519, by the back end. */
  readonly signature: Uint8Array
}

const CONTEXT = 'feedermesh receipt 1'

const signedBytes = (receipt: ReceiptContent): Uint8Array => {
  const { backEnd, organisation, ied, ledgerId, upTo, chainHash, lacking, utcMs } = receipt
  return toCbor([CONTEXT, { backEnd, organisation, ied, ledgerId, upTo, chainHash, lacking, utcMs }])
}

export const signReceipt = (content: ReceiptContent, sign: Sign): Receipt => ({
  kind: 'receipt',
  ...content,
  signature: sign(signedBytes(content)),
})

export const isReceiptGenuine = (receipt: Receipt, verify: Verify): boolean =>
  verify(signedBytes(receipt), receipt.signature)

/** The last record up to which the back end has everything of these classes. */
export const coveredUpTo = ({ upTo, lacking }: ReceiptContent, classes: Iterable<RecordClass>): number =>
  Math.min(upTo, ...[...classes].map(each => (lacking[each] ?? Number.POSITIVE_INFINITY) - 1))

export const receiptSchema = z.strictObject({
  kind: z.literal('receipt'),
  backEnd: nameField,
  organisation: nameField,
  ied: nameField,
  ledgerId: ledgerIdField,
  upTo: countField,
  chainHash: hashField,
  lacking: z.partialRecord(z.enum(recordClasses), countField.min(1)),
  utcMs: countField.transform(utcMs),
  signature: signatureField,
})
