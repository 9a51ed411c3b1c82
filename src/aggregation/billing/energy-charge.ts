// What energy costs by one charge: each interval in the period, tier and price that it belongs to.
//
// An interval belongs where it starts, in local time. Where a tier's limit falls within an interval, a part of it is below
// and the rest above. What is alike is summed in whole watt-hours first and priced once.

import type { LineKind } from './bill.ts'
import type { CompiledTariff } from './compile-tariff.ts'
import { compare, decimal, type Exact, exact, minus, plus, rounded, shown, times, zero } from './exact.ts'
import type { Interval } from './interval.ts'
import { type BillBasis, type DraftLine, span } from './line.ts'
import type { EnergyRate } from './tariff.ts'

/** One interval's share in this charge: what it uses, or what it gives. */
export interface Used {
  readonly interval: Interval
  readonly wattHours: bigint
}

export interface EnergyPricing extends EnergyRate {
  readonly name: string
  readonly schedule?: string | undefined
  readonly periods?: Readonly<Record<string, EnergyRate>> | undefined
}

/** Events of the critical peak that count. */
export interface CriticalPeak {
  readonly perKwh: string
  readonly events: readonly { readonly fromUtcMs: number; readonly toUtcMs: number }[]
}

interface Bucket {
  readonly period: string | undefined
  readonly tier: number | undefined
  readonly perKwh: Exact | undefined
  readonly notes: string[]
  wattHours: bigint
  /** Of real-time prices: the sum itself, and the range of the prices. */
  amount: Exact
  lowest?: Exact
  highest?: Exact
  /** Not spread anywhere: a month of seconds is more than a call takes. */
  intervals: Interval[]
}

/**
 * @param isNetted over the whole bill: what is left of each period is charged, or credited at the price of its first tier
 */
export function energyLines(
  pricing: EnergyPricing,
  used: readonly Used[],
  tariff: CompiledTariff,
  basis: BillBasis,
  options: {
    readonly kind?: LineKind
    readonly criticalPeak?: CriticalPeak | undefined
    readonly isNetted?: boolean
  } = {},
): DraftLine[] {
  const { kind = 'energy', criticalPeak, isNetted = false } = options
  const buckets = new Map<string, Bucket>()
  const schedule = pricing.periods === undefined ? undefined : tariff.schedule(pricing.schedule)
  /** Of each period so far: its tiers are cumulative. */
  const soFar = new Map<string, bigint>()

  const bucketOf = (key: string, made: () => Pick<Bucket, 'period' | 'tier' | 'perKwh' | 'notes'>): Bucket => {
    const known = buckets.get(key)
    if (known !== undefined) return known
    const bucket: Bucket = { ...made(), wattHours: 0n, amount: zero, intervals: [] }
    buckets.set(key, bucket)
    return bucket
  }
  const put = (bucket: Bucket, wattHours: bigint, interval: Interval): void => {
    bucket.wattHours += wattHours
    if (bucket.intervals.at(-1) !== interval) bucket.intervals.push(interval)
  }

  function flat(period: string | undefined, perKwh: string, wattHours: bigint, interval: Interval): void {
    put(
      bucketOf(`${period}`, () => ({ period, tier: undefined, perKwh: decimal(perKwh), notes: [] })),
      wattHours,
      interval,
    )
  }

  function tiered(period: string | undefined, tiers: NonNullable<EnergyRate['tiers']>, given: Used): void {
    let left = given.wattHours
    let at = soFar.get(`${period}`) ?? 0n
    for (const [n, tier] of tiers.entries()) {
      const limit = tierLimit(tier, basis)
      const fits = limit === undefined ? left : limit > at ? (limit - at < left ? limit - at : left) : 0n
      // What is given back over the whole bill has the price of the first tier.
      const part = left < 0n ? left : fits
      if (part === 0n && !(left === 0n && n === 0)) continue
      const bucket = bucketOf(`${period}/${n}`, () => ({
        period,
        tier: n + 1,
        perKwh: decimal(tier.perKwh),
        notes: tierNotes(tier, limit),
      }))
      put(bucket, part, given.interval)
      at += part
      left -= part
      if (left === 0n) break
    }
    soFar.set(`${period}`, at)
  }

  /** By the price of the series: each is added up with its surcharge once. */
  const withSurcharge = new Map<Exact | undefined, Exact>()
  function priceWith(known: Exact | undefined, rate: NonNullable<EnergyRate['realTime']>): Exact {
    if (pricesOf !== rate) withSurcharge.clear()
    pricesOf = rate
    const made = withSurcharge.get(known)
    if (made !== undefined) return made
    const price = plus(known ?? decimal(rate.fallbackPerKwh), decimal(rate.plusPerKwh))
    withSurcharge.set(known, price)
    return price
  }
  let pricesOf: EnergyRate['realTime']

  function realTime(period: string | undefined, rate: NonNullable<EnergyRate['realTime']>, given: Used): void {
    const known = tariff.prices.at(given.interval.startUtcMs)
    const price = priceWith(known, rate)
    const bucket = bucketOf(`${period}/${known === undefined ? 'fallback' : 'real-time'}`, () => ({
      period,
      tier: undefined,
      perKwh: known === undefined ? price : undefined,
      notes: [known === undefined ? 'no price was known: the agreed fallback' : 'the price of each interval'],
    }))
    put(bucket, given.wattHours, given.interval)
    bucket.amount = plusOf(bucket.amount, given.wattHours, price)
    if (bucket.lowest === undefined || minus(price, bucket.lowest).top < 0n) bucket.lowest = price
    if (bucket.highest === undefined || minus(price, bucket.highest).top > 0n) bucket.highest = price
  }

  function price(period: string | undefined, given: Used): void {
    const rate = period === undefined ? pricing : pricing.periods?.[period]
    if (rate?.perKwh !== undefined) flat(period, rate.perKwh, given.wattHours, given.interval)
    else if (rate?.tiers !== undefined) tiered(period, rate.tiers, given)
    else if (rate?.realTime !== undefined) realTime(period, rate.realTime, given)
  }

  const netted = new Map<string, { period: string | undefined; wattHours: bigint; intervals: Interval[] }>()
  for (const given of used) {
    const { interval, wattHours } = given
    const { startUtcMs } = interval
    if (criticalPeak?.events.some(({ fromUtcMs, toUtcMs }) => startUtcMs >= fromUtcMs && startUtcMs < toUtcMs)) {
      flat('critical peak', criticalPeak.perKwh, wattHours, interval)
      continue
    }
    const period = schedule?.periods[schedule.at(tariff.zone.at(startUtcMs))]
    const rate = period === undefined ? pricing : pricing.periods?.[period]
    if (!isNetted || rate?.realTime !== undefined) {
      price(period, given)
      continue
    }
    const sum = netted.get(`${period}`) ?? { period, wattHours: 0n, intervals: [] }
    netted.set(`${period}`, sum)
    sum.wattHours += wattHours
    sum.intervals.push(interval)
  }
  for (const { period, wattHours, intervals } of netted.values()) {
    const [first] = intervals
    if (first === undefined) continue
    price(period, { interval: first, wattHours })
    for (const bucket of buckets.values()) {
      if (bucket.period === period) bucket.intervals = intervals
    }
  }

  return [...buckets.values()]
    .sort(
      (a, b) =>
        order(a.period, schedule?.periods) - order(b.period, schedule?.periods) || (a.tier ?? 0) - (b.tier ?? 0),
    )
    .map(bucket => ({
      kind,
      name: pricing.name,
      ...(bucket.period === undefined ? {} : { period: bucket.period }),
      ...(bucket.tier === undefined ? {} : { tier: bucket.tier }),
      quantity: exact(bucket.wattHours, 1_000n),
      unit: 'kWh',
      rate: rateText(bucket),
      amount: bucket.perKwh === undefined ? bucket.amount : times(exact(bucket.wattHours, 1_000n), bucket.perKwh),
      intervals: span(bucket.intervals),
      notes: bucket.notes,
    }))
}

/** Prices are decimals, so one bottom is a multiple of the other: they are added without looking for common factors. */
function plusOf(sum: Exact, wattHours: bigint, price: Exact): Exact {
  const [top, bottom] = [wattHours * price.top, price.bottom * 1_000n]
  if (sum.bottom === bottom) return { top: sum.top + top, bottom }
  if (bottom % sum.bottom === 0n) return { top: sum.top * (bottom / sum.bottom) + top, bottom }
  if (sum.bottom % bottom === 0n) return { top: sum.top + top * (sum.bottom / bottom), bottom: sum.bottom }
  return plus(sum, { top, bottom })
}

/** As the schedule has them; the critical peak, which it has not, comes last. */
function order(period: string | undefined, periods: readonly string[] = []): number {
  if (period === undefined) return -1
  const index = periods.indexOf(period)
  return index < 0 ? periods.length : index
}

function rateText({ perKwh, lowest = zero, highest = zero }: Bucket): string {
  if (perKwh !== undefined) return shown(perKwh, 2)
  return compare(lowest, highest) === 0 ? shown(lowest, 2) : `${shown(lowest, 2)} to ${shown(highest, 2)}`
}

type Tier = NonNullable<EnergyRate['tiers']>[number]

/** In whole watt-hours, rounded half-up; undefined for the last tier. */
export function tierLimit({ upToKwh, upToKwhPerDay }: Tier, { days, months }: BillBasis): bigint | undefined {
  if (upToKwhPerDay !== undefined) return rounded(times(decimal(upToKwhPerDay), days), 3, 'half-up')
  return upToKwh === undefined ? undefined : rounded(times(decimal(upToKwh), months), 3, 'half-up')
}

function tierNotes({ upToKwhPerDay }: Tier, limit: bigint | undefined): string[] {
  if (limit === undefined) return []
  const kwh = shown(exact(limit, 1_000n))
  return [upToKwhPerDay === undefined ? `up to ${kwh} kWh` : `up to ${kwh} kWh, ${upToKwhPerDay} a day`]
}
