// What the next kWh costs: the sum of what all energy charges ask for it, before tax. Demand and fixed charges are no price
// of a kWh, so they are not in it.

import { billingDays } from './billing-days.ts'
import { compileTariff, type PriceSeries } from './compile-tariff.ts'
import { tierLimit } from './energy-charge.ts'
import { decimal, type Exact, one, plus, zero } from './exact.ts'
import type { Interval, Period } from './interval.ts'
import type { EnergyRate, Tariff } from './tariff.ts'

/**
 * @param soFar intervals of the billing period until now: tiers are cumulative
 * @param period the whole billing period: tiers are of its length
 */
export function marginalPrice(
  tariff: Tariff,
  utcMs: number,
  soFar: readonly Interval[],
  period: Period,
  given?: PriceSeries,
): Exact {
  const { zone, schedule: scheduleOf, prices } = compileTariff(tariff)
  const exactly = billingDays(period, zone)
  const basis = tariff.proration === 'none' ? { days: exactly.days, months: one } : exactly
  const series = given ?? prices
  const critical = tariff.criticalPeak
  const isCritical = critical?.events.some(
    ({ from, to, noticed }) =>
      Date.parse(from) <= utcMs &&
      utcMs < Date.parse(to) &&
      Date.parse(from) - Date.parse(noticed) >= critical.noticeMinutes * 60_000,
  )
  let sum = zero
  for (const charge of tariff.energy) {
    if (isCritical && charge.name === critical?.charge) {
      sum = plus(sum, decimal(critical.perKwh))
      continue
    }
    const schedule = charge.periods === undefined ? undefined : scheduleOf(charge.schedule)
    const nameAt = (ms: number): string | undefined => schedule?.periods[schedule.at(zone.at(ms))]
    const now = nameAt(utcMs)
    const rate: EnergyRate | undefined = now === undefined ? charge : charge.periods?.[now]
    if (rate?.perKwh !== undefined) sum = plus(sum, decimal(rate.perKwh))
    else if (rate?.realTime !== undefined) {
      sum = plus(
        sum,
        plus(series.at(utcMs) ?? decimal(rate.realTime.fallbackPerKwh), decimal(rate.realTime.plusPerKwh)),
      )
    } else if (rate?.tiers !== undefined) {
      let used = 0n
      for (const { startUtcMs, importWh } of soFar) if (nameAt(startUtcMs) === now) used += importWh
      const tier = rate.tiers.find(each => {
        const limit = tierLimit(each, basis)
        return limit === undefined || used < limit
      })
      sum = plus(sum, decimal((tier ?? rate.tiers.at(-1))?.perKwh ?? '0'))
    }
  }
  return sum
}
