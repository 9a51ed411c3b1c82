// What the next kWh costs: the sum of what all energy charges ask for it, before tax. Demand and fixed charges are no price
// of a kWh, so they are not in it.

import { billingDays } from './billing-days.ts'
import { compileTariff, type PriceSeries } from './compile-tariff.ts'
import { tierLimit } from './energy-charge.ts'
import { decimal, type Exact, one, plus, zero } from './exact.ts'
import type { Interval, Period } from './interval.ts'
import type { EnergyRate, Tariff } from './tariff.ts'

export interface MarginalPrices {
  /** The usage goes on: tiers are cumulative. */
  take(interval: Pick<Interval, 'startUtcMs' | 'importWh'>): void
  /** After what was taken so far. */
  at(utcMs: number): Exact
}

/** @param period the whole billing period: tiers are of its length */
export function marginalPrices(tariff: Tariff, period: Period, given?: PriceSeries): MarginalPrices {
  const { zone, schedule: scheduleOf, prices } = compileTariff(tariff)
  const exactly = billingDays(period, zone)
  const basis = tariff.proration === 'none' ? { days: exactly.days, months: one } : exactly
  const series = given ?? prices
  const critical = tariff.criticalPeak
  const isCritical = (utcMs: number): boolean =>
    critical?.events.some(
      ({ from, to, noticed }) =>
        Date.parse(from) <= utcMs &&
        utcMs < Date.parse(to) &&
        Date.parse(from) - Date.parse(noticed) >= critical.noticeMinutes * 60_000,
    ) ?? false
  const charges = tariff.energy.map(charge => {
    const schedule = charge.periods === undefined ? undefined : scheduleOf(charge.schedule)
    const rates: readonly EnergyRate[] = charge.periods === undefined ? [charge] : Object.values(charge.periods)
    return {
      charge,
      nameAt: (utcMs: number): string | undefined => schedule?.periods[schedule.at(zone.at(utcMs))],
      /** By period of the schedule; only where a tier asks for it. */
      used: rates.some(({ tiers }) => tiers !== undefined) ? new Map<string | undefined, bigint>() : undefined,
    }
  })

  function priceOf({ charge, nameAt, used }: (typeof charges)[number], utcMs: number): Exact {
    if (charge.name === critical?.charge && isCritical(utcMs)) return decimal(critical.perKwh)
    const now = nameAt(utcMs)
    const rate: EnergyRate | undefined = now === undefined ? charge : charge.periods?.[now]
    if (rate?.perKwh !== undefined) return decimal(rate.perKwh)
    if (rate?.realTime !== undefined) {
      const price = series.at(utcMs) ?? decimal(rate.realTime.fallbackPerKwh)
      return plus(price, decimal(rate.realTime.plusPerKwh))
    }
    if (rate?.tiers === undefined) return zero
    const soFar = used?.get(now) ?? 0n
    const tier = rate.tiers.find(each => {
      const limit = tierLimit(each, basis)
      return limit === undefined || soFar < limit
    })
    return decimal((tier ?? rate.tiers.at(-1))?.perKwh ?? '0')
  }

  return {
    take({ startUtcMs, importWh }) {
      for (const { nameAt, used } of charges) {
        if (used === undefined) continue
        const name = nameAt(startUtcMs)
        used.set(name, (used.get(name) ?? 0n) + importWh)
      }
    },
    at: utcMs => charges.reduce((sum, each) => plus(sum, priceOf(each, utcMs)), zero),
  }
}

/** @param soFar intervals of the billing period until now */
export function marginalPrice(
  tariff: Tariff,
  utcMs: number,
  soFar: readonly Interval[],
  period: Period,
  given?: PriceSeries,
): Exact {
  const prices = marginalPrices(tariff, period, given)
  for (const interval of soFar) prices.take(interval)
  return prices.at(utcMs)
}
