// Where the bills of the own readings have got to, and the credit that the last one left: kept beside the ledger, which may let
// go of a bill's record when room is short. Of it and the ledger's last bill the later one counts, so a kill between the two
// writes neither bills a time twice nor loses its credit.

import { z } from 'zod'
import type { Store } from '../aggregation/store.ts'
import type { LastBill } from './issued-bills.ts'
import { type KeptValue, keptValue } from './kept-value.ts'

const KEY = 'billing/last'
const schema = z.strictObject({
  toUtc: z.iso.datetime(),
  carried: z.string().regex(/^-?\d+(\.\d+)?$/),
  currency: z.string().length(3),
  supplier: z.string().max(80).exactOptional(),
})

export function keptBill(store: Store): KeptValue<LastBill> {
  const kept = keptValue<LastBill>(store, KEY, schema)
  return {
    read: kept.read,
    /** Of what is written, a bill's other rows stay in the ledger alone. */
    write(bill) {
      if (bill === undefined) return kept.write(undefined)
      const { toUtc, carried, currency, supplier } = bill
      return kept.write({ toUtc, carried, currency, ...(supplier === undefined ? {} : { supplier }) })
    },
  }
}

export const laterBill = (one: LastBill | undefined, other: LastBill | undefined): LastBill | undefined =>
  one === undefined || (other !== undefined && Date.parse(other.toUtc) >= Date.parse(one.toUtc)) ? other : one
