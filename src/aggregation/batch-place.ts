// Whether a batch is genuine by itself, and where it meets the chain that a back end has stored.

import type { Batch, RefusalReason } from './delivery.ts'
import {
  type ChainPosition,
  chainHash,
  chainStart,
  checkChain,
  headerCodec,
  isHeadGenuine,
  type LedgerId,
  sameBytes,
  type Verify,
} from './record.ts'
import type { Store } from './store.ts'
import { key } from './store-keys.ts'

/** Where header and body of a collected record are. */
export const recordKey = (part: 'header' | 'body', at: { ied: string; ledgerId: LedgerId; number: number }) =>
  key('collector', part, at.ied, at.ledgerId, at.number)

/** What is wrong with the batch by itself, whatever is stored. */
export function faultOf({ ied, ledgerId, records, head }: Batch, verify: Verify): RefusalReason | undefined {
  if (head.ied !== ied || head.ledgerId !== ledgerId) return 'badChain'
  if (!isHeadGenuine(head, verify)) return 'badSignature'
  const first = records[0]?.header
  if (!first) return undefined
  const start = { number: first.number - 1, chainHash: first.previousHash }
  const check = checkChain(start, { ied, ledgerId }, records)
  const endsAtHead = check.ok && check.end.number === head.number && sameBytes(check.end.chainHash, head.chainHash)
  const startsAtZeros = first.number > 1 || sameBytes(first.previousHash, chainStart.chainHash)
  return endsAtHead && startsAtZeros ? undefined : 'badChain'
}

/** Where a batch meets the stored chain: one equal hash at the meeting point proves that all before it is equal too. */
export async function placeOf(store: Store, batch: Batch, end: ChainPosition): Promise<'fits' | 'gap' | 'fork'> {
  const { ied, ledgerId, records, head } = batch
  const before = records[0]?.header
  const start = before ? { number: before.number - 1, chainHash: before.previousHash } : head
  if (start.number > end.number) return 'gap'
  if (start.number === end.number) return sameBytes(start.chainHash, end.chainHash) ? 'fits' : 'fork'
  const meeting = Math.min(head.number, end.number)
  const theirs =
    meeting === head.number
      ? head.chainHash
      : records.find(each => each.header.number === meeting + 1)?.header.previousHash
  const ours = await storedHash(store, ied, ledgerId, meeting, end)
  return theirs && ours && sameBytes(theirs, ours) ? 'fits' : 'fork'
}

async function storedHash(store: Store, ied: string, ledgerId: LedgerId, number: number, end: ChainPosition) {
  if (number === end.number) return end.chainHash
  if (number === 0) return chainStart.chainHash
  const bytes = await store.get(recordKey('header', { ied, ledgerId, number }))
  return bytes && chainHash(headerCodec.decode(bytes))
}
