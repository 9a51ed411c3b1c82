// What a back end keeps of two histories of one ledger: the batch that contradicts the stored chain, as it came and as the
// IED signed it, beside the head that the IED signed for what is stored. Both signatures are the IED's, so whoever looks at
// them needs to trust nobody else. What comes first is kept; a device that goes on telling other histories adds nothing to
// what is known of it.

import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { anyBytesField, codec, countField, nameField } from './codec.ts'
import { type Batch, batchCodec } from './delivery.ts'
import {
  isHeadGenuine,
  type LedgerId,
  ledgerIdField,
  type SignedHead,
  signedHeadSchema,
  type Verify,
} from './record.ts'
import type { Change, Store } from './store.ts'
import { below, key } from './store-keys.ts'

/** What is kept of the newest head of a stored ledger: the IED's signature, and by which credential it is. */
export interface KeptHead {
  readonly head: SignedHead
  readonly credentialHash?: Uint8Array
}

export interface Evidence {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** The record of which there are two. */
  readonly number: number
  readonly utcMs: UtcMs
  readonly batch: Batch
  /** For the chain that is stored; absent where the store is of before heads were kept. */
  readonly kept?: KeptHead
}

/** Of one ledger. */
export const MOST_EVIDENCE = 4
/** A larger batch is cut down to its head: that alone proves the matter where it is about one number. */
const MOST_BYTES = 256 * 1024

const keptHeadSchema = z.strictObject({
  head: signedHeadSchema,
  credentialHash: anyBytesField.refine(hash => hash.length <= 64, 'want 64 bytes at most').exactOptional(),
})
export const keptHeadCodec = codec<KeptHead>('kept head', keptHeadSchema, 1_024)
export const keptHeadKey = (ied: string, ledgerId: LedgerId) => key('collector', 'signed-head', ied, ledgerId)

const evidenceCodec = codec(
  'evidence',
  z.strictObject({
    ied: nameField,
    ledgerId: ledgerIdField,
    number: countField,
    utcMs: countField.transform(utcMs),
    batch: anyBytesField,
    kept: keptHeadSchema.exactOptional(),
  }),
  MOST_BYTES + 4_096,
)

export const keptHeadOf = ({ head, credentialHash }: Batch): KeptHead => ({
  head,
  ...(credentialHash ? { credentialHash } : {}),
})

/** @returns nothing where as much is known already */
export async function keepEvidence(store: Store, batch: Batch, number: number, now: UtcMs): Promise<Change[]> {
  const { ied, ledgerId } = batch
  let count = 0
  for await (const { value } of store.range(...below('collector', 'evidence', ied, ledgerId))) {
    if (evidenceCodec.decode(value).number === number) return []
    if (++count >= MOST_EVIDENCE) return []
  }
  const whole = batchCodec.encode(batch)
  const bytes = whole.length <= MOST_BYTES ? whole : batchCodec.encode({ ...batch, records: [] })
  const kept = await store.get(keptHeadKey(ied, ledgerId))
  const value = evidenceCodec.encode({
    ied,
    ledgerId,
    number,
    utcMs: now,
    batch: bytes,
    ...(kept ? { kept: keptHeadCodec.decode(kept) } : {}),
  })
  return [{ put: key('collector', 'evidence', ied, ledgerId, count), value }]
}

export async function* evidenceIn(store: Store, ied?: string): AsyncGenerator<Evidence> {
  const [from, to] = ied === undefined ? below('collector', 'evidence') : below('collector', 'evidence', ied)
  for await (const { value } of store.range(from, to)) {
    const { batch, ...rest } = evidenceCodec.decode(value)
    yield { ...rest, batch: batchCodec.decode(batch) }
  }
}

/** Whether the IED signed both histories itself. */
export const isProof = ({ batch, kept }: Evidence, verify: Verify): boolean =>
  kept !== undefined && isHeadGenuine(batch.head, verify) && isHeadGenuine(kept.head, verify)
