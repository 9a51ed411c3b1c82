// Credit that a bill leaves, and into which bill it goes: the next one of the same supplier in the same currency, whichever
// tariff that is by. Another supplier owes nothing of it, so it stays with who owes it, and the bill says so.

import type { Bill } from './bill.ts'
import { placed } from './exact.ts'

export interface CreditHolder {
  readonly supplier: string | undefined
  readonly currency: string
  readonly decimals: number
}

export interface Credit {
  /** In the currency's smallest unit. */
  readonly amount: bigint
  /** Who owes it; undefined: who is asked. */
  readonly holder?: CreditHolder
}

export const noCredit: Credit = { amount: 0n }

export const creditFor = ({ amount, holder }: Credit, by: CreditHolder): bigint =>
  holder === undefined ||
  (holder.supplier === by.supplier && holder.currency === by.currency && holder.decimals === by.decimals)
    ? amount
    : 0n

/** The bill with a word on credit that was left before and is not in it. */
export function withCreditNote(bill: Bill, { amount, holder }: Credit): Bill {
  if (holder === undefined) return bill
  const { supplier = 'the one before', currency, decimals } = holder
  const words = `credit of ${placed(amount, decimals)} ${currency} of the bill before stays with ${supplier}`
  return { ...bill, notes: [...bill.notes, words] }
}
