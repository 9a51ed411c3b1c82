// The energy balance of a metered zone: what flowed in, less what the meters below registered, less what lines and
// transformers lose. What remains is within the uncertainty of the meters and of the loss, or somebody draws energy that
// nobody registers.
//
// Only intervals with the same clock edges at every meter of the zone count, none that any of them doubts. Energy is
// summed in whole watt-hours. The registers tile, so a meter's step counts once per period and not once per interval.

import { groupBy } from '../../../topology/group-by.ts'
import { type UtcMs, utcMs } from '../../../topology/units.ts'
import { byClock, type MeterInterval, netWh, sumOf } from './meter-interval.ts'
import type { MeteredZone } from './metered-zone.ts'
import type { Flow, ZoneLoss } from './technical-loss.ts'
import { type UncertaintySettings, uncertaintyWh } from './uncertainty.ts'

export interface BalanceSettings extends UncertaintySettings {
  /** A day, as a rule. Periods begin at multiples of it since 1970 in UTC. */
  readonly periodMs: number
  /** So many periods in a row beyond the limit are a finding. */
  readonly periods: number
  /** How many times the uncertainty a residual may be. */
  readonly k: number
  /** A period with a smaller share of its intervals says nothing. */
  readonly coverage: number
}

export const balanceDefaults = {
  periodMs: 86_400_000,
  periods: 3,
  k: 3,
  lossUncertaintyShare: 0.3,
  registerStepWh: () => 100,
  classPercent: () => 1,
  coverage: 0.5,
} as const satisfies BalanceSettings

export interface PeriodBalance {
  readonly startUtcMs: UtcMs
  readonly endUtcMs: UtcMs
  /** Intervals that all meters have. */
  readonly intervals: number
  readonly inWh: bigint
  readonly meteredWh: bigint
  readonly lossWh: bigint
  /** Positive: more flowed in than was registered and lost. */
  readonly residualWh: bigint
  /** k times the uncertainty. */
  readonly limitWh: bigint
  readonly beyond: boolean
}

export interface IntervalResidual {
  readonly clock: string
  readonly startUtcMs: UtcMs
  readonly residualWh: bigint
}

export interface ZoneBalance {
  readonly zone: MeteredZone
  readonly periods: readonly PeriodBalance[]
  /** Of the intervals that count, oldest first. */
  readonly residuals: readonly IntervalResidual[]
  /** How many of the latest periods are beyond the limit, one after the other. */
  readonly beyondInARow: number
  /** Why nothing, or less, can be said of the zone. */
  readonly gaps: readonly string[]
}

export function energyBalance(
  zone: MeteredZone,
  meters: ReadonlyMap<string, readonly MeterInterval[]>,
  loss: ZoneLoss,
  settings: BalanceSettings,
): ZoneBalance {
  const below = [...zone.leaves, ...zone.borders]
  const gaps: string[] = []
  if (zone.unmetered.length > 0) gaps.push(`nobody meters ${zone.unmetered.join(', ')}`)
  if (below.length === 0) gaps.push('no meter below')
  const known = new Map([zone.top, ...below].map(ied => [ied, byClock(meters.get(ied) ?? [])]))
  for (const [ied, intervals] of known) if (intervals.size === 0) gaps.push(`no comparable interval of ${ied}`)
  if (gaps.length > 0) return { zone, periods: [], residuals: [], beyondInARow: 0, gaps }

  const common = [...(known.get(zone.top)?.keys() ?? [])].filter(clock =>
    below.every(ied => known.get(ied)?.has(clock)),
  )
  const at = (ied: string, clock: string): MeterInterval => known.get(ied)?.get(clock) as MeterInterval
  const rows = common
    .map(clock => balanceOne(clock, at(zone.top, clock), ied => at(ied, clock), below, loss))
    .sort((one, other) => one.startUtcMs - other.startUtcMs)
  const most = Math.max(...[...known.values()].map(({ size }) => size))
  if (common.length < most * settings.coverage)
    gaps.push(`only ${common.length} of ${most} intervals are of all meters`)

  const byPeriod = groupBy(rows, ({ startUtcMs }) => Math.floor(startUtcMs / settings.periodMs))
  const periods = [...byPeriod].flatMap(([index, inIt]) => {
    const covered = inIt.reduce((sum, { lengthMs }) => sum + lengthMs, 0)
    return covered < settings.periodMs * settings.coverage ? [] : [periodOf(index, inIt, zone, settings)]
  })
  const lastSound = periods.findLastIndex(({ beyond }) => !beyond)
  return {
    zone,
    periods,
    residuals: rows.map(({ clock, startUtcMs, residualWh }) => ({ clock, startUtcMs, residualWh })),
    beyondInARow: periods.length - 1 - lastSound,
    gaps,
  }
}

interface Row extends IntervalResidual {
  readonly lengthMs: number
  readonly inWh: bigint
  readonly lossWh: bigint
  readonly registeredWh: ReadonlyMap<string, bigint>
}

function balanceOne(
  clock: string,
  top: MeterInterval,
  at: (ied: string) => MeterInterval,
  below: readonly string[],
  loss: ZoneLoss,
): Row {
  const lengthMs = top.endUtcMs - top.startUtcMs
  const hours = lengthMs / 3_600_000
  const registeredWh = new Map(below.map(ied => [ied, netWh(at(ied))]))
  const flows = below.map((ied): Flow => {
    const { kw } = at(ied)
    return { ied, kw: Number(registeredWh.get(ied) ?? 0n) / 1000 / hours, ...(kw === undefined ? {} : { shares: kw }) }
  })
  const lossWh = BigInt(Math.round(loss.lossKw(flows) * 1000 * hours))
  const inWh = netWh(top)
  const residualWh = inWh - sumOf(registeredWh.values()) - lossWh
  return { clock, startUtcMs: top.startUtcMs, lengthMs, inWh, lossWh, registeredWh, residualWh }
}

function periodOf(index: number, rows: readonly Row[], { top }: MeteredZone, settings: BalanceSettings): PeriodBalance {
  const inWh = sumOf(rows.map(row => row.inWh))
  const lossWh = sumOf(rows.map(row => row.lossWh))
  const residualWh = sumOf(rows.map(row => row.residualWh))
  const registered = new Map<string, bigint>()
  for (const row of rows) {
    for (const [ied, wh] of row.registeredWh) registered.set(ied, (registered.get(ied) ?? 0n) + wh)
  }
  const shown: [string, bigint][] = [[top, inWh], ...registered]
  const limitWh = BigInt(Math.ceil(uncertaintyWh(shown, lossWh, settings) * settings.k))
  return {
    startUtcMs: utcMs(index * settings.periodMs),
    endUtcMs: utcMs((index + 1) * settings.periodMs),
    intervals: rows.length,
    inWh,
    meteredWh: sumOf(registered.values()),
    lossWh,
    residualWh,
    limitWh,
    beyond: residualWh > limitWh,
  }
}
