// A bill from a tariff and the intervals of a meter. Pure: the same on an IED, at a back end and from a file.
//
// What is rounded, and where: tier limits to whole watt-hours and demand to whole watts, half-up; power factor to four
// places; and the amount of each line once, to the currency's smallest unit, by the rule of the tariff. Totals are sums of
// lines. Nothing else is rounded, and nothing is a binary float.
//
// Nothing is made up here: a gap of the period counts as nothing and is stated on the bill. `vee.ts` fills gaps before.

import type { Bill, BillLine, LineKind } from './bill.ts'
import { billingDays } from './billing-days.ts'
import { BillingError } from './billing-error.ts'
import { type CompiledTariff, compileTariff, type PriceSeries } from './compile-tariff.ts'
import { demandLines, reactiveLines } from './demand-charge.ts'
import { type CriticalPeak, energyLines, type Used } from './energy-charge.ts'
import { compare, decimal, type Exact, exact, one, over, shown, times, zero } from './exact.ts'
import { type Interval, intervalsIn, lengthOf, type Period } from './interval.ts'
import { type BillBasis, type DraftLine, finished, span } from './line.ts'
import type { Tariff } from './tariff.ts'

export interface BillOptions {
  readonly meter?: string
  /** In the place of the tariff's own. */
  readonly prices?: PriceSeries
  /** Credit of the bill before, in the currency's smallest unit. */
  readonly carried?: bigint
}

/**
 * @param intervals of one meter, in order and without overlaps, as `vee` gives them; those before the period count for ratchets
 * @param zone of the site, where it is another than the tariff's own
 * @throws BillingError BAD_TARIFF, BAD_PERIOD, BAD_INTERVALS
 */
export function bill(
  given: Tariff,
  intervals: readonly Interval[],
  period: Period,
  zone: string = given.timeZone,
  options: BillOptions = {},
): Bill {
  const compiled = compileTariff(zone === given.timeZone ? given : inZone(given, zone))
  const tariff = { ...compiled, ...(options.prices === undefined ? {} : { prices: options.prices }) }
  const { decimals, rounding, netMetering } = given
  checkOrder(intervals)
  const exactly = billingDays(period, tariff.zone)
  const basis: BillBasis = given.proration === 'none' ? { days: exactly.days, months: one } : exactly
  const own = intervalsIn(intervals, period)
  const method = netMetering?.method
  const notes = [...given.notes, ...holdsNotes(given, period, tariff)]

  const used = own.map((interval): Used => ({ interval, wattHours: taken(interval, method) }))
  const peak = criticalPeak(given, notes)
  const drafts: DraftLine[] = given.energy.flatMap(charge =>
    energyLines(charge, used, tariff, basis, {
      criticalPeak: charge.name === given.criticalPeak?.charge ? peak : undefined,
      isNetted: method === 'period',
    }),
  )
  drafts.push(...given.demand.flatMap(charge => demandLines(charge, intervals, period, tariff, basis)))
  drafts.push(...given.reactive.flatMap(charge => reactiveLines(charge, own, period, tariff, basis)))
  if (netMetering?.export !== undefined) {
    const back = own.flatMap((interval): Used[] => {
      const wattHours = returned(interval, method)
      return wattHours > 0n ? [{ interval, wattHours }] : []
    })
    const lines = energyLines({ name: 'Credit for what was given', ...netMetering.export }, back, tariff, basis, {
      kind: 'export',
    })
    drafts.push(...lines.map(line => ({ ...line, amount: times(line.amount, exact(-1n)) })))
  }
  const lines = drafts.map(draft => finished(draft, decimals, rounding))
  const credit = creditLines(given, lines, options.carried ?? 0n, period, tariff)
  lines.push(...credit.lines)
  for (const { name, ...per } of given.fixed)
    lines.push(finished(perLine('fixed', name, per, basis, own), decimals, rounding))
  if (given.minimum !== undefined) lines.push(...minimumLine(given.minimum, lines, credit.paidOut, given, basis, own))
  const subtotal = sumOf(lines)
  const taxes = given.taxes.map(each => taxLine(each, lines, given, own))
  const tax = sumOf(taxes)
  const reactive = own.filter(({ importVarh }) => importVarh !== undefined)
  return {
    ...(options.meter === undefined ? {} : { meter: options.meter }),
    tariff: given.tariff,
    ...(given.supplier === undefined ? {} : { supplier: given.supplier }),
    currency: given.currency,
    decimals,
    rounding,
    timeZone: zone,
    period,
    days: shown(exactly.days),
    importWh: own.reduce((sum, { importWh }) => sum + importWh, 0n),
    exportWh: own.reduce((sum, { exportWh }) => sum + exportWh, 0n),
    ...(reactive.length === 0
      ? {}
      : { importVarh: reactive.reduce((sum, { importVarh = 0n }) => sum + importVarh, 0n) }),
    lines: [...lines, ...taxes],
    subtotal,
    tax,
    total: subtotal + tax,
    quality: qualityOf(intervals, own, period),
    carried: credit.carried,
    notes,
  }
}

const zoned = new WeakMap<Tariff, Map<string, Tariff>>()
function inZone(tariff: Tariff, timeZone: string): Tariff {
  const known = zoned.get(tariff) ?? new Map<string, Tariff>()
  zoned.set(tariff, known)
  const found = known.get(timeZone) ?? { ...tariff, timeZone }
  if (known.size < 16) known.set(timeZone, found)
  return found
}

function checkOrder(intervals: readonly Interval[]): void {
  let end = Number.NEGATIVE_INFINITY
  for (const { startUtcMs, endUtcMs } of intervals) {
    if (startUtcMs < end || endUtcMs <= startUtcMs) {
      const at = new Date(startUtcMs).toISOString()
      throw new BillingError('BAD_INTERVALS', `the interval of ${at} overlaps the one before or has no length`)
    }
    end = endUtcMs
  }
}

/** What of an interval is charged as use. */
function taken(
  { importWh, exportWh }: Interval,
  method: NonNullable<Tariff['netMetering']>['method'] | undefined,
): bigint {
  if (method === 'period') return importWh - exportWh
  if (method === 'interval') return importWh > exportWh ? importWh - exportWh : 0n
  return importWh
}

function returned(
  { importWh, exportWh }: Interval,
  method: NonNullable<Tariff['netMetering']>['method'] | undefined,
): bigint {
  if (method === 'interval') return exportWh > importWh ? exportWh - importWh : 0n
  return method === 'billing' ? exportWh : 0n
}

function holdsNotes({ from, to }: Tariff, { fromUtcMs, toUtcMs }: Period, { zone }: CompiledTariff): string[] {
  const first = from === undefined ? undefined : zone.midnight(from)
  const last = to === undefined ? undefined : zone.midnight(to)
  return [
    ...(first !== undefined && fromUtcMs < first ? [`the tariff holds from ${from} on, the bill begins before`] : []),
    ...(last !== undefined && toUtcMs > last + 86_400_000 + 3_600_000
      ? [`the tariff holds until ${to}, the bill ends later`]
      : []),
  ]
}

function criticalPeak({ criticalPeak: given }: Tariff, notes: string[]): CriticalPeak | undefined {
  if (given === undefined) return undefined
  const events = given.events.filter(({ from, noticed }) => {
    const isInTime = Date.parse(from) - Date.parse(noticed) >= given.noticeMinutes * 60_000
    if (!isInTime)
      notes.push(`the critical peak of ${from} had less than ${given.noticeMinutes} min of notice and does not count`)
    return isInTime
  })
  return {
    perKwh: given.perKwh,
    events: events.map(({ from, to }) => ({ fromUtcMs: Date.parse(from), toUtcMs: Date.parse(to) })),
  }
}

const sumOf = (lines: readonly BillLine[]): bigint => lines.reduce((sum, { amount }) => sum + amount, 0n)

/**
 * Credit is used for energy alone: what is left of it goes on, or is settled once a year, or is paid out. Settled is in the
 * bill of the day on which the month of the settlement begins, which is one however long bills are.
 */
function creditLines(
  { netMetering, decimals, rounding }: Tariff,
  lines: readonly BillLine[],
  before: bigint,
  { fromUtcMs, toUtcMs }: Period,
  { zone }: CompiledTariff,
): { lines: BillLine[]; carried: bigint; paidOut: bigint } {
  const unit = 10n ** BigInt(decimals)
  const line = (name: string, amount: bigint, notes: string[] = []): BillLine =>
    finished(
      {
        kind: 'credit',
        name,
        quantity: exact(1n),
        unit: '',
        rate: '',
        amount: exact(amount, unit),
        intervals: span([]),
        notes,
      },
      decimals,
      rounding,
    )
  const found: BillLine[] = []
  let credit = before
  let paidOut = 0n
  const { trueUp } = netMetering ?? {}
  if (trueUp !== undefined && before > 0n && hasFirstOf(trueUp.month, fromUtcMs, toUtcMs, zone)) {
    const paid = over(times(exact(before, unit), decimal(trueUp.percent)), exact(100n))
    const settled = line('Settlement of the year', 0n, [`${trueUp.percent} % of the credit that was left`])
    paidOut = finished({ ...draft, amount: paid }, decimals, rounding).amount
    found.push({ ...settled, amount: -paidOut })
    credit = 0n
  }
  const energy = sumOf(lines.filter(({ kind }) => kind === 'energy' || kind === 'export'))
  if (credit > 0n) found.push(line('Credit of the bill before', -credit))
  const left = credit - energy
  if (left <= 0n) return { lines: found, carried: 0n, paidOut }
  if (netMetering?.rollOver === false) return { lines: found, carried: 0n, paidOut: paidOut + left }
  found.push(line('Credit for the next bill', left))
  return { lines: found, carried: left, paidOut }
}

/** The first day of the month begins in this time. */
function hasFirstOf(month: number, fromUtcMs: number, toUtcMs: number, zone: CompiledTariff['zone']): boolean {
  const at = zone.at(fromUtcMs)
  const firsts = [0, 1].map(years => zone.dayStart({ year: at.year + years, month, day: 1 }))
  return firsts.some(first => first >= fromUtcMs && first < toUtcMs)
}

const draft: DraftLine = {
  kind: 'credit',
  name: '',
  quantity: zero,
  unit: '',
  rate: '',
  amount: zero,
  intervals: span([]),
  notes: [],
}

interface Per {
  readonly perMonth?: string | undefined
  readonly perDay?: string | undefined
  readonly perBill?: string | undefined
}

function perLine(
  kind: LineKind,
  name: string,
  { perMonth, perDay, perBill }: Per,
  basis: BillBasis,
  own: readonly Interval[],
): DraftLine {
  const [rate, quantity, unit]: [string, Exact, BillLine['unit']] =
    perMonth !== undefined
      ? [perMonth, basis.months, 'month']
      : perDay !== undefined
        ? [perDay, basis.days, 'day']
        : [perBill ?? '0', one, 'bill']
  const notes = unit === 'month' && compare(quantity, one) !== 0 ? ['by the days of each month'] : []
  const intervals = { ...span(own), notMeasured: 0 }
  return { kind, name, quantity, unit, rate, amount: times(decimal(rate), quantity), intervals, notes }
}

/** What is paid out is the customer's in any case: the minimum is not made up of it. */
function minimumLine(
  { name, ...per }: NonNullable<Tariff['minimum']>,
  lines: readonly BillLine[],
  paidOut: bigint,
  { decimals, rounding }: Tariff,
  basis: BillBasis,
  own: readonly Interval[],
): BillLine[] {
  const line = finished(perLine('minimum', name, per, basis, own), decimals, rounding)
  const short = line.amount - (sumOf(lines) + paidOut)
  return short > 0n ? [{ ...line, amount: short, notes: [...line.notes, 'what is lacking to the minimum'] }] : []
}

function taxLine(
  { name, percent, of, perKwh }: Tariff['taxes'][number],
  lines: readonly BillLine[],
  { decimals, rounding }: Tariff,
  own: readonly Interval[],
): BillLine {
  const kinds: readonly string[] | undefined = of
  if (percent === undefined) {
    const quantity = exact(
      own.reduce((sum, { importWh }) => sum + importWh, 0n),
      1_000n,
    )
    const rate = decimal(perKwh ?? '0')
    const line: DraftLine = {
      ...draft,
      kind: 'tax',
      name,
      quantity,
      unit: 'kWh',
      rate: shown(rate, 2),
      amount: times(quantity, rate),
      intervals: span(own),
    }
    return finished(line, decimals, rounding)
  }
  const taxed = exact(
    sumOf(lines.filter(({ kind }) => kinds === undefined || kinds.includes(kind))),
    10n ** BigInt(decimals),
  )
  const line: DraftLine = {
    ...draft,
    kind: 'tax',
    name,
    quantity: taxed,
    unit: 'percent',
    rate: percent,
    amount: over(times(taxed, decimal(percent)), exact(100n)),
    notes: [kinds === undefined ? 'of all before tax' : `of ${kinds.join(', ')}`],
  }
  return finished(line, decimals, rounding)
}

function qualityOf(
  intervals: readonly Interval[],
  own: readonly Interval[],
  { fromUtcMs, toUtcMs }: Period,
): Bill['quality'] {
  const count = (quality: Interval['quality']): number => own.filter(each => each.quality === quality).length
  const known = own
    .filter(({ quality }) => quality !== 'missing')
    .reduce((sum, each) => sum + Math.min(lengthOf(each), toUtcMs - each.startUtcMs), 0)
  // One that begins before it counts there, and so is its time known.
  const across = intervals.find(({ startUtcMs, endUtcMs }) => startUtcMs < fromUtcMs && endUtcMs > fromUtcMs)
  const begun =
    across === undefined || across.quality === 'missing' ? 0 : Math.min(across.endUtcMs, toUtcMs) - fromUtcMs
  return {
    intervals: own.length,
    estimated: count('estimated'),
    edited: count('edited'),
    questionable: count('questionable'),
    missingMs: toUtcMs - fromUtcMs - known - begun,
  }
}
