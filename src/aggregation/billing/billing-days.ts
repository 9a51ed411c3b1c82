// How many local days and months a billing period is. A part of a day counts as a part of it, by the hours that day has.

import { daysInMonth, type LocalDate, type ZoneClock } from '../local-time.ts'
import { BillingError } from './billing-error.ts'
import { type Exact, exact, plus, zero } from './exact.ts'
import type { Period } from './interval.ts'

export interface BillingDays {
  readonly days: Exact
  /** The days of each month over the days that it has, summed: one for a calendar month. */
  readonly months: Exact
}

/** Longer is more than one bill. */
const MOST_DAYS = 400

/** @throws BillingError BAD_PERIOD */
export function billingDays({ fromUtcMs, toUtcMs }: Period, zone: ZoneClock): BillingDays {
  if (!(toUtcMs > fromUtcMs)) throw new BillingError('BAD_PERIOD', 'the period ends before it begins')
  if (toUtcMs - fromUtcMs > MOST_DAYS * 86_400_000) {
    throw new BillingError('BAD_PERIOD', `the period is longer than ${MOST_DAYS} days, want a bill for each part of it`)
  }
  const { year, month, day } = zone.at(fromUtcMs)
  let date: LocalDate = { year, month, day }
  let start = zone.dayStart(date)
  let [days, months] = [zero, zero]
  while (start < toUtcMs) {
    const next = dayAfter(date)
    const end = zone.dayStart(next)
    const within = Math.min(end, toUtcMs) - Math.max(start, fromUtcMs)
    const share = within === end - start ? exact(1n) : exact(within, end - start)
    days = plus(days, share)
    months = plus(months, exact(share.top, share.bottom * BigInt(daysInMonth(date))))
    date = next
    start = end
  }
  return { days, months }
}

export function dayAfter({ year, month, day }: LocalDate): LocalDate {
  if (day < daysInMonth({ year, month })) return { year, month, day: day + 1 }
  return month === 12 ? { year: year + 1, month: 1, day: 1 } : { year, month: month + 1, day: 1 }
}
