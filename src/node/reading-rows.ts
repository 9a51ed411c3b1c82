// Readings as read-outs show them: exact decimals as strings, times in ISO 8601 UTC.

import type { UtcMs } from '../../topology/units.ts'
import { decodeReading, type Reading } from '../aggregation/reading.ts'
import type { LedgerRecord } from '../aggregation/record.ts'

export interface ReadingRow {
  readonly ied: string
  readonly number: number
  readonly startUtc: string
  readonly endUtc: string
  readonly importKwh: string
  readonly exportKwh: string
  readonly importRegisterKwh: string
  readonly kw: number | null
  readonly temperatureC: number | null
  readonly flags: string[]
}

export const readingRow = (ied: string, number: number, reading: Reading): ReadingRow => ({
  ied,
  number,
  startUtc: new Date(reading.startUtcMs).toISOString(),
  endUtc: new Date(reading.endUtcMs).toISOString(),
  importKwh: kwh(reading.importWhEnd - reading.importWhStart),
  exportKwh: kwh(reading.exportWhEnd - reading.exportWhStart),
  importRegisterKwh: kwh(reading.importWhEnd),
  kw: reading.kw === undefined ? null : Math.round(sum(reading.kw) * 1000) / 1000,
  temperatureC: reading.probes?.temperatureC === undefined ? null : Math.round(reading.probes.temperatureC * 10) / 10,
  flags: [...reading.flags],
})

export const readingsIn = (ied: string, records: readonly LedgerRecord[], from: UtcMs): ReadingRow[] =>
  records.flatMap(({ header, body }) => {
    if (header.class !== 'billing' || body === undefined) return []
    try {
      const reading = decodeReading(body.content)
      return reading.startUtcMs < from ? [] : [readingRow(ied, header.number, reading)]
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
