// `feedermesh cost`: the same meter load by load, with each supplier whose tariff is known.

import type { Interval } from '../aggregation/billing/index.ts'
import { costByLoad, type LoadCostKind, loadPricing } from '../aggregation/suppliers/cost-by-load.ts'
import type { CostRow, Priced } from './cost-rows.ts'

export interface LoadCostRow {
  readonly meter: string
  readonly supplier: string
  readonly kind: LoadCostKind
  /** In words: `not measured separately: A, B`. */
  readonly load: string
  readonly measuredBy: string | null
  readonly kw: number | null
  readonly currency: string
  readonly perHour: string | null
  readonly todayKwh: string
  readonly today: string
  readonly monthKwh: string
  readonly month: string
  readonly untilUtc: string | null
}

/** What one IED below the meter measured. */
export interface Measured {
  readonly ied: string
  readonly parts: readonly string[]
  readonly intervals: readonly Interval[]
  readonly kw: number | undefined
}

const WORDS: Readonly<Record<LoadCostKind, string>> = {
  load: '',
  given: 'given to the network',
  rest: 'not measured separately',
  charges: 'fixed, demand, credit, tax',
}

/**
 * @param costs one for each of `tariffs`
 * @param measured each is asked for once a tariff, one after the other: only one IED's intervals need be in memory
 * @throws BillingError
 */
export async function loadCostRows(
  {
    meter,
    intervals,
    kw,
  }: { readonly meter: string; readonly intervals: readonly Interval[]; readonly kw: number | undefined },
  tariffs: readonly Priced[],
  costs: readonly CostRow[],
  measured: () => AsyncIterable<Measured>,
  together: readonly string[],
  nowUtcMs: number,
): Promise<LoadCostRow[]> {
  const pricings = tariffs.map(({ tariff, prices }) => loadPricing(tariff, intervals, nowUtcMs, prices))
  const below = tariffs.map(() => [] as Parameters<typeof costByLoad>[3][number][])
  for await (const { ied, parts, intervals: theirs, kw: draw } of measured()) {
    for (const [n, pricing] of pricings.entries()) {
      const watts = draw === undefined ? undefined : draw * 1000
      below[n]?.push({ loads: parts, measuredBy: ied, energy: pricing.net(theirs), watts })
    }
  }
  return tariffs.flatMap(({ supplier, tariff }, n): LoadCostRow[] => {
    const [pricing, cost] = [pricings[n], costs[n]]
    if (pricing === undefined || cost === undefined) return []
    const whole = { name: meter, watts: kw === undefined ? undefined : kw * 1000, cost }
    return costByLoad(tariff, pricing, whole, below[n] ?? [], together).map(
      ({ kind, loads, measuredBy, watts, perHour, untilUtcMs, ...row }) => ({
        meter,
        supplier,
        kind,
        load: [WORDS[kind], loads.join(', ')].filter(words => words !== '').join(': '),
        measuredBy: measuredBy ?? null,
        kw: watts === undefined ? null : watts / 1000,
        currency: tariff.currency,
        perHour: perHour ?? null,
        ...row,
        untilUtc: untilUtcMs === undefined ? null : new Date(untilUtcMs).toISOString(),
      }),
    )
  })
}
