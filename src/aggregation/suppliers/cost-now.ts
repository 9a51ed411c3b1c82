// What the energy costs while it is used: the price of the next kWh, what an hour at the present draw costs, and what the day
// and the billing month have cost so far. The same function on an IED, of its own ledger, and at a back end, of what it has.

import { compileTariff, type PriceSeries } from '../billing/compile-tariff.ts'
import { bill } from '../billing/compute-bill.ts'
import { exact, placed, rounded, shown, times } from '../billing/exact.ts'
import { type Interval, intervalsIn, type Period } from '../billing/interval.ts'
import { marginalPrice } from '../billing/marginal-price.ts'
import { nextBoundary } from '../billing/statement.ts'
import type { Tariff } from '../billing/tariff.ts'

export interface CostNow {
  readonly currency: string
  /** Before tax. */
  readonly perKwh: string
  /** At the present draw; undefined while that is not known. */
  readonly perHour?: string
  /** With tax, and with the fixed charges of the time. */
  readonly today: string
  readonly month: string
  /** Of the month: what stays with the provider, before tax. */
  readonly revenue: string
  readonly todayKwh: string
  readonly monthKwh: string
}

/** The calendar month at the site in which a moment is. */
export function monthOf(tariff: Tariff, utcMs: number): Period {
  const { zone } = compileTariff(tariff)
  const { year, month } = zone.at(utcMs)
  return { fromUtcMs: zone.dayStart({ year, month, day: 1 }), toUtcMs: nextBoundary(utcMs, 'monthly', zone) }
}

/**
 * @param intervals as `vee` gives them, of the months before too where there are ratchets
 * @throws BillingError
 */
export function costNow(
  tariff: Tariff,
  intervals: readonly Interval[],
  nowUtcMs: number,
  watts: number | undefined,
  prices?: PriceSeries,
): CostNow {
  const { zone } = compileTariff(tariff)
  const month = monthOf(tariff, nowUtcMs)
  const today = { fromUtcMs: zone.dayStart(zone.at(nowUtcMs)), toUtcMs: nowUtcMs }
  const options = prices === undefined ? {} : { prices }
  const own = intervals.filter(({ startUtcMs }) => startUtcMs < nowUtcMs)
  const costUntil = (toUtcMs: number) =>
    toUtcMs > month.fromUtcMs
      ? bill(tariff, own, { fromUtcMs: month.fromUtcMs, toUtcMs }, tariff.timeZone, options)
      : undefined
  const [all, before] = [costUntil(nowUtcMs), costUntil(today.fromUtcMs)]
  const money = (value: bigint): string => placed(value, tariff.decimals)
  const kwh = (period: Period): string =>
    placed(
      intervalsIn(own, period).reduce((sum, { importWh }) => sum + importWh, 0n),
      3,
    )
  const price = marginalPrice(tariff, nowUtcMs, intervalsIn(own, month), month, prices)
  return {
    currency: tariff.currency,
    perKwh: shown(price, 2),
    ...(watts === undefined
      ? {}
      : { perHour: placed(rounded(times(price, exact(Math.round(watts), 1_000n)), 4, tariff.rounding), 4) }),
    today: money((all?.total ?? 0n) - (before?.total ?? 0n)),
    month: money(all?.total ?? 0n),
    revenue: money(all?.subtotal ?? 0n),
    todayKwh: kwh(today),
    monthKwh: kwh({ fromUtcMs: month.fromUtcMs, toUtcMs: nowUtcMs }),
  }
}
