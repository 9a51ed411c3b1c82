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

export function statement(
  tariff: Tariff,
  intervals: readonly Interval[],
  period: Period,
  cycle: Cycle,
  options: BillOptions = {},
): Bill[] {
  let { carried = 0n } = options
  return billingPeriods(period, cycle, compileTariff(tariff).zone).map(each => {
    const next = bill(tariff, intervals, each, tariff.timeZone, { ...options, carried })
    carried = next.carried
    return next
  })
}
