// Readings as read-outs show them: exact decimals as strings, times in ISO 8601 UTC.

import type { UtcMs } from '../../topology/units.ts'
import { shown } from '../aggregation/billing/exact.ts'
import { rawInterval } from '../aggregation/billing/index.ts'
import { type LoadProfile, withProfile } from '../aggregation/load-profile.ts'
import { factorOf } from '../aggregation/multiplier.ts'
import { decodeReading, type Reading } from '../aggregation/reading.ts'
import type { LedgerRecord } from '../aggregation/record.ts'

export interface ReadingRow {
  readonly ied: string
  readonly number: number
  readonly startUtc: string
  readonly endUtc: string
  readonly importKwh: string
  readonly exportKwh: string
  /** As the driver gives it. */
  readonly importRegisterKwh: string
  /** Where the registers are multiplied: what they say, beside the energy that follows from it. */
  readonly rawImportKwh?: string
  readonly rawExportKwh?: string
  readonly multiplier?: string
  readonly kw: number | null
  readonly temperatureC: number | null
  readonly flags: string[]
}

export function readingRow(ied: string, number: number, reading: Reading): ReadingRow {
  const { importWh, exportWh, multiplier, onRegisters: raw } = rawInterval(reading)
  return {
    ied,
    number,
    startUtc: new Date(reading.startUtcMs).toISOString(),
    endUtc: new Date(reading.endUtcMs).toISOString(),
    importKwh: kwh(importWh),
    exportKwh: kwh(exportWh),
    importRegisterKwh: kwh(reading.importWhEnd),
    ...(multiplier === undefined || raw === undefined
      ? {}
      : {
          rawImportKwh: kwh(raw.importWh),
          rawExportKwh: kwh(raw.exportWh),
          multiplier: shown(factorOf(multiplier)),
        }),
    kw: reading.kw === undefined ? null : Math.round(sum(reading.kw) * 1000) / 1000,
    temperatureC: reading.probes?.temperatureC === undefined ? null : Math.round(reading.probes.temperatureC * 10) / 10,
    flags: [...reading.flags],
  }
}

const PHASES = ['a', 'b', 'c'] as const

export interface ProfileRow {
  readonly ied: string
  readonly number: number
  readonly startUtc: string
  readonly endUtc: string
  readonly kw: number | null
  readonly kwA: number | null
  readonly kwB: number | null
  readonly kwC: number | null
  readonly voltsA: number | null
  readonly voltsB: number | null
  readonly voltsC: number | null
  readonly probes: Readonly<Record<string, number>>
  readonly flags: string[]
}

/** What a meter showed beside its registers, without these. */
export function profileRow(ied: string, number: number, profile: LoadProfile): ProfileRow {
  const { startUtcMs, endUtcMs, kw, volts, probes, flags } = profile
  const rounded = (value: number | undefined, places: number) =>
    value === undefined ? null : Number(value.toFixed(places))
  const [kwA = null, kwB = null, kwC = null] = PHASES.map(phase => rounded(kw?.[phase], 3))
  const [voltsA = null, voltsB = null, voltsC = null] = PHASES.map(phase => rounded(volts?.[phase], 1))
  return {
    ied,
    number,
    startUtc: new Date(startUtcMs).toISOString(),
    endUtc: new Date(endUtcMs).toISOString(),
    kw: kw === undefined ? null : rounded(sum(kw), 3),
    kwA,
    kwB,
    kwC,
    voltsA,
    voltsB,
    voltsC,
    probes: probes ?? {},
    flags: [...flags],
  }
}

export const readingsIn = (
  ied: string,
  records: readonly LedgerRecord[],
  from: UtcMs,
  profileOf: (reading: Reading) => LoadProfile | undefined = () => undefined,
): ReadingRow[] =>
  records.flatMap(({ header, body }) => {
    if (header.class !== 'billing' || body === undefined) return []
    try {
      const reading = decodeReading(body.content)
      return reading.startUtcMs < from ? [] : [readingRow(ied, header.number, withProfile(reading, profileOf(reading)))]
    } catch {
      return [] // billing content of another kind
    }
  })

const sum = ({ a = 0, b = 0, c = 0 }: { readonly a?: number; readonly b?: number; readonly c?: number }): number =>
  a + b + c

/** Whole watt-hours as kilowatt-hours with three decimals, exactly. */
export function kwh(wattHours: bigint): string {
  const sign = wattHours < 0n ? '-' : ''
  const digits = (wattHours < 0n ? -wattHours : wattHours).toString().padStart(4, '0')
  return `${sign}${digits.slice(0, -3)}.${digits.slice(-3)}`
}
