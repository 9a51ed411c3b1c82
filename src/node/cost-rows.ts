// `feedermesh cost`: what the energy of one meter costs now, with each supplier whose tariff is known.

import { compileTariff, type Interval, type PriceSeries, type Tariff } from '../aggregation/billing/index.ts'
import { costNow } from '../aggregation/suppliers/cost-now.ts'

export interface CostRow {
  readonly utc: string
  readonly meter: string
  /** What it meters, by the feeder file. */
  readonly loads: string
  readonly supplier: string
  readonly tariff: string
  /** It is bought from this one; from the others it would cost so much. */
  readonly current: boolean
  readonly kw: number | null
  readonly currency: string
  readonly perKwh: string
  readonly perHour: string | null
  readonly todayKwh: string
  readonly today: string
  readonly monthKwh: string
  readonly month: string
  readonly revenue: string
}

export interface Priced {
  readonly supplier: string
  readonly tariff: Tariff
  readonly prices: PriceSeries | undefined
  readonly current: boolean
}

/** @throws BillingError */
export function costRows(
  {
    meter,
    loads,
    intervals,
    kw,
  }: {
    readonly meter: string
    readonly loads: readonly string[]
    readonly intervals: readonly Interval[]
    readonly kw: number | undefined
  },
  tariffs: readonly Priced[],
  nowUtcMs: number,
): CostRow[] {
  return tariffs.map(({ supplier, tariff, prices, current }) => {
    compileTariff(tariff)
    const { perHour, ...cost } = costNow(tariff, intervals, nowUtcMs, kw === undefined ? undefined : kw * 1000, prices)
    return {
      utc: new Date(nowUtcMs).toISOString(),
      meter,
      loads: loads.join(', '),
      supplier,
      tariff: tariff.tariff,
      current,
      kw: kw === undefined ? null : Math.round(kw * 1000) / 1000,
      perHour: perHour ?? null,
      ...cost,
    }
  })
}
