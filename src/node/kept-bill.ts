// Where the bills of the own readings have got to, and the credit that the last one left: kept beside the ledger, which may let
// go of a bill's record when room is short. Of it and the ledger's last bill the later one counts, so a kill between the two
// writes neither bills a time twice nor loses its credit.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'
import type { LastBill } from './issued-bills.ts'

const KEY = 'billing/last'
const schema = z.strictObject({
  toUtc: z.iso.datetime(),
  carried: z.string().regex(/^-?\d+(\.\d+)?$/),
  currency: z.string().length(3),
  supplier: z.string().max(80).exactOptional(),
})

export function keptBill(store: Store) {
  return {
    /** Nothing, where nothing sensible is kept. */
    async read(): Promise<LastBill | undefined> {
      const bytes = await store.get(KEY)
      if (bytes === undefined) return undefined
      try {
        return schema.parse(fromCbor(bytes))
      } catch {
        return undefined
      }
    },
    write({ toUtc, carried, currency, supplier }: LastBill): Promise<void> {
      const value = { toUtc, carried, currency, ...(supplier === undefined ? {} : { supplier }) }
      return store.batch([{ put: KEY, value: toCbor(value) }], { durable: true })
    },
  }
}

export const laterBill = (one: LastBill | undefined, other: LastBill | undefined): LastBill | undefined =>
  one === undefined || (other !== undefined && Date.parse(other.toUtc) >= Date.parse(one.toUtc)) ? other : one
