// Interval readings: the energy between two looks at a meter's registers.
//
// A reading starts with the registers with which the last one in the ledger ended, never with what was seen at the
// start of the interval. So the readings of a ledger tile: whatever stops the agent in between, no watt-hour is lost
// and none is counted twice.

import { z } from 'zod'
import { type Duration, duration, type UtcMs, utcMs } from '../../topology/units.ts'
import { AggregationError } from './aggregation-error.ts'
import { codec, countField, wattHoursField } from './codec.ts'
import { factorOf, isSameMultiplier, type Multiplier, multiplierSchema, onRegisters } from './multiplier.ts'
import { plainReading, type ReadingContent } from './plain-reading.ts'

export interface PhaseSnapshot {
  readonly a?: number
  readonly b?: number
  readonly c?: number
}

export type Probes = Readonly<Record<string, number>>

export interface Reading {
  readonly startUtcMs: UtcMs
  readonly endUtcMs: UtcMs
  /**
   * Registers as the meter shows them, with what has rolled over since they were first read or last reset added. The
   * difference is the energy of the interval.
   */
  readonly importWhStart: bigint
  readonly importWhEnd: bigint
  readonly exportWhStart: bigint
  readonly exportWhEnd: bigint
  /** Reactive energy, where the meter has it: taken (quadrants I and II), and given (III and IV). */
  readonly importVarhStart?: bigint
  readonly importVarhEnd?: bigint
  readonly exportVarhStart?: bigint
  readonly exportVarhEnd?: bigint
  /** Between these registers and primary energy (`multiplier.ts`). Without it they are primary energy. */
  readonly multiplier?: Multiplier
  /** Whether any phase had voltage at the end: without it, no energy is what there is to expect. */
  readonly hasVoltage?: boolean
  /**
   * What the load profile of the interval says (`load-profile.ts`), where that was read beside it. Earlier
   * programs wrote them into the reading itself; those are still read.
   */
  readonly kw?: PhaseSnapshot
  readonly volts?: PhaseSnapshot
  readonly probes?: Probes
  /** Of ours: `first`, `long`, `clock`, `registerReset`, `rollover`, `multiplierChanged`. Others pass through. */
  readonly flags: readonly string[]
}

/** What the meter shows now. A register that the device lacks is absent. */
export interface RegisterLook {
  readonly utcMs: UtcMs
  /** By the monotonic clock, since the look that ended the previous reading. Absent after a restart. */
  readonly elapsed?: Duration
  readonly importWh?: bigint
  readonly exportWh?: bigint
  readonly importVarh?: bigint
  readonly exportVarh?: bigint
  /** Where these registers begin again at 0. */
  readonly rollsOverAt?: {
    readonly importWh?: bigint
    readonly exportWh?: bigint
    readonly importVarh?: bigint
    readonly exportVarh?: bigint
  }
  /** Line to neutral; of these, the reading says only whether there is any. */
  readonly volts?: PhaseSnapshot
  readonly flags?: readonly string[]
}

export interface ReadingSettings {
  readonly interval: Duration
  /** More than this cannot flow here, in either direction: the rating of the service, with its overload. Primary. */
  readonly maxKw: number
  /** A look this near to a boundary of the interval counts as taken on it. */
  readonly snap: Duration
  /** How far UTC may drift from the monotonic clock over one reading before it is said to have jumped. */
  readonly clockTolerance: Duration
  /** By the configuration; undefined: registers are primary energy. */
  readonly multiplier?: Multiplier | undefined
}

export const readingDefaults = { snap: duration(1_000), clockTolerance: duration(5_000) } as const

/** The next boundary after `utc`. Boundaries are multiples of the interval since 1970 in UTC. */
export const nextIntervalEnd = (utc: UtcMs, interval: Duration): UtcMs =>
  utcMs((Math.floor(utc / interval) + 1) * interval)

/**
 * A reading has the multipliers of the one before it. Where the configuration has others by now, nobody knows from when on in
 * its time they are right: it says so (`multiplierChanged`), and `withMultiplier` begins the time of the new ones behind it.
 *
 * @returns nothing when the device shows no import register: then there is nothing to bill by
 */
export function intervalReading(
  previous: Reading | undefined,
  look: RegisterLook,
  settings: ReadingSettings,
): Reading | undefined {
  const { importWh } = look
  if (importWh === undefined) return undefined
  const endUtcMs = snapped(look.utcMs, settings)
  const { exportWh = previous?.exportWhEnd ?? 0n, rollsOverAt = {} } = look
  const voltage = voltageIn(look.volts)
  const given = look.flags ?? []
  if (!previous) {
    const registers = { importWhStart: importWh, importWhEnd: importWh, exportWhStart: exportWh, exportWhEnd: exportWh }
    const reactive = reactiveRegisters(undefined, look, undefined)
    const times = { startUtcMs: endUtcMs, endUtcMs }
    return { ...times, ...registers, ...reactive, ...by(settings.multiplier), ...voltage, flags: [...given, 'first'] }
  }

  const utcElapsed = endUtcMs - previous.endUtcMs
  const elapsed = look.elapsed ?? utcElapsed
  const hasJumped = utcElapsed < 0 || Math.abs(utcElapsed - elapsed) > settings.snap + settings.clockTolerance
  const most = mostWattHours(elapsed, settings, previous.multiplier)
  const imported = delta(previous.importWhEnd, importWh, most, rollsOverAt.importWh)
  const exported = delta(
    previous.exportWhEnd,
    exportWh,
    most,
    look.exportWh === undefined ? undefined : rollsOverAt.exportWh,
  )
  const flags = [
    ...given,
    ...(elapsed > 1.5 * settings.interval ? ['long'] : []),
    ...(hasJumped ? ['clock'] : []),
    ...(imported.isReset || exported.isReset ? ['registerReset'] : []),
    ...(imported.isRollover || exported.isRollover ? ['rollover'] : []),
    ...(isSameMultiplier(previous.multiplier, settings.multiplier) ? [] : ['multiplierChanged']),
  ]
  return {
    startUtcMs: utcMs(Math.min(previous.endUtcMs, endUtcMs)),
    endUtcMs,
    importWhStart: imported.start,
    importWhEnd: imported.end,
    exportWhStart: exported.start,
    exportWhEnd: exported.end,
    ...reactiveRegisters(previous, look, most),
    ...by(previous.multiplier),
    ...voltage,
    flags: [...new Set(flags)],
  }
}

const by = (multiplier: Multiplier | undefined): Pick<Reading, 'multiplier'> =>
  multiplier === undefined ? {} : { multiplier }

/** A reading of no time and no energy, from which on other multipliers hold. Undefined where they are the same. */
export function withMultiplier(last: Reading, multiplier: Multiplier | undefined): Reading | undefined {
  if (isSameMultiplier(last.multiplier, multiplier)) return undefined
  const { endUtcMs, importWhEnd, exportWhEnd, importVarhEnd, exportVarhEnd, hasVoltage } = last
  return {
    startUtcMs: endUtcMs,
    endUtcMs,
    importWhStart: importWhEnd,
    importWhEnd,
    exportWhStart: exportWhEnd,
    exportWhEnd,
    ...(importVarhEnd === undefined ? {} : { importVarhStart: importVarhEnd, importVarhEnd }),
    ...(exportVarhEnd === undefined ? {} : { exportVarhStart: exportVarhEnd, exportVarhEnd }),
    ...by(multiplier),
    ...(hasVoltage === undefined ? {} : { hasVoltage }),
    flags: ['multiplier'],
  }
}

type ReactiveRegisters = Pick<Reading, 'importVarhStart' | 'importVarhEnd' | 'exportVarhStart' | 'exportVarhEnd'>

/** One that the last reading lacked, or that was reset, counts from now on. One that is doubted counts with the next. */
function reactiveRegisters(
  previous: Reading | undefined,
  look: RegisterLook,
  most: bigint | undefined,
): ReactiveRegisters {
  const { importVarh = previous?.importVarhEnd, exportVarh = previous?.exportVarhEnd } = look
  const rollsOverAt = look.rollsOverAt ?? {}
  const taken =
    importVarh === undefined
      ? undefined
      : delta(previous?.importVarhEnd ?? importVarh, importVarh, most, rollsOverAt.importVarh)
  const given =
    exportVarh === undefined
      ? undefined
      : delta(previous?.exportVarhEnd ?? exportVarh, exportVarh, most, rollsOverAt.exportVarh)
  return {
    ...(taken === undefined ? {} : { importVarhStart: taken.start, importVarhEnd: taken.end }),
    ...(given === undefined ? {} : { exportVarhStart: given.start, exportVarhEnd: given.end }),
  }
}

/**
 * A register that went backwards, or further than the service can carry, was reset or exchanged: counts as nothing. One that
 * begins again at 0 goes on from where it was, if what it then counted can be: in the ledger it only grows.
 */
function delta(previousEnd: bigint, shown: bigint, most: bigint | undefined, rollsOverAt = 0n) {
  const rolled = rollsOverAt > shown ? previousEnd - (previousEnd % rollsOverAt) : 0n
  const isBehind = rolled + shown < previousEnd
  // Without a bound on what can flow nothing tells a register that came round from one that was reset.
  const isRollover = isBehind && most !== undefined && rollsOverAt > shown
  const end = rolled + shown + (isRollover ? rollsOverAt : 0n)
  const isReset = end < previousEnd || (most !== undefined && end - previousEnd > most)
  return isReset
    ? { start: shown, end: shown, isReset, isRollover: false }
    : { start: previousEnd, end, isReset, isRollover }
}

/** Unknown when the clock went backwards over a restart: nothing then says how long it was. */
function mostWattHours(
  elapsedMs: number,
  { interval, maxKw }: ReadingSettings,
  multiplier: Multiplier | undefined,
): bigint | undefined {
  if (elapsedMs < 0) return undefined
  // At least one interval, since registers advance in steps; one kWh more, as the coarsest step in use.
  const primaryWh = BigInt(Math.ceil((maxKw * Math.max(elapsedMs, interval)) / 3_600))
  return onRegisters(primaryWh, factorOf(multiplier)) + 1_000n
}

function snapped(utc: UtcMs, { interval, snap }: ReadingSettings): UtcMs {
  const nearest = Math.round(utc / interval) * interval
  return Math.abs(utc - nearest) <= snap ? utcMs(nearest) : utc
}

/** Less than this on each phase is no voltage. */
const DEAD_VOLTS = 10

/** Only finite values: a driver's NaN must not keep the energy from being recorded. */
export function voltageIn(volts: PhaseSnapshot | undefined): Pick<Reading, 'hasVoltage'> {
  const shown = Object.values(volts ?? {}).filter(Number.isFinite)
  return shown.length === 0 ? {} : { hasVoltage: shown.some(each => each > DEAD_VOLTS) }
}

/** As many as a record has room for. */
export const MAX_PROBES = 16

export const phaseSnapshot = z.strictObject({
  a: z.number().exactOptional(),
  b: z.number().exactOptional(),
  c: z.number().exactOptional(),
})
export const probesField = z
  .record(z.string().max(40), z.number())
  .refine(given => Object.keys(given).length <= MAX_PROBES, 'too many probes')
const utcField = countField.transform(utcMs)

export const readingSchema = z
  .strictObject({
    kind: z.literal('reading'),
    startUtcMs: utcField,
    endUtcMs: utcField,
    importWhStart: wattHoursField,
    importWhEnd: wattHoursField,
    exportWhStart: wattHoursField,
    exportWhEnd: wattHoursField,
    importVarhStart: wattHoursField.exactOptional(),
    importVarhEnd: wattHoursField.exactOptional(),
    exportVarhStart: wattHoursField.exactOptional(),
    exportVarhEnd: wattHoursField.exactOptional(),
    multiplier: multiplierSchema.exactOptional(),
    hasVoltage: z.boolean().exactOptional(),
    kw: phaseSnapshot.exactOptional(),
    volts: phaseSnapshot.exactOptional(),
    probes: probesField.exactOptional(),
    flags: z.array(z.string().min(1).max(32)).max(16),
  })
  .refine(reading => reading.endUtcMs >= reading.startUtcMs, 'ends before it starts')
  .refine(reading => reading.importWhEnd >= reading.importWhStart, 'import register runs backwards')
  .refine(reading => reading.exportWhEnd >= reading.exportWhStart, 'export register runs backwards')
  .refine(reading => grows(reading.importVarhStart, reading.importVarhEnd), 'reactive import register runs backwards')
  .refine(reading => grows(reading.exportVarhStart, reading.exportVarhEnd), 'reactive export register runs backwards')

/** Both are there, or neither. */
function grows(start: bigint | undefined, end: bigint | undefined): boolean {
  return start === undefined || end === undefined ? start === end : end >= start
}

const readingContent = codec<ReadingContent>('reading', readingSchema, 4_096, plainReading)

/** As the content of a record of class `billing`. */
export const encodeReading = (reading: Reading): Uint8Array =>
  readingContent.encode({ kind: 'reading', ...reading, flags: [...reading.flags] })

/** @throws AggregationError MALFORMED */
export function decodeReading(content: Uint8Array): Reading {
  const { kind: _, ...reading } = readingContent.decode(content)
  return reading
}

/** Content of class `billing` that is not a reading, or one of a newer program, is no error: undefined. */
export function readingIn(content: Uint8Array): Reading | undefined {
  try {
    return decodeReading(content)
  } catch (error) {
    if (error instanceof AggregationError) return undefined
    throw error
  }
}
