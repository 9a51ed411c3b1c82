// Signs that the intervals of a single meter give, beside those of the other meters around it.
//
//   reverse-energy      export where nothing generates: current transformer or service wires swapped
//   reversed-phase      one phase runs backwards while the others do not: one current transformer turned round
//   missing-potential   no voltage on one phase, while the others have theirs and neighbours have that phase
//   stopped             full voltage, no energy, where there was energy before and the neighbours go on
//   consumption-break   far less than before, while the neighbours draw what they drew
//   register-reset      a register smaller than the last, or further than can be; without an order
//   clock-changed       the meter's UTC jumped

import { type UtcMs, utcMs } from '../../../topology/units.ts'
import type { PhaseSnapshot } from '../reading.ts'
import type { Indication, IndicationKind } from './indication.ts'
import { isComparable, type MeterInterval, sumOf } from './meter-interval.ts'

export interface IndicationSettings {
  readonly periodMs: number
  /** So many periods in a row, as of the balance. */
  readonly periods: number
  /** A drop by this share is a break. */
  readonly breakShare: number
  /** While the group kept at least this share of what it drew. */
  readonly groupShare: number
  /** A sign in a smaller share of a meter's intervals is none: switching and clocks make some by themselves. */
  readonly persistence: number
  /** Below so much energy a period, nothing is said of changes. */
  readonly leastWh: bigint
}

export const indicationDefaults = {
  periodMs: 86_400_000,
  periods: 3,
  breakShare: 0.4,
  groupShare: 0.8,
  persistence: 0.5,
  leastWh: 1_000n,
} as const satisfies IndicationSettings

export interface AuditedMeter {
  readonly ied: string
  /** Oldest first. */
  readonly intervals: readonly MeterInterval[]
  /** Behind it there is something that generates. */
  readonly mayExport: boolean
  /** Line to neutral; nothing is said of voltages without it. */
  readonly nominalVolts?: number
  /** A sum of one load's energy, which may be compared with itself; not what flows through a feeder device. */
  readonly isCustomer: boolean
}

/** @param group the other meters around it, as those of its zone */
export function meterIndications(
  meter: AuditedMeter,
  group: readonly AuditedMeter[],
  settings: IndicationSettings,
): Indication[] {
  const found: (Indication | undefined)[] = [
    reverseEnergy(meter, settings),
    reversedPhase(meter, settings),
    missingPotential(meter, group, settings),
    flagged(meter, 'registerReset', 'register-reset', 'times a register went back, or further than can be'),
    flagged(meter, 'clock', 'clock-changed', 'intervals in which its UTC jumped or was not to be trusted'),
  ]
  if (meter.isCustomer) found.push(changeOfLevel(meter, group, settings))
  return found.filter(each => each !== undefined)
}

const indication = (
  { ied }: AuditedMeter,
  kind: IndicationKind,
  within: readonly MeterInterval[],
  words: string,
): Indication => ({
  ied,
  kind,
  fromUtcMs: within[0]?.startUtcMs ?? utcMs(0),
  toUtcMs: within.at(-1)?.endUtcMs ?? utcMs(0),
  words,
})

function reverseEnergy(meter: AuditedMeter, { leastWh, persistence }: IndicationSettings): Indication | undefined {
  if (meter.mayExport) return undefined
  const exporting = meter.intervals.filter(each => isComparable(each) && each.exportWh > 0n)
  const exportWh = sumOf(exporting.map(each => each.exportWh))
  const importWh = sumOf(meter.intervals.filter(isComparable).map(each => each.importWh))
  if (exportWh < leastWh || Number(exportWh) < Number(importWh) * (1 - persistence)) return undefined
  const words = `exports ${kwh(exportWh)} kWh in ${exporting.length} intervals, and no generator is registered behind it`
  return indication(meter, 'reverse-energy', exporting, words)
}

/** Below this share of the largest phase a reversed one may be a phase that hardly carries anything. */
const CARRIES = 0.05

function reversedPhase(meter: AuditedMeter, { persistence }: IndicationSettings): Indication | undefined {
  if (meter.mayExport) return undefined
  const shown = meter.intervals.filter(({ kw }) => kw !== undefined && Object.keys(kw).length >= 2)
  for (const phase of ['a', 'b', 'c'] as const) {
    const reversed = shown.filter(({ kw = {} }) => {
      const largest = Math.max(...Object.values(kw).map(Math.abs))
      const isOthersForward = Object.entries(kw).some(([name, value]) => name !== phase && value > CARRIES * largest)
      return isOthersForward && (kw[phase] ?? 0) < -CARRIES * largest
    })
    if (reversed.length < MOST_CHANCE || reversed.length < shown.length * persistence) continue
    const words = `phase ${phase} runs backwards in ${reversed.length} of ${shown.length} intervals, the others forwards`
    return indication(meter, 'reversed-phase', reversed, words)
  }
  return undefined
}

/** So few snapshots may be a switching operation. */
const MOST_CHANCE = 3
const DEAD_PU = 0.5
const LIVE_PU = 0.8

function missingPotential(
  meter: AuditedMeter,
  group: readonly AuditedMeter[],
  { persistence }: IndicationSettings,
): Indication | undefined {
  const { nominalVolts } = meter
  if (nominalVolts === undefined) return undefined
  const around = new Map<UtcMs, { volts: PhaseSnapshot; nominal: number }[]>()
  for (const { intervals, nominalVolts: nominal } of group) {
    if (nominal === undefined) continue
    for (const { endUtcMs, volts } of intervals) {
      if (volts !== undefined) around.set(endUtcMs, [...(around.get(endUtcMs) ?? []), { volts, nominal }])
    }
  }
  const shown = meter.intervals.filter(({ volts }) => volts !== undefined)
  for (const phase of ['a', 'b', 'c'] as const) {
    const missing = shown.filter(({ volts = {}, endUtcMs }) => {
      const own = volts[phase]
      if (own === undefined || own > DEAD_PU * nominalVolts) return false
      const othersLive = Object.entries(volts).some(([name, value]) => name !== phase && value > LIVE_PU * nominalVolts)
      const neighbours = around.get(endUtcMs) ?? []
      return othersLive && neighbours.some(each => (each.volts[phase] ?? 0) > LIVE_PU * each.nominal)
    })
    if (missing.length < MOST_CHANCE || missing.length < shown.length * (1 - persistence) * 0.2) continue
    const words = `no voltage on phase ${phase} in ${missing.length} of ${shown.length} intervals; neighbours have it`
    return indication(meter, 'missing-potential', missing, words)
  }
  return undefined
}

function flagged(meter: AuditedMeter, flag: string, kind: IndicationKind, what: string): Indication | undefined {
  const found = meter.intervals.filter(({ flags }) => flags.includes(flag))
  return found.length === 0 ? undefined : indication(meter, kind, found, `${found.length} ${what}`)
}

/**
 * The mean energy of the last periods against that of as many or more before, and the same of the group. Outages are not
 * meant: an interval without voltage does not count.
 */
function changeOfLevel(
  meter: AuditedMeter,
  group: readonly AuditedMeter[],
  settings: IndicationSettings,
): Indication | undefined {
  const own = periodsOf(meter, settings)
  const last = own.at(-1)
  if (last === undefined || own.length < 2 * settings.periods) return undefined
  const since = last.index - settings.periods + 1
  const [before, now] = levels(own, since)
  if (before === undefined || now === undefined || before < Number(settings.leastWh)) return undefined
  const ratio = now / before
  if (ratio > 1 - settings.breakShare) return undefined
  // Each of the latest periods: a holiday of one is none.
  if (own.some(each => each.index >= since && each.wh > before * (1 - settings.breakShare))) return undefined

  const others = group.filter(each => each.isCustomer && each.ied !== meter.ied)
  const pairs = others.flatMap(each => {
    const [theirs, theirsNow] = levels(periodsOf(each, settings), since)
    return theirs === undefined || theirsNow === undefined || theirs === 0 ? [] : [{ theirs, theirsNow }]
  })
  // Without a group nothing says whether it was the weather.
  if (pairs.length === 0) return undefined
  const total = (key: 'theirs' | 'theirsNow'): number => pairs.reduce((sum, pair) => sum + pair[key], 0)
  const groupRatio = total('theirsNow') / total('theirs')
  if (groupRatio < settings.groupShare) return undefined
  const within = meter.intervals.filter(each => Math.floor(each.startUtcMs / settings.periodMs) >= since)
  const isStopped = ratio < 0.01
  const words =
    `${isStopped ? 'registers nothing with voltage present' : `draws ${percent(1 - ratio)} % less than before`}: ` +
    `${kwh(now)} kWh a period after ${kwh(before)}; ${pairs.length} others around it draw ${percent(groupRatio)} % of before`
  return indication(meter, isStopped ? 'stopped' : 'consumption-break', within, words)
}

interface Period {
  readonly index: number
  readonly wh: number
}

/** Energy of each period, brought to its whole length; those mostly missing are left out. */
function periodsOf({ intervals, nominalVolts }: AuditedMeter, { periodMs }: IndicationSettings): Period[] {
  const sums = new Map<number, { wh: bigint; ms: number }>()
  for (const each of intervals) {
    if (!isComparable(each) || isDead(each, nominalVolts)) continue
    const index = Math.floor(each.startUtcMs / periodMs)
    const { wh, ms } = sums.get(index) ?? { wh: 0n, ms: 0 }
    sums.set(index, { wh: wh + each.importWh, ms: ms + each.endUtcMs - each.startUtcMs })
  }
  return [...sums]
    .filter(([, { ms }]) => ms >= periodMs / 2)
    .map(([index, { wh, ms }]) => ({ index, wh: (Number(wh) * periodMs) / ms }))
    .sort((one, other) => one.index - other.index)
}

function isDead({ volts }: MeterInterval, nominalVolts: number | undefined): boolean {
  const shown = Object.values(volts ?? {}) as number[]
  return nominalVolts !== undefined && shown.length > 0 && Math.max(...shown) < DEAD_PU * nominalVolts
}

function levels(periods: readonly Period[], since: number): [number | undefined, number | undefined] {
  const mean = (some: readonly Period[]): number | undefined =>
    some.length === 0 ? undefined : some.reduce((sum, { wh }) => sum + wh, 0) / some.length
  return [mean(periods.filter(({ index }) => index < since)), mean(periods.filter(({ index }) => index >= since))]
}

const percent = (share: number): string => (share * 100).toFixed(0)
const kwh = (wh: bigint | number): string => (Number(wh) / 1000).toFixed(1)
