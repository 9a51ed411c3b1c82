// How far each back end has receipted this ledger, kept over restarts.

import { codec } from './codec.ts'
import { coveredUpTo, type Receipt, receiptSchema } from './receipt.ts'
import { type LedgerId, recordClasses } from './record.ts'
import type { Store } from './store.ts'
import { below, key } from './store-keys.ts'

export interface Receipts {
  /** The furthest receipt of this back end. */
  of(backEnd: string): Receipt | undefined
  /** The furthest of each back end. */
  all(): Receipt[]
  /** Durable when it resolves. One that reaches no further is ignored: false. */
  keep(receipt: Receipt): Promise<boolean>
}

const receiptCodec = codec<Receipt>('receipt', receiptSchema, 2_048)

/** The caller has verified what it keeps here. */
export async function openReceipts(store: Store, ledgerId: LedgerId): Promise<Receipts> {
  const furthest = new Map<string, Receipt>()
  for await (const { value } of store.range(...below('receipt', ledgerId))) {
    const receipt = receiptCodec.decode(value)
    furthest.set(receipt.backEnd, receipt)
  }
  return {
    of: backEnd => furthest.get(backEnd),
    all: () => [...furthest.values()],
    async keep(receipt) {
      const kept = furthest.get(receipt.backEnd)
      if (kept && !reachesFurther(receipt, kept)) return false
      const change = { put: key('receipt', ledgerId, receipt.backEnd), value: receiptCodec.encode(receipt) }
      await store.batch([change], { durable: true })
      furthest.set(receipt.backEnd, receipt)
      return true
    },
  }
}

/** Further along the chain, or as far with fewer bodies lacking. */
const reachesFurther = (receipt: Receipt, kept: Receipt): boolean =>
  receipt.upTo > kept.upTo || (receipt.upTo === kept.upTo && bodiesCovered(receipt) > bodiesCovered(kept))

const bodiesCovered = (receipt: Receipt): number =>
  recordClasses.reduce((sum, each) => sum + coveredUpTo(receipt, [each]), 0)
