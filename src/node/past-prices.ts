// The prices of a supplier that count: what has begun as it was said then, and of what is to come what was said last.
//
// Where it said nothing before a time was over, the tariff's fallback holds for good: nobody sets a price when he knows the usage.
//
// A supplier may go over to prices of another length, as from hours to quarter hours. Each price keeps its own, and one that
// holds is as fixed in its later parts as in its first: nobody changes the price of a time that has begun.

import { type PriceSeries, priceSeries } from '../aggregation/billing/compile-tariff.ts'
import type { PricePush } from '../aggregation/suppliers/supplier-message.ts'

/** By the moment from which each holds. */
export type PastPrices = Map<number, { readonly perKwh: string; readonly minutes: number }>

/** @returns whether something is new */
export function takePrices(past: PastPrices, { startUtcMs, minutes, perKwh }: PricePush, nowUtcMs: number): boolean {
  const length = minutes * 60_000
  const isOfOtherLength = [...past.values()].some(each => each.minutes !== minutes)
  /** Whether a price holds at this moment by what is known, whenever it began. */
  const isHeld = (utcMs: number): boolean =>
    [...past].some(([from, each]) => from <= utcMs && utcMs < from + each.minutes * 60_000)
  let isNew = false
  for (const [n, price] of perKwh.entries()) {
    const from = startUtcMs + n * length
    const known = past.get(from)
    if (known?.perKwh === price && known.minutes === minutes) continue
    if (from + length <= nowUtcMs || (from <= nowUtcMs && isHeld(from))) continue
    if (isOfOtherLength) {
      for (const other of past.keys()) if (other > from && other < from + length && other > nowUtcMs) past.delete(other)
    }
    past.set(from, { perKwh: price, minutes })
    isNew = true
  }
  return isNew
}

/** As a series of one length, that of all or one that fits into each; the latest so many. */
export function evenPrices(past: PastPrices, most: number): PriceSeries {
  const step = [...past.values()].reduce((common, { minutes }) => divisor(common, minutes), 0) * 60_000
  const prices: { fromUtcMs: number; perKwh: string }[] = []
  let next = Number.POSITIVE_INFINITY
  for (const [from, { perKwh, minutes }] of [...past].sort(([a], [b]) => b - a)) {
    const end = Math.min(next, from + minutes * 60_000)
    const parts = Math.ceil((end - from) / step)
    for (let part = parts - 1; part >= 0 && prices.length < most; part--)
      prices.push({ fromUtcMs: from + part * step, perKwh })
    if (prices.length >= most) break
    next = from
  }
  return priceSeries(prices, Math.max(1, step))
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}
