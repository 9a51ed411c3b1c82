// What the audit knows of a meter in one interval, and which intervals it can compare.

import type { UtcMs } from '../../../topology/units.ts'
import type { ReadingEdit } from '../billing/edit-record.ts'
import { usageOf } from '../billing/readings-intervals.ts'
import type { PhaseSnapshot, Reading } from '../reading.ts'

export interface MeterInterval {
  readonly startUtcMs: UtcMs
  readonly endUtcMs: UtcMs
  readonly importWh: bigint
  readonly exportWh: bigint
  readonly kw?: PhaseSnapshot
  readonly volts?: PhaseSnapshot
  readonly flags: readonly string[]
}

export const meterInterval = (reading: Reading): MeterInterval => ({
  startUtcMs: reading.startUtcMs,
  endUtcMs: reading.endUtcMs,
  ...energyOf(reading),
  ...(reading.kw === undefined ? {} : { kw: reading.kw }),
  ...(reading.volts === undefined ? {} : { volts: reading.volts }),
  flags: reading.flags,
})

function energyOf(reading: Reading): Pick<MeterInterval, 'importWh' | 'exportWh'> {
  const { importWh, exportWh } = usageOf(reading)
  return { importWh, exportWh }
}

/**
 * What people put in the place of readings, the later one where there are several. An edit of a part of a reading has no place
 * here: such a reading is of a longer time, and not compared.
 */
export function withEdits(intervals: readonly MeterInterval[], edits: readonly ReadingEdit[]): MeterInterval[] {
  const byTimes = new Map(edits.map(edit => [`${edit.startUtcMs}-${edit.endUtcMs}`, edit]))
  return intervals.map(interval => {
    const edit = byTimes.get(clockOf(interval))
    return edit === undefined ? interval : { ...interval, ...edit.is, flags: [...interval.flags, 'edited'] }
  })
}

/** Downstream, to the customer. */
export const netWh = ({ importWh, exportWh }: MeterInterval): bigint => importWh - exportWh

/** With one of these, the energy or the time of an interval is not what others' are. */
const UNCERTAIN = new Set([
  'first',
  'long',
  'clock',
  'registerReset',
  'deviceChanged',
  'multiplierChanged',
  'doubt:exportWh',
])

export const isComparable = ({ flags, startUtcMs, endUtcMs }: MeterInterval): boolean =>
  endUtcMs > startUtcMs && !flags.some(flag => UNCERTAIN.has(flag))

/** By start and end: only intervals of the same clock edges are ever compared. */
export const clockOf = ({ startUtcMs, endUtcMs }: MeterInterval): string => `${startUtcMs}-${endUtcMs}`

export function sumOf(values: Iterable<bigint>): bigint {
  let sum = 0n
  for (const value of values) sum += value
  return sum
}

/** The latest of each clock counts: a store may hold one interval of two ledgers. */
export const byClock = (intervals: readonly MeterInterval[]): Map<string, MeterInterval> =>
  new Map(intervals.filter(isComparable).map(interval => [clockOf(interval), interval]))
