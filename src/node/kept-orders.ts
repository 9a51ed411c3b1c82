// The numbers of the orders that were begun, and what became of them, over restarts.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'
import { decodeOutcome, encodeOutcome, type Outcome } from '../protection/command.ts'

const PREFIX = 'commands/order/'
const END = 'commands/order0' // the key after all that begin with the prefix
const kept = z
  .object({
    id: z.string().max(200),
    digest: z.string().max(64),
    outcome: z.custom<Uint8Array>(value => value instanceof Uint8Array, 'want bytes').optional(),
  })
  .strict()

export interface KeptOrder {
  readonly id: string
  readonly digest: string
  /** Absent: it was begun, and its end is not known. */
  readonly outcome?: Outcome
}

/** Peer ids and what they send do not become keys. */
const keyOf = (id: string): string => `${PREFIX}${createHash('sha256').update(id).digest('hex')}`

export function keptOrders(store: Store) {
  return {
    async all(): Promise<KeptOrder[]> {
      const found: KeptOrder[] = []
      for await (const { value } of store.range(PREFIX, END)) {
        const { id, digest, outcome } = kept.parse(fromCbor(value))
        found.push({ id, digest, ...(outcome === undefined ? {} : { outcome: decodeOutcome(outcome) }) })
      }
      return found
    },
    /** Durable when it resolves. */
    async put({ id, digest, outcome }: KeptOrder): Promise<void> {
      const value = toCbor({ id, digest, ...(outcome === undefined ? {} : { outcome: encodeOutcome(outcome) }) })
      await store.batch([{ put: keyOf(id), value }], { durable: true })
    },
    /** In the order of the calls, so that it cannot overtake the `put` before it. */
    async forget(ids: readonly string[]): Promise<void> {
      await store.batch(
        ids.map(id => ({ del: keyOf(id) })),
        { durable: false },
      )
    },
  }
}
