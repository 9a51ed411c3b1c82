// What the energy of a meter costs, load by load. A load with a meter of its own counts by what that one measured, each
// interval at the marginal price of the moment in which it began, before tax. What is left is one row: loads that nobody else
// meters, and losses. What is no price of a kWh (demand, fixed charges, credit, tax) is the last row.
//
// Rows add up to the meter's own, in watt-hours and in money: each amount is rounded once, to the currency's smallest unit by
// the rule of the tariff, and the last row is what then lacks to the cost of the meter. So it has the remainder of the
// rounding, and what tiers make of it: an interval is priced whole by the tier in which it begins, with the limits of the whole
// month, where the bill so far splits it and counts limits by the days.
//
// A meter below that gives (a generator) has less than nothing: it saves that much at the same price. What of it goes on to the
// network is no saving, and is a row of its own; what is paid for it is in the last row.

import { compileTariff, type PriceSeries } from '../billing/compile-tariff.ts'
import { type Exact, exact, minus, placed, plus, rounded, times, zero } from '../billing/exact.ts'
import { type Interval, intervalsIn } from '../billing/interval.ts'
import { marginalPrices } from '../billing/marginal-price.ts'
import type { Tariff } from '../billing/tariff.ts'
import { monthOf } from './cost-now.ts'

export type LoadCostKind = 'load' | 'given' | 'rest' | 'charges'

export interface LoadCost {
  readonly kind: LoadCostKind
  /** The loads of the row. */
  readonly loads: readonly string[]
  /** Whose meter counts it. */
  readonly measuredBy?: string
  readonly watts?: number
  readonly perHour?: string
  readonly todayKwh: string
  readonly today: string
  readonly monthKwh: string
  readonly month: string
  /** Up to then it is measured. */
  readonly untilUtcMs?: number
}

/** Of one meter: what it counted, and what that cost at the marginal price of this tariff. */
export interface PricedEnergy {
  readonly todayWh: bigint
  readonly today: Exact
  readonly monthWh: bigint
  readonly month: Exact
  readonly untilUtcMs?: number
}

export interface LoadPricing {
  /** What is imported, less what is exported. Only up to the meter's own last interval, in order. */
  net(intervals: readonly Interval[]): PricedEnergy
  /** The meter itself. */
  readonly imported: PricedEnergy
  readonly exported: PricedEnergy
  readonly perKwh: Exact
}

/** @param intervals of the meter, as `vee` gives them */
export function loadPricing(
  tariff: Tariff,
  intervals: readonly Interval[],
  nowUtcMs: number,
  prices?: PriceSeries,
): LoadPricing {
  const { zone } = compileTariff(tariff)
  const month = monthOf(tariff, nowUtcMs)
  const dayStart = zone.dayStart(zone.at(nowUtcMs))
  const own = intervalsIn(intervals, { fromUtcMs: month.fromUtcMs, toUtcMs: nowUtcMs })
  const endUtcMs = own.at(-1)?.endUtcMs ?? month.fromUtcMs

  function sum(of: readonly Interval[], wattHours: (interval: Interval) => bigint): PricedEnergy {
    const course = marginalPrices(tariff, month, prices)
    let next = 0
    let [todayWh, monthWh, today, soFar] = [0n, 0n, zero, zero]
    let untilUtcMs: number | undefined
    for (const interval of of) {
      const { startUtcMs } = interval
      if (startUtcMs < month.fromUtcMs || startUtcMs >= endUtcMs) continue
      for (let each = own[next]; each !== undefined && each.startUtcMs < startUtcMs; each = own[++next])
        course.take(each)
      const energy = wattHours(interval)
      if (interval.quality !== 'missing') untilUtcMs = interval.endUtcMs
      if (energy === 0n) continue
      const cost = times(course.at(startUtcMs), exact(energy, 1_000n))
      monthWh += energy
      soFar = plus(soFar, cost)
      if (startUtcMs < dayStart) continue
      todayWh += energy
      today = plus(today, cost)
    }
    return { todayWh, today, monthWh, month: soFar, ...(untilUtcMs === undefined ? {} : { untilUtcMs }) }
  }

  const now = marginalPrices(tariff, month, prices)
  for (const interval of own) now.take(interval)
  return {
    net: of => sum(of, ({ importWh, exportWh }) => importWh - exportWh),
    imported: sum(own, ({ importWh }) => importWh),
    exported: sum(own, ({ exportWh }) => exportWh),
    perKwh: now.at(nowUtcMs),
  }
}

export interface MeasuredLoad {
  readonly loads: readonly string[]
  readonly measuredBy: string
  readonly energy: PricedEnergy
  readonly watts: number | undefined
}

/** Of the meter as a whole; decimals with as many places as the currency has. */
export interface MeterCost {
  readonly today: string
  readonly month: string
}

/**
 * @param together the loads that nobody else meters
 * @param meter who meters it all, and what that costs with everything
 */
export function costByLoad(
  tariff: Tariff,
  pricing: LoadPricing,
  meter: { readonly name: string; readonly watts: number | undefined; readonly cost: MeterCost },
  measured: readonly MeasuredLoad[],
  together: readonly string[],
): LoadCost[] {
  const { decimals, rounding } = tariff
  const cents = (value: Exact): bigint => rounded(value, decimals, rounding)
  const { imported, exported } = pricing
  const rows: (Pick<LoadCost, 'kind' | 'loads' | 'measuredBy'> & {
    energy: PricedEnergy
    watts: number | undefined
  })[] = measured.map(each => ({ kind: 'load', ...each }))
  if (measured.length > 0 && exported.monthWh > 0n)
    rows.push({ kind: 'given', loads: [], measuredBy: meter.name, energy: exported, watts: undefined })
  const rest = rows.reduce((left, { energy }) => less(left, energy), imported)
  const isAlone = measured.length === 0 && together.length === 1
  rows.push({
    kind: isAlone ? 'load' : 'rest',
    loads: together,
    ...(isAlone ? { measuredBy: meter.name } : {}),
    energy: rest,
    watts: wattsLeft(meter.watts, measured),
  })
  const found = rows.map(({ energy, watts, ...row }): LoadCost & { cents: readonly [bigint, bigint] } => ({
    ...row,
    ...(watts === undefined
      ? {}
      : {
          watts: Math.round(watts),
          perHour: placed(rounded(times(pricing.perKwh, exact(Math.round(watts), 1_000n)), 4, rounding), 4),
        }),
    todayKwh: placed(energy.todayWh, 3),
    today: placed(cents(energy.today), decimals),
    monthKwh: placed(energy.monthWh, 3),
    month: placed(cents(energy.month), decimals),
    ...(energy.untilUtcMs === undefined ? {} : { untilUtcMs: energy.untilUtcMs }),
    cents: [cents(energy.today), cents(energy.month)],
  }))
  const lacking = (whole: string, which: 0 | 1): string =>
    placed(
      found.reduce((left, row) => left - row.cents[which], BigInt(whole.replace('.', ''))),
      decimals,
    )
  return [
    ...found.map(({ cents: _, ...row }) => row),
    {
      kind: 'charges',
      loads: [],
      todayKwh: placed(0n, 3),
      today: lacking(meter.cost.today, 0),
      monthKwh: placed(0n, 3),
      month: lacking(meter.cost.month, 1),
    },
  ]
}

const less = (a: PricedEnergy, b: PricedEnergy): PricedEnergy => ({
  ...a,
  todayWh: a.todayWh - b.todayWh,
  today: minus(a.today, b.today),
  monthWh: a.monthWh - b.monthWh,
  month: minus(a.month, b.month),
})

/** Unknown while one of them is. */
function wattsLeft(all: number | undefined, measured: readonly MeasuredLoad[]): number | undefined {
  let left = all === undefined ? undefined : Math.round(all)
  for (const { watts } of measured)
    left = left === undefined || watts === undefined ? undefined : left - Math.round(watts)
  return left
}
