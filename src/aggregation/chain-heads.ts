// Up to where a back end has the chain of each ledger. It is moved in the same write as the records that it covers.

import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { codec, countField, hashField, nameField } from './codec.ts'
import { type ChainPosition, type LedgerId, ledgerIdField } from './record.ts'
import type { Change, Store } from './store.ts'
import { below, key } from './store-keys.ts'

export interface CollectedHead extends ChainPosition {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** Of the last batch with something new. */
  readonly utcMs: UtcMs
}

const chainHeadCodec = codec<CollectedHead>(
  'collected head',
  z.strictObject({
    ied: nameField,
    ledgerId: ledgerIdField,
    number: countField,
    chainHash: hashField,
    utcMs: countField.transform(utcMs),
  }),
  512,
)

export const keepChainHead = (head: CollectedHead): Change => ({
  put: key('collector', 'head', head.ied, head.ledgerId),
  value: chainHeadCodec.encode(head),
})

/** Of one IED or, without it, of all. */
export async function chainHeads(store: Store, ied?: string): Promise<CollectedHead[]> {
  const [from, to] = ied === undefined ? below('collector', 'head') : below('collector', 'head', ied)
  const heads: CollectedHead[] = []
  for await (const { value } of store.range(from, to)) heads.push(chainHeadCodec.decode(value))
  return heads
}

/** Of the IED's ledgers, the one that grew last. */
export function latestOf(known: readonly CollectedHead[]): { previous?: LedgerId } {
  const [latest] = known.toSorted((one, other) => other.utcMs - one.utcMs)
  return latest === undefined ? {} : { previous: latest.ledgerId }
}
