// Demand and reactive charges: the greatest window of the bill, in each period of the schedule, with its ratchet, minimum and
// power factor. Demand is rounded half-up to a watt (three places of a kW) before it is priced.

import { firstOfMonth } from '../local-time.ts'
import type { CompiledTariff } from './compile-tariff.ts'
import { type DemandWindow, demandOf, demandWindows, greatestWindow } from './demand.ts'
import {
  compare,
  decimal,
  type Exact,
  exact,
  greatest,
  minus,
  one,
  over,
  rounded,
  shown,
  times,
  zero,
} from './exact.ts'
import { type Interval, intervalsIn, type Period } from './interval.ts'
import { type BillBasis, type DraftLine, span } from './line.ts'
import { powerFactor } from './power-factor.ts'
import type { DemandCharge, DemandRate, Tariff } from './tariff.ts'

const watts = (value: Exact): Exact => exact(rounded(value, 3, 'half-up'), 1_000n)

/** @param intervals in order, those of the months before too, as far as they are known: for the ratchet */
export function demandLines(
  charge: DemandCharge,
  intervals: readonly Interval[],
  period: Period,
  tariff: CompiledTariff,
  basis: BillBasis,
): DraftLine[] {
  const { zone } = tariff
  const schedule = charge.periods === undefined ? undefined : tariff.schedule(charge.schedule)
  const start = zone.at(period.fromUtcMs)
  const months = charge.ratchet?.months ?? 0
  const earliest = months === 0 ? period.fromUtcMs : zone.dayStart(firstOfMonth(start, -months))
  const windows = demandWindows(
    intervalsIn(intervals, { fromUtcMs: earliest, toUtcMs: period.toUtcMs }),
    charge,
    zone.dayStart(start),
  )
  const names = schedule?.periods ?? [undefined]
  const among = windows.map(window => ({
    window,
    name: schedule?.periods[schedule.at(zone.at(window.startUtcMs))],
  }))
  return names.flatMap(name => {
    const own = among.filter(each => each.name === name).map(({ window }) => window)
    const now = greatestWindow(own.filter(({ startUtcMs }) => startUtcMs >= period.fromUtcMs))
    const before = greatestWindow(own.filter(({ startUtcMs }) => startUtcMs < period.fromUtcMs))
    const rate = name === undefined ? charge : (charge.periods?.[name] ?? {})
    return pricedDemand(charge, rate, name, { now, before }, intervalsIn(intervals, period), basis)
  })
}

function pricedDemand(
  charge: DemandCharge,
  rate: DemandRate,
  name: string | undefined,
  { now, before }: { readonly now: DemandWindow | undefined; readonly before: DemandWindow | undefined },
  own: readonly Interval[],
  { months }: BillBasis,
): DraftLine[] {
  const notes: string[] = []
  const measured = now === undefined ? zero : watts(demandOf(now))
  notes.push(
    now === undefined
      ? 'no whole window was measured'
      : `${charge.method} ${minutesOf(now)} min, the greatest from ${new Date(now.startUtcMs).toISOString()}`,
  )
  let billed = measured
  if (charge.ratchet !== undefined && before !== undefined) {
    const share = watts(over(times(demandOf(before), decimal(charge.ratchet.percent)), exact(100n)))
    if (compare(share, billed) > 0) {
      notes.push(
        `ratchet: ${charge.ratchet.percent} % of ${shown(watts(demandOf(before)))} kW on ${new Date(before.startUtcMs).toISOString()}, measured ${shown(measured)} kW`,
      )
    }
    billed = greatest(billed, share)
  }
  if (charge.minimumKw !== undefined && compare(decimal(charge.minimumKw), billed) > 0) {
    notes.push(`minimum demand, measured ${shown(measured)} kW`)
    billed = decimal(charge.minimumKw)
  }
  const isWhole = compare(months, one) === 0
  const part = isWhole ? [] : [`times ${shown(months)} months`]
  const intervals = {
    ...span(
      now === undefined
        ? []
        : own.filter(({ startUtcMs, endUtcMs }) => startUtcMs < now.endUtcMs && endUtcMs > now.startUtcMs),
    ),
  }
  const factor = charge.powerFactorTarget === undefined ? undefined : factorOf(own)
  const lines = tierParts(rate, billed).map(({ kw, perKw, tier }) => ({
    kind: 'demand' as const,
    name: charge.name,
    ...(name === undefined ? {} : { period: name }),
    ...(tier === undefined ? {} : { tier }),
    quantity: kw,
    unit: 'kW' as const,
    rate: shown(perKw, 2),
    amount: times(times(kw, perKw), months),
    intervals,
    notes: [...notes, ...part],
  }))
  if (charge.powerFactorTarget === undefined || lines.length === 0) return lines
  const target = decimal(charge.powerFactorTarget)
  if (factor === undefined) {
    const [first, ...rest] = lines
    return first === undefined
      ? []
      : [{ ...first, notes: [...first.notes, 'power factor not known: no reactive energy'] }, ...rest]
  }
  if (compare(factor, target) >= 0 || factor.top <= 0n) return lines
  const more = minus(over(target, factor), one)
  return lines.flatMap(line => [
    line,
    {
      ...line,
      kind: 'powerFactor' as const,
      quantity: times(line.quantity, more),
      amount: times(line.amount, more),
      notes: [
        `power factor ${shown(factor)}, want ${charge.powerFactorTarget}: demand times ${shown(over(target, factor))}`,
      ],
    },
  ])
}

const minutesOf = ({ startUtcMs, endUtcMs }: DemandWindow): number => (endUtcMs - startUtcMs) / 60_000

/** Of the imported energy of all intervals that have reactive energy beside it. */
function factorOf(intervals: readonly Interval[]): Exact | undefined {
  const both = intervals.filter(({ importVarh }) => importVarh !== undefined)
  if (both.length === 0) return undefined
  const sum = (of: (each: Interval) => bigint): bigint => both.reduce((total, each) => total + of(each), 0n)
  return powerFactor(
    sum(({ importWh }) => importWh),
    sum(({ importVarh = 0n }) => importVarh),
  )
}

function tierParts({ perKw, tiers }: DemandRate, kw: Exact): { kw: Exact; perKw: Exact; tier?: number }[] {
  if (perKw !== undefined) return [{ kw, perKw: decimal(perKw) }]
  const parts: { kw: Exact; perKw: Exact; tier?: number }[] = []
  let at = zero
  for (const [n, tier] of (tiers ?? []).entries()) {
    const limit = tier.upToKw === undefined ? kw : decimal(tier.upToKw)
    const end = compare(limit, kw) < 0 ? limit : kw
    if (compare(end, at) > 0 || n === 0) parts.push({ kw: minus(end, at), perKw: decimal(tier.perKw), tier: n + 1 })
    at = greatest(at, end)
  }
  return parts
}

export function reactiveLines(
  charge: Tariff['reactive'][number],
  own: readonly Interval[],
  period: Period,
  { zone }: CompiledTariff,
  { months }: BillBasis,
): DraftLine[] {
  const both = own.filter(({ importVarh }) => importVarh !== undefined)
  const unknown = both.length < own.length ? [`${own.length - both.length} intervals have no reactive energy`] : []
  if (charge.perKvarh !== undefined) {
    const varHours = both.reduce((sum, { importVarh = 0n }) => sum + importVarh, 0n)
    const wattHours = both.reduce((sum, { importWh }) => sum + importWh, 0n)
    const free = times(decimal(charge.freeKvarhPerKwh), exact(wattHours, 1_000n))
    const billed = greatest(zero, minus(exact(varHours, 1_000n), free))
    const rate = decimal(charge.perKvarh)
    return [
      {
        kind: 'reactive',
        name: charge.name,
        quantity: billed,
        unit: 'kvarh',
        rate: shown(rate, 2),
        amount: times(billed, rate),
        intervals: span(both),
        notes: [
          ...(free.top === 0n ? [] : [`${shown(exact(varHours, 1_000n))} kvarh, ${shown(free)} of them free`]),
          ...unknown,
        ],
      },
    ]
  }
  const settings = {
    method: 'block',
    minutes: charge.minutes,
    stepMinutes: charge.minutes,
    afterOutageMinutes: 0,
  } as const
  const start = zone.dayStart(zone.at(period.fromUtcMs))
  const window = greatestWindow(demandWindows(both, settings, start, ({ importVarh }) => importVarh))
  const kvar = window === undefined ? zero : watts(demandOf(window))
  const rate = decimal(charge.perKvar ?? '0')
  return [
    {
      kind: 'reactive',
      name: charge.name,
      quantity: kvar,
      unit: 'kvar',
      rate: shown(rate, 2),
      amount: times(times(kvar, rate), months),
      intervals: span(both),
      notes: [
        ...(window === undefined
          ? ['no whole window was measured']
          : [`the greatest from ${new Date(window.startUtcMs).toISOString()}`]),
        ...unknown,
      ],
    },
  ]
}
