// A checked tariff, ready to bill by: zone, schedules and prices looked up once.

import { type ZoneClock, zoneClock } from '../local-time.ts'
import { BillingError } from './billing-error.ts'
import { tariffFaults } from './check-tariff.ts'
import { decimal, type Exact } from './exact.ts'
import { compileSchedule, type Schedule } from './schedule.ts'
import type { Tariff } from './tariff.ts'

/** Prices of kWh in order of time. */
export interface PriceSeries {
  /** As they were given, by their time. */
  readonly prices: readonly Price[]
  readonly holdsMs: number
  /** @returns undefined where there is none */
  at(utcMs: number): Exact | undefined
}

export interface CompiledTariff {
  readonly tariff: Tariff
  readonly zone: ZoneClock
  /** @param name absent: the only one there is */
  schedule(name: string | undefined): Schedule
  readonly prices: PriceSeries
}

export interface Price {
  readonly fromUtcMs: number
  readonly perKwh: string
}

const compiled = new WeakMap<Tariff, CompiledTariff>()

/** @throws BillingError BAD_TARIFF with a line for each fault */
export function compileTariff(tariff: Tariff): CompiledTariff {
  const known = compiled.get(tariff)
  if (known !== undefined) return known
  const faults = tariffFaults(tariff)
  if (faults.length > 0) {
    const lines = faults.map(({ path, message }) => `${path.join('.') || 'tariff'}: ${message}`)
    throw new BillingError('BAD_TARIFF', lines.join('\n'))
  }
  const schedules = new Map(
    Object.entries(tariff.schedules).map(([name, file]) => [name, compileSchedule(file, tariff)]),
  )
  const only = schedules.size === 1 ? [...schedules.values()][0] : undefined
  const result: CompiledTariff = {
    tariff,
    zone: zoneClock(tariff.timeZone) as ZoneClock,
    schedule: name => (name === undefined ? only : schedules.get(name)) as Schedule,
    prices: priceSeries(
      tariff.prices.map(({ from, perKwh }) => ({ fromUtcMs: Date.parse(from), perKwh })),
      tariff.priceMinutes * 60_000,
    ),
  }
  compiled.set(tariff, result)
  return result
}

/** @param holdsMs for which each price holds, if no other comes before */
export function priceSeries(prices: readonly Price[], holdsMs: number): PriceSeries {
  const given = prices.toSorted((a, b) => a.fromUtcMs - b.fromUtcMs)
  const sorted = given.map(({ fromUtcMs, perKwh }) => ({ fromUtcMs, perKwh: decimal(perKwh) }))
  return {
    prices: given,
    holdsMs,
    at(utcMs) {
      let [low, high] = [0, sorted.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((sorted[middle]?.fromUtcMs ?? 0) <= utcMs) low = middle + 1
        else high = middle
      }
      const found = sorted[low - 1]
      return found !== undefined && utcMs < found.fromUtcMs + holdsMs ? found.perKwh : undefined
    },
  }
}
