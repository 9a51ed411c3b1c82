// Several bills in a row: a longer time cut at local midnights or firsts of the month, with the credit that goes from one to
// the next.

import { firstOfMonth, type ZoneClock } from '../local-time.ts'
import type { Bill } from './bill.ts'
import { dayAfter } from './billing-days.ts'
import { BillingError } from './billing-error.ts'
import { compileTariff } from './compile-tariff.ts'
import { type BillOptions, bill } from './compute-bill.ts'
import type { Interval, Period } from './interval.ts'
import type { Tariff } from './tariff.ts'

export const cycles = ['monthly', 'daily', 'once'] as const
export type Cycle = (typeof cycles)[number]

/** More than five years of days is no statement. */
const MOST_BILLS = 2_000

/** @throws BillingError BAD_PERIOD */
export function billingPeriods({ fromUtcMs, toUtcMs }: Period, cycle: Cycle, zone: ZoneClock): Period[] {
  if (!(toUtcMs > fromUtcMs)) throw new BillingError('BAD_PERIOD', 'the period ends before it begins')
  if (cycle === 'once') return [{ fromUtcMs, toUtcMs }]
  const periods: Period[] = []
  for (let from = fromUtcMs; from < toUtcMs; ) {
    const end = Math.min(nextBoundary(from, cycle, zone), toUtcMs)
    periods.push({ fromUtcMs: from, toUtcMs: end })
    if (periods.length > MOST_BILLS)
      throw new BillingError('BAD_PERIOD', `more than ${MOST_BILLS} bills, want a shorter time`)
    from = end
  }
  return periods
}

/** The next local midnight, or the next first of a month. */
export function nextBoundary(utcMs: number, cycle: 'monthly' | 'daily', zone: ZoneClock): number {
  const at = zone.at(utcMs)
  return zone.dayStart(cycle === 'monthly' ? firstOfMonth(at, 1) : dayAfter(at))
}

/**
 * @param isLate once it says so, no further bill is begun; the first one is made in any case
 * @returns fewer bills than there are periods where it was late
 */
export function statement(
  tariff: Tariff,
  intervals: readonly Interval[],
  period: Period,
  cycle: Cycle,
  options: BillOptions = {},
  isLate: () => boolean = () => false,
): Bill[] {
  let { carried = 0n } = options
  const { zone } = compileTariff(tariff)
  const months = Math.max(0, ...tariff.demand.map(({ ratchet }) => ratchet?.months ?? 0))
  const bills: Bill[] = []
  let first = 0
  let end = 0
  for (const each of billingPeriods(period, cycle, zone)) {
    if (bills.length > 0 && isLate()) break
    // Each bill looks at its own time and as far back as a ratchet reaches: all of a year for each of its days would take minutes.
    const back = months === 0 ? each.fromUtcMs : zone.dayStart(firstOfMonth(zone.at(each.fromUtcMs), -months))
    while (first < intervals.length && (intervals[first] as Interval).endUtcMs <= back) first++
    while (end < intervals.length && (intervals[end] as Interval).startUtcMs < each.toUtcMs) end++
    const next = bill(tariff, intervals.slice(first, end), each, tariff.timeZone, { ...options, carried })
    carried = next.carried
    bills.push(next)
  }
  return bills
}
