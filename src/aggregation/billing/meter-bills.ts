// The bills of one meter, from what it gave: put in order and judged first, then billed. The one way from readings to bills,
// whoever asks: an IED of its own ledger, a back end of what it collected, a person of a file.

import type { Bill } from './bill.ts'
import { BillingError } from './billing-error.ts'
import { compileTariff, type PriceSeries } from './compile-tariff.ts'
import { demandOf, demandWindows, greatestWindow } from './demand.ts'
import { shown } from './exact.ts'
import { intervalsIn, type Period } from './interval.ts'
import { meteredSpans } from './metered-span.ts'
import { usualIntervalMs } from './readings-intervals.ts'
import { billingPeriods, type Cycle, statement } from './statement.ts'
import type { Tariff } from './tariff.ts'
import { type Edit, type Finding, type RawInterval, vee } from './vee.ts'

export interface BillWish {
  readonly tariff: Tariff
  /** A date in the tariff's time zone, or a time with its zone. Without it: all that was measured. */
  readonly from?: string
  /** Not included. */
  readonly to?: string
  readonly cycle: Cycle
  readonly prices?: PriceSeries
  readonly nowUtcMs?: number
  /** Export is no surprise there. */
  readonly hasGenerator?: boolean
  readonly carried?: bigint
  /** In the order in which people made them. */
  readonly edits?: readonly Edit[]
  /** Once it says so, no further bill is begun. */
  readonly isLate?: () => boolean
}

export interface MeterBills {
  readonly bills: readonly Bill[]
  /** Of the periods of the time, for which it was too late: the last ones. */
  readonly leftOut: number
  readonly findings: readonly Finding[]
  /** Of quarter-hours, over all bills. */
  readonly peakKw?: string
}

/**
 * How far back what counts for a bill may lie: estimates look back weeks, ratchets to the first of a month, so a bill that
 * begins late in its own looks back nearly a month more. Of several tariffs, the farthest.
 */
export function historyMs(...tariffs: readonly Tariff[]): number {
  const months = tariffs.flatMap(({ demand }) => demand.map(({ ratchet }) => ratchet?.months ?? -1))
  return Math.max(29, ...months.map(each => (each + 1) * 31)) * 86_400_000
}

/** @throws BillingError BAD_PERIOD */
export function wishedPeriod({ tariff, from, to }: Pick<BillWish, 'tariff' | 'from' | 'to'>): Partial<Period> {
  const { zone } = compileTariff(tariff)
  const at = (text: string): number => {
    const ms = zone.moment(text)
    if (ms === undefined) {
      throw new BillingError('BAD_PERIOD', `"${text}", want a date such as 2026-07-01, or a time with its zone`)
    }
    return ms
  }
  return { ...(from === undefined ? {} : { fromUtcMs: at(from) }), ...(to === undefined ? {} : { toUtcMs: at(to) }) }
}

/** @throws BillingError */
export function meterBills(meter: string | undefined, raw: readonly RawInterval[], wish: BillWish): MeterBills {
  const { tariff, cycle, prices, nowUtcMs, hasGenerator, carried, edits = [], isLate } = wish
  const { zone } = compileTariff(tariff)
  const { intervals, findings } = vee(
    raw,
    {
      intervalMs: usualIntervalMs(raw, 900_000),
      hasGenerator: hasGenerator ?? tariff.netMetering !== undefined,
      ...(nowUtcMs === undefined ? {} : { nowUtcMs }),
    },
    zone,
    edits,
  )
  const wished = wishedPeriod(wish)
  const period = {
    fromUtcMs: wished.fromUtcMs ?? intervals[0]?.startUtcMs ?? Number.NaN,
    toUtcMs: wished.toUtcMs ?? intervals.at(-1)?.endUtcMs ?? Number.NaN,
  }
  if (Number.isNaN(period.fromUtcMs) || Number.isNaN(period.toUtcMs)) {
    throw new BillingError(
      'BAD_INTERVALS',
      `nothing was measured${meter === undefined ? '' : ` at ${meter}`}, want intervals, or --from and --to`,
    )
  }
  const options = {
    ...(meter === undefined ? {} : { meter }),
    ...(prices === undefined ? {} : { prices }),
    ...(carried === undefined ? {} : { carried }),
  }
  const bills = statement(tariff, intervals, period, cycle, options, isLate)
  const settings = { method: 'block', minutes: 15, stepMinutes: 15, afterOutageMinutes: 0 } as const
  const peak = greatestWindow(demandWindows(intervalsIn(intervals, period), settings, 0))
  return {
    leftOut: billingPeriods(period, cycle, zone).length - bills.length,
    bills: bills.map(bill => ({ ...bill, metering: meteredSpans(raw, bill.period) })),
    findings: findings.filter(({ utcMs }) => utcMs >= period.fromUtcMs && utcMs < period.toUtcMs),
    ...(peak === undefined ? {} : { peakKw: shown(demandOf(peak)) }),
  }
}
