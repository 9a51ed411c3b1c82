// What the own usage costs with each supplier whose tariff is here, and what the next kWh costs. Exact money, in 1/100,000 of the
// currency. A tariff that cannot be computed is left out and said; amounts of two currencies are not compared.

import { type Duration, duration } from '../../topology/units.ts'
import { bill } from '../aggregation/billing/compute-bill.ts'
import { exact, rounded } from '../aggregation/billing/exact.ts'
import { type Interval, intervalsIn, marginalPrice } from '../aggregation/billing/index.ts'
import type { Money, Offer } from '../aggregation/suppliers/choose.ts'
import { monthOf } from '../aggregation/suppliers/cost-now.ts'
import { priceOf } from '../protection/load/price.ts'
import type { ComponentContext } from './component.ts'
import type { OwnIntervals } from './own-intervals.ts'
import type { AcceptedSupplier, SuppliersConfig } from './supplier-config.ts'
import type { Shelved, TariffShelf } from './tariff-shelf.ts'

/** Decimal places of the choice's money. */
export const MONEY_PLACES = 5
const DAY_MS = 86_400_000

/** @param text a price as the configuration has it, of six places at most */
export const moneyOf = (text: string): Money => (priceOf(text) ?? 0n) / 10n

export const acceptedIn = ({ accept }: SuppliersConfig, supplier: string): AcceptedSupplier | undefined =>
  accept.find(({ name }) => name === supplier)

export const stayMsOf = (config: SuppliersConfig, supplier: string): number =>
  (acceptedIn(config, supplier)?.minimumStayDays ?? 0) * DAY_MS

/** Of the usage that was compared. */
export interface Cost {
  readonly cost: Money
  readonly fromUtcMs: number
  readonly toUtcMs: number
}

export interface Compared {
  /** By supplier, of any currency. */
  readonly costs: ReadonlyMap<string, Cost>
  /** Those that can be chosen between. */
  readonly offers: readonly Offer[]
  /** How long a time they cover. */
  readonly usage: Duration
}

export interface SupplierQuotes {
  /** Undefined without a good clock or own readings, and while another comparison runs. */
  compare(current: string): Promise<Compared | undefined>
  /** Of the next kWh; undefined where nobody knows it now. */
  price(supplier: string): Money | undefined
}

export function supplierQuotes(
  { clock, log }: Pick<ComponentContext, 'clock' | 'log'>,
  config: SuppliersConfig,
  shelf: TariffShelf,
  intervals: OwnIntervals,
): SupplierQuotes {
  let isComparing = false

  async function compare(current: string): Promise<Compared | undefined> {
    if (isComparing || !clock.utcGood()) return undefined
    isComparing = true
    try {
      const utc = clock.utc()
      const all = await intervals.now(utc)
      const used = intervalsIn(all, { fromUtcMs: utc - config.horizonDays * DAY_MS, toUtcMs: utc })
      const [first, last] = [used[0], used.at(-1)]
      if (first === undefined || last === undefined) return undefined
      const period = { fromUtcMs: first.startUtcMs, toUtcMs: last.endUtcMs }
      const costs = new Map<string, Cost>()
      for (const { name } of config.accept) {
        const cost = costWith(name, all, period, utc)
        if (cost !== undefined) costs.set(name, cost)
        await new Promise<void>(resolve => setImmediate(resolve)) // whatever else the agent does goes on in between
      }
      const offers = [...costs].flatMap(([supplier, { cost }]) => offerOf(supplier, current, cost))
      return { costs, offers, usage: duration(period.toUtcMs - period.fromUtcMs) }
    } finally {
      isComparing = false
    }
  }

  function costWith(
    supplier: string,
    all: readonly Interval[],
    period: { readonly fromUtcMs: number; readonly toUtcMs: number },
    utc: number,
  ): Cost | undefined {
    const shelved = shelf.known(supplier)
    if (shelved === undefined || isOver(shelved, utc)) return undefined
    try {
      const prices = shelf.prices(supplier)
      const options = prices === undefined ? {} : { prices }
      const { total, decimals } = bill(shelved.tariff, all, period, shelved.tariff.timeZone, options)
      return { cost: rounded(exact(total, 10n ** BigInt(decimals)), MONEY_PLACES, 'half-up'), ...period }
    } catch (error) {
      log.warn('tariff-not-compared', { supplier, reason: (error as Error).message })
      return undefined
    }
  }

  function offerOf(supplier: string, current: string, cost: Money): Offer[] {
    const each = acceptedIn(config, supplier)
    const mine = shelf.known(current)?.tariff.currency
    const isComparable = mine === undefined || shelf.known(supplier)?.tariff.currency === mine
    if (each === undefined || !isComparable) return []
    const minimumStay = duration(stayMsOf(config, supplier))
    return [{ supplier, cost, by: each.by, switchingCost: moneyOf(each.switchingCost), minimumStay }]
  }

  const isOver = ({ offer: { fromUtcMs, toUtcMs } }: Shelved, utc: number): boolean =>
    utc < fromUtcMs || (toUtcMs !== undefined && utc >= toUtcMs)

  function price(supplier: string): Money | undefined {
    const shelved = shelf.known(supplier)
    if (shelved === undefined || !clock.utcGood() || isOver(shelved, clock.utc())) return undefined
    const month = monthOf(shelved.tariff, clock.utc())
    const soFar: readonly Interval[] = shelved.tariff.energy.some(({ tiers, periods }) => tiers ?? periods)
      ? intervalsIn(intervals.latest(), month)
      : []
    const next = marginalPrice(shelved.tariff, clock.utc(), soFar, month, shelf.prices(supplier))
    return rounded(next, MONEY_PLACES, 'half-up')
  }

  return { compare, price }
}
