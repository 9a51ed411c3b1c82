// The heads that IEDs have signed for what a back end has of their ledgers: the newest, and so many before it that no two are
// further apart than one batch holds. So what is collected can be given on in batches, each of which ends at a signed head,
// and whoever gets it verifies it with the IED's key and trusts nobody in between.

import { z } from 'zod'
import { anyBytesField, codec } from './codec.ts'
import { type Batch, MAX_BATCH_RECORDS } from './delivery.ts'
import { type LedgerId, type SignedHead, signedHeadSchema } from './record.ts'
import type { Change, Store } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

/** What is kept of a head of a stored ledger: the IED's signature, and by which credential it is. */
export interface KeptHead {
  readonly head: SignedHead
  readonly credentialHash?: Uint8Array
}

export const keptHeadSchema = z.strictObject({
  head: signedHeadSchema,
  credentialHash: anyBytesField.refine(hash => hash.length <= 64, 'want 64 bytes at most').exactOptional(),
})
export const keptHeadCodec = codec<KeptHead>('kept head', keptHeadSchema, 1_024)
export const keptHeadKey = (ied: string, ledgerId: LedgerId) => key('collector', 'signed-head', ied, ledgerId)
const keptHeadOf = ({ head, credentialHash }: Batch): KeptHead => ({
  head,
  ...(credentialHash ? { credentialHash } : {}),
})

const milestone = (ied: string, ledgerId: LedgerId, number: number) =>
  key('collector', 'milestone', ied, ledgerId, number)

/** Of a batch that reaches further than what is stored. The newest head before it stays where it would be missed. */
export async function keepHead(store: Store, batch: Batch): Promise<Change[]> {
  const { ied, ledgerId, head } = batch
  const newest = { put: keptHeadKey(ied, ledgerId), value: keptHeadCodec.encode(keptHeadOf(batch)) }
  const bytes = await store.get(newest.put)
  if (bytes === undefined) return [newest]
  const { number } = keptHeadCodec.decode(bytes).head
  let last = 0
  const stones = store.range(...below('collector', 'milestone', ied, ledgerId), { limit: 1, reverse: true })
  for await (const { key: at } of stones) last = numberIn(at)
  if (head.number - last <= MAX_BATCH_RECORDS || number <= last) return [newest]
  return [newest, { put: milestone(ied, ledgerId, number), value: bytes }]
}

/**
 * The furthest kept head behind this record that one batch reaches. Undefined where there is nothing behind it, or the ledger
 * was collected by a program that kept the newest head alone, and is too long since.
 */
export async function headWithin(
  store: Store,
  { ied, ledgerId, after }: { readonly ied: string; readonly ledgerId: LedgerId; readonly after: number },
): Promise<KeptHead | undefined> {
  const isWithin = ({ head }: KeptHead): boolean => head.number > after && head.number - after <= MAX_BATCH_RECORDS
  const bytes = await store.get(keptHeadKey(ied, ledgerId))
  const newest = bytes && keptHeadCodec.decode(bytes)
  if (newest === undefined || newest.head.number <= after || isWithin(newest)) {
    return newest !== undefined && isWithin(newest) ? newest : undefined
  }
  const [from, to] = [milestone(ied, ledgerId, after + 1), milestone(ied, ledgerId, after + MAX_BATCH_RECORDS + 1)]
  for await (const { value } of store.range(from, to, { limit: 1, reverse: true })) return keptHeadCodec.decode(value)
  return undefined
}

/** The nearest kept head that covers this record. */
export async function headAtOrBehind(
  store: Store,
  { ied, ledgerId, number }: { readonly ied: string; readonly ledgerId: LedgerId; readonly number: number },
): Promise<KeptHead | undefined> {
  const [, end] = below('collector', 'milestone', ied, ledgerId)
  for await (const { value } of store.range(milestone(ied, ledgerId, number), end, { limit: 1 }))
    return keptHeadCodec.decode(value)
  const bytes = await store.get(keptHeadKey(ied, ledgerId))
  const newest = bytes && keptHeadCodec.decode(bytes)
  return newest !== undefined && newest.head.number >= number ? newest : undefined
}
