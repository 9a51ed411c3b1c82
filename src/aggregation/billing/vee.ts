// Validation, estimation, editing: intervals as a meter gave them become intervals that can be billed.
//
// In this order: what contradicts itself in time is sorted out; checks mark what is doubtful; gaps are estimated; the checks
// look again at what there is now; and what a person has decided replaces what was there. Whatever is changed or doubted
// says so and keeps the original. Nothing is dropped silently: what is left out is a finding.

import type { ZoneClock } from '../local-time.ts'
import { isSameMultiplier, type Multiplier } from '../multiplier.ts'
import { type EstimateSettings, estimate, estimateDefaults } from './estimate.ts'
import { type Energy, type Interval, lengthOf, type Quality } from './interval.ts'

/** What a meter gave, as far as it is known. */
export interface RawInterval extends Energy {
  readonly startUtcMs: number
  readonly endUtcMs: number
  /** Registers at the end, on the primary side, as far as they are known. */
  readonly importRegisterWh?: bigint
  readonly exportRegisterWh?: bigint
  readonly importRegisterVarh?: bigint
  readonly exportRegisterVarh?: bigint
  /** By which the energy follows from what the registers say, and what they say. Absent: they say primary energy. */
  readonly multiplier?: Multiplier
  readonly onRegisters?: Energy
  /** There was voltage: zero energy then is use of nothing, and otherwise an outage. */
  readonly hasVoltage?: boolean
  /** What whoever read it says of it: `clock`, `registerReset`, … Each but `first`, `long` and `rollover` makes it doubtful. */
  readonly flags?: readonly string[]
  readonly quality?: Quality
}

export interface Edit extends Energy {
  readonly startUtcMs: number
  readonly author: string
  readonly atUtcMs: number
  readonly reason: string
}

export interface VeeSettings extends EstimateSettings {
  /** Of the meter. */
  readonly intervalMs: number
  /** A generator is registered: export is no surprise. */
  readonly hasGenerator: boolean
  /** (peak − third highest) ÷ third highest of a day, in percent. */
  readonly spikePercent: number
  /** A day's use against the mean of the same weekdays before. */
  readonly lowPercent: number
  readonly highPercent: number
  /** So many equal values other than zero in a row are doubtful. */
  readonly staticIntervals: number
  /** And for so long: what counts in seconds may well stay the same for minutes. */
  readonly staticMs: number
  /** How far the sum may be from the registers' difference: so many parts of a thousand, or two pulses. */
  readonly sumPerMille: number
  readonly pulseWh: bigint
  /** Of the reference clock: what starts later is from the future. */
  readonly nowUtcMs?: number
}

export const veeDefaults: Omit<VeeSettings, 'intervalMs'> = {
  ...estimateDefaults,
  hasGenerator: false,
  spikePercent: 180,
  lowPercent: 50,
  highPercent: 200,
  staticIntervals: 6,
  staticMs: 90 * 60_000,
  sumPerMille: 10,
  pulseWh: 1n,
}

export interface Finding {
  readonly check: string
  readonly utcMs: number
  readonly words: string
}

export interface VeeResult {
  /** In order, without overlaps or gaps from the first to the last. */
  readonly intervals: readonly Interval[]
  readonly findings: readonly Finding[]
}

/** A clock that jumps by years makes a gap of so many intervals; beyond it stays a gap. */
const MOST_ESTIMATED = 40_000
const HARMLESS = new Set(['first', 'long', 'rollover', 'doubt:volts', 'doubt:kw'])
const DAY = 86_400_000

export function vee(
  raw: readonly RawInterval[],
  given: Partial<VeeSettings> & Pick<VeeSettings, 'intervalMs'>,
  zone: ZoneClock,
  edits: readonly Edit[] = [],
): VeeResult {
  const settings: VeeSettings = { ...veeDefaults, ...given }
  const findings: Finding[] = []
  const find = (check: string, utcMs: number, words: string): void => void findings.push({ check, utcMs, words })

  const ordered = inOrder(raw, settings, find)
  checkSums(ordered, settings, find)
  const measured = ordered.map(each => judged(each, settings, find))
  const doubted = checkDays(checkRuns(measured, ordered, settings, find), settings, zone, find)
  const filled = fill(doubted, ordered, settings, find)
  // Estimates are looked at as well: a spike in them comes from the register that they add up to.
  const again = checkDays(filled, settings, zone, (check, utcMs, words) => {
    if (!findings.some(known => known.check === check && known.utcMs === utcMs)) find(check, utcMs, words)
  })
  return { intervals: edited(again, edits, find), findings }
}

type Find = (check: string, utcMs: number, words: string) => void

const sameEnergy = (a: Energy, b: Energy): boolean =>
  a.importWh === b.importWh && a.exportWh === b.exportWh && a.importVarh === b.importVarh

/** Each time once: of what overlaps the first that came is kept. */
function inOrder(raw: readonly RawInterval[], { nowUtcMs }: VeeSettings, find: Find): RawInterval[] {
  const sorted = raw.map((each, n) => ({ each, n })).sort((a, b) => a.each.startUtcMs - b.each.startUtcMs || a.n - b.n)
  const kept: RawInterval[] = []
  /** A ledger begins with a look of no time: the registers of what follows are another meter's, or may be. */
  let isFirst = false
  for (const { each: given } of sorted) {
    const last = kept.at(-1)
    const each: RawInterval = isFirst ? { ...given, flags: [...new Set([...(given.flags ?? []), 'first'])] } : given
    if (each.endUtcMs <= each.startUtcMs) {
      isFirst ||= each.flags?.includes('first') === true
      if (each.importWh !== 0n || each.exportWh !== 0n) find('time', each.startUtcMs, 'energy in no time: left out')
      continue
    }
    if (nowUtcMs !== undefined && each.startUtcMs > nowUtcMs) {
      find('future', each.startUtcMs, 'starts in the future: left out until then')
    } else if (last === undefined || each.startUtcMs >= last.endUtcMs) {
      kept.push(each)
      isFirst = false
    } else if (last.startUtcMs === each.startUtcMs && last.endUtcMs === each.endUtcMs && sameEnergy(last, each)) {
      find('duplicate', each.startUtcMs, 'the same twice: counted once')
    } else
      find('overlap', each.startUtcMs, `overlaps what came first and says otherwise: left out, ${each.importWh} Wh`)
  }
  return kept
}

/** What the intervals say between two looks at the register is what that says. */
function checkSums(ordered: readonly RawInterval[], { sumPerMille, pulseWh }: VeeSettings, find: Find): void {
  let at: RawInterval | undefined
  let sum = 0n
  for (const each of ordered) {
    const register = each.importRegisterWh
    const isReset = isNewRegister(each) || (at !== undefined && each.startUtcMs > at.endUtcMs && sum === 0n)
    sum += each.importWh
    if (register === undefined) continue
    const isAlike = isSameMultiplier(at?.multiplier, each.multiplier)
    if (at?.importRegisterWh !== undefined && !isReset && isAlike) {
      const counted = register - at.importRegisterWh
      const off = counted > sum ? counted - sum : sum - counted
      const most = counted < 0n ? 0n : (counted * BigInt(sumPerMille)) / 1_000n
      if (off > (most > 2n * pulseWh ? most : 2n * pulseWh)) {
        find('sum', each.startUtcMs, `intervals say ${sum} Wh, the register ${counted} Wh`)
      }
    }
    at = each
    sum = 0n
  }
}

/** What one interval says for itself. Less than nothing counts as nothing, as with a register that went backwards. */
function judged(raw: RawInterval, { hasGenerator }: VeeSettings, find: Find): Interval {
  const { startUtcMs, endUtcMs, hasVoltage, flags = [] } = raw
  const measured = energyOf(raw)
  const { importWh, exportWh, importVarh, exportVarh } = mapped(measured, each => (each < 0n ? 0n : each))
  const rules = flags.filter(flag => !HARMLESS.has(flag))
  for (const rule of rules) find(rule, startUtcMs, `marked "${rule}" by whoever read it`)
  const doubt = (rule: string, words: string): void => {
    rules.push(rule)
    find(rule, startUtcMs, words)
  }
  const isNegative = Object.values(measured).some(each => each < 0n)
  if (isNegative) {
    const words = `${measured.importWh} Wh taken, ${measured.exportWh} Wh given`
    doubt('negative', `${words}: a register ran backwards, and what is below nothing counts as nothing`)
  }
  if (exportWh > 0n && !hasGenerator) doubt('direction', `${exportWh} Wh given where no generator is registered`)
  if (importVarh !== undefined && importVarh > 0n && importWh === 0n && exportWh === 0n) {
    doubt('reactiveOnly', `${importVarh} varh without active energy`)
  }
  const isOutage = hasVoltage === false && importWh === 0n && exportWh === 0n
  const quality =
    raw.quality !== undefined && raw.quality !== 'valid' ? raw.quality : rules.length > 0 ? 'questionable' : 'valid'
  return {
    startUtcMs,
    endUtcMs,
    importWh,
    exportWh,
    ...(importVarh === undefined ? {} : { importVarh }),
    ...(exportVarh === undefined ? {} : { exportVarh }),
    quality,
    ...(rules.length > 0 ? { rules } : {}),
    ...(isOutage ? { isOutage } : {}),
    ...(isNegative ? { original: measured } : {}),
  }
}

const energyOf = ({ importWh, exportWh, importVarh, exportVarh }: Energy): Energy => ({
  importWh,
  exportWh,
  ...(importVarh === undefined ? {} : { importVarh }),
  ...(exportVarh === undefined ? {} : { exportVarh }),
})
const mapped = (energy: Energy, of: (value: bigint) => bigint): Energy =>
  Object.fromEntries(Object.entries(energy).map(([name, value]) => [name, of(value)])) as unknown as Energy

const doubted = (interval: Interval, rule: string): Interval => ({
  ...interval,
  quality: interval.quality === 'valid' ? 'questionable' : interval.quality,
  rules: [...new Set([...(interval.rules ?? []), rule])],
})

/** Values that stay the same, and zeros while there is voltage where energy was used before. */
function checkRuns(
  intervals: readonly Interval[],
  raw: readonly RawInterval[],
  { staticIntervals, staticMs }: VeeSettings,
  find: Find,
): Interval[] {
  const result = [...intervals]
  let hasUsed = false
  for (let from = 0; from < result.length; ) {
    const first = result[from] as Interval
    let to = from + 1
    while (
      to < result.length &&
      result[to]?.importWh === first.importWh &&
      result[to]?.startUtcMs === result[to - 1]?.endUtcMs
    )
      to++
    const isZero = first.importWh === 0n && first.exportWh === 0n
    const isLong = to - from >= staticIntervals && (result[to - 1] as Interval).endUtcMs - first.startUtcMs >= staticMs
    const isStatic = isLong && first.importWh !== 0n
    const isDead = isLong && isZero && hasUsed && raw.slice(from, to).every(({ hasVoltage }) => hasVoltage === true)
    if (isStatic || isDead) {
      const rule = isStatic ? 'static' : 'zero'
      find(
        rule,
        first.startUtcMs,
        isStatic ? `${to - from} times ${first.importWh} Wh` : `${to - from} times nothing while there was voltage`,
      )
      for (let n = from; n < to; n++) result[n] = doubted(result[n] as Interval, rule)
    }
    hasUsed ||= first.importWh > 0n
    from = to
  }
  return result
}

/** Spikes within a local day, and days that are unlike the same weekdays before. */
function checkDays(intervals: readonly Interval[], settings: VeeSettings, zone: ZoneClock, find: Find): Interval[] {
  const result = [...intervals]
  const days: { start: number; weekday: number; indices: number[] }[] = []
  for (const [n, { startUtcMs }] of result.entries()) {
    const at = zone.at(startUtcMs)
    const key = Date.UTC(at.year, at.month - 1, at.day)
    if (days.at(-1)?.start !== key) days.push({ start: key, weekday: at.weekday, indices: [] })
    days.at(-1)?.indices.push(n)
  }
  const sums = new Map<number, bigint>()
  for (const { start, indices } of days) {
    const own = indices
      .map(n => ({ n, interval: result[n] as Interval }))
      .filter(({ interval }) => interval.quality !== 'missing')
    const alike = own.filter(({ interval }) => lengthOf(interval) <= settings.intervalMs)
    const highest = [...alike].sort((a, b) => (a.interval.importWh < b.interval.importWh ? 1 : -1))
    const [peak, , third] = highest
    if (peak !== undefined && third !== undefined && third.interval.importWh > 0n) {
      const [top, base] = [peak.interval.importWh, third.interval.importWh]
      if ((top - base) * 100n > base * BigInt(settings.spikePercent)) {
        find('spike', peak.interval.startUtcMs, `${top} Wh, the third highest of the day is ${base} Wh`)
        result[peak.n] = doubted(result[peak.n] as Interval, 'spike')
      }
    }
    const covered = own.reduce((sum, { interval }) => sum + lengthOf(interval), 0)
    // A day of which an hour or more is unknown says nothing of itself.
    if (covered < 22 * 3_600_000) continue
    const sum = own.reduce((total, { interval }) => total + interval.importWh, 0n)
    sums.set(start, sum)
    const before: bigint[] = []
    for (let week = 1; week <= settings.weeks; week++) {
      const then = sums.get(start - week * 7 * DAY)
      if (then !== undefined) before.push(then)
    }
    const past = before.reduce((total, each) => total + each, 0n)
    const scaled = sum * 100n * BigInt(before.length)
    const isOff =
      before.length > 0 && (scaled < past * BigInt(settings.lowPercent) || scaled > past * BigInt(settings.highPercent))
    if (isOff) {
      const mean = past / BigInt(before.length)
      find(
        'highLow',
        own[0]?.interval.startUtcMs ?? start,
        `${sum} Wh on this day, ${mean} Wh on the same weekday before`,
      )
      for (const { n } of own) result[n] = doubted(result[n] as Interval, 'highLow')
    }
  }
  return result
}

/**
 * Estimates for what lacks. An interval that is longer than the meter's is a gap whose energy the register knows: it is
 * divided, and the parts add up to it.
 */
function fill(
  intervals: readonly Interval[],
  raw: readonly RawInterval[],
  settings: VeeSettings,
  find: Find,
): Interval[] {
  const { intervalMs } = settings
  const result: Interval[] = []
  let estimated = 0
  for (const [n, interval] of intervals.entries()) {
    const last = result.at(-1)
    const gapMs = last === undefined ? 0 : interval.startUtcMs - last.endUtcMs
    if (last !== undefined && gapMs > 0) {
      // One that is shorter than an interval is an interval of its own: registers may have counted something in it.
      const stepMs = Math.min(gapMs, intervalMs)
      const starts = Array.from(
        { length: Math.min(Math.floor(gapMs / stepMs), MOST_ESTIMATED - estimated) },
        (_, k) => last.endUtcMs + k * stepMs,
      )
      estimated += starts.length
      find('gap', last.endUtcMs, `${starts.length} intervals of ${stepMs / 60_000} min are missing`)
      const counted = countedBetween(raw[n - 1], raw[n])
      result.push(...estimate({ starts, intervalMs: stepMs, counted }, intervals, settings))
    }
    const parts = lengthOf(interval) / intervalMs
    if (Number.isInteger(parts) && parts > 1 && interval.isOutage !== true && estimated + parts <= MOST_ESTIMATED) {
      estimated += parts
      find('long', interval.startUtcMs, `${parts} intervals were read as one: divided`)
      const starts = Array.from({ length: parts }, (_, k) => interval.startUtcMs + k * intervalMs)
      const { quality, rules = [] } = interval
      const divided = estimate({ starts, intervalMs, counted: energyOf(interval) }, intervals, settings)
      result.push(
        ...divided.map(each => ({ ...each, rules: [...(each.rules ?? []), ...(quality === 'valid' ? [] : rules)] })),
      )
    } else result.push(interval)
  }
  return result
}

const REGISTERS = [
  ['importWh', 'importRegisterWh'],
  ['exportWh', 'exportRegisterWh'],
  ['importVarh', 'importRegisterVarh'],
  ['exportVarh', 'exportRegisterVarh'],
] as const

/** It does not go on from what the register said before: set back, or another meter's. */
const isNewRegister = ({ flags = [] }: RawInterval): boolean =>
  flags.some(flag => flag === 'registerReset' || flag === 'first')

/** What the registers counted between two intervals. Of one that was reset or ran backwards meanwhile nothing is known. */
function countedBetween(before: RawInterval | undefined, after: RawInterval | undefined): Partial<Energy> {
  if (before === undefined || after === undefined || isNewRegister(after)) return {}
  if (!isSameMultiplier(before.multiplier, after.multiplier)) return {}
  return Object.fromEntries(
    REGISTERS.flatMap(([energy, register]) => {
      const [from, to] = [before[register], after[register]]
      const counted = from === undefined || to === undefined ? -1n : to - from - (after[energy] ?? 0n)
      return counted < 0n ? [] : [[energy, counted]]
    }),
  )
}

function edited(intervals: readonly Interval[], edits: readonly Edit[], find: Find): Interval[] {
  const byStart = new Map(edits.map(edit => [edit.startUtcMs, edit]))
  const result = intervals.map((interval): Interval => {
    const edit = byStart.get(interval.startUtcMs)
    if (edit === undefined) return interval
    byStart.delete(interval.startUtcMs)
    const { author, atUtcMs, reason, startUtcMs: _, ...energy } = edit
    const original = interval.original ?? energyOf(interval)
    return { ...interval, ...energy, quality: 'edited', original, edit: { author, atUtcMs, reason } }
  })
  for (const { startUtcMs } of byStart.values()) find('edit', startUtcMs, 'an edit of no interval that there is')
  return result
}
