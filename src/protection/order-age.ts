// How old an order is, and when it is too old.
//
// What counts is the age of its ticket: the desk gave it out, and measures it on its own monotonic clock. UTC is a second
// check only, since clocks are wrong more often than orders are stolen.

import type { Order, Reason } from './command.ts'

export const UTC_TOLERANCE_MS = 120_000

export interface OrderAge {
  readonly order: Order
  /** Since this desk gave its ticket out; undefined for one that it did not give to the issuer since it started. */
  readonly ticketAgeMs: number | undefined
  /** By UTC, where both clocks are good. Negative: from the future. */
  readonly utcAgeMs: number | undefined
}

/** @returns why it is not carried out any more, or not yet */
export function ageRefusal(
  ied: string,
  { order, ticketAgeMs, utcAgeMs }: OrderAge,
): { readonly reason: Reason; readonly words: string } | undefined {
  if (ticketAgeMs === undefined) return expired(`its ticket is not one that ${ied} gave out since it was started`)
  if (ticketAgeMs > order.lifetimeMs) return expired('its lifetime is over')
  return utcAgeMs === undefined ? undefined : utcRefusal(order, utcAgeMs)
}

export function utcRefusal({ lifetimeMs }: Order, utcAgeMs: number): ReturnType<typeof ageRefusal> {
  if (utcAgeMs > lifetimeMs + UTC_TOLERANCE_MS) return expired('its lifetime is over, by UTC')
  if (utcAgeMs >= -UTC_TOLERANCE_MS) return undefined
  const words = `it is dated ${Math.round(-utcAgeMs / 1000)} s ahead: one of the clocks is wrong`
  return { reason: 'from-the-future', words }
}

const expired = (words: string) => ({ reason: 'expired' as const, words })
