// Interval data in CSV: that of `feedermesh readings --csv`, a plain table, and the download of Southern California Edison.
//
// The plain table has a head: startUtc, endUtc, importKwh, and if wanted exportKwh, importKvarh, exportKvarh, quality, flags.
// Times are ISO 8601 with a zone. In the download times are the site's local time, without one; the hour that there is
// twice in autumn is taken in the order of the file.

import type { ZoneClock } from '../local-time.ts'
import { BillingError } from './billing-error.ts'
import { decimal, rounded } from './exact.ts'
import { type Quality, qualities } from './interval.ts'
import type { RawInterval } from './vee.ts'

export interface MeterIntervals {
  /** Of the rows, where they name one: `ied`. */
  readonly meter?: string
  readonly intervals: RawInterval[]
}

/** Rows, of which a file may have so many: thirty years of quarter-hours. */
const MOST_ROWS = 1_100_000

/** @throws BillingError BAD_INTERVALS, with the line */
export function intervalsInCsv(text: string, file: string, zone: ZoneClock, meter?: string): MeterIntervals {
  const lines = text.split(/\r?\n/)
  if (lines.length > MOST_ROWS) throw new BillingError('BAD_INTERVALS', `${file}: more than ${MOST_ROWS} lines`)
  if (lines.some((line, n) => n < 40 && line.startsWith('Energy consumption time period'))) {
    return { intervals: download(lines, file, zone) }
  }
  const [head = '', ...rows] = lines
  const columns = cells(head.replace(/^\uFEFF/, ''))
  for (const wanted of ['startUtc', 'endUtc', 'importKwh']) {
    if (!columns.includes(wanted)) throw new BillingError('BAD_INTERVALS', `${file}:1: no column "${wanted}"`)
  }
  const meters = new Set<string>()
  const intervals = rows.flatMap((line, n): RawInterval[] => {
    if (line.trim() === '') return []
    const values = cells(line)
    const row = Object.fromEntries(columns.map((name, k) => [name, values[k] ?? '']))
    const at = `${file}:${n + 2}`
    if (row.ied !== undefined && row.ied !== '') {
      if (meter !== undefined && row.ied !== meter) return []
      meters.add(row.ied)
    }
    const { exportKwh, importKvarh, exportKvarh, importRegisterKwh, quality = '', flags = '' } = row
    return [
      {
        startUtcMs: utc(row.startUtc ?? '', at),
        endUtcMs: utc(row.endUtc ?? '', at),
        importWh: wattHours(row.importKwh ?? '', at),
        exportWh: exportKwh ? wattHours(exportKwh, at) : 0n,
        ...(importKvarh ? { importVarh: wattHours(importKvarh, at) } : {}),
        ...(exportKvarh ? { exportVarh: wattHours(exportKvarh, at) } : {}),
        ...(importRegisterKwh ? { importRegisterWh: wattHours(importRegisterKwh, at) } : {}),
        ...(quality === '' ? {} : { quality: qualityIn(quality, at) }),
        flags: flags.split(/[ ;,]+/).filter(flag => /^[\w:]{1,32}$/.test(flag)),
      },
    ]
  })
  if (meters.size > 1)
    throw new BillingError('BAD_INTERVALS', `${file}: rows of ${[...meters].join(', ')}, want --meter with one of them`)
  const [only] = meters
  return { ...(only === undefined ? {} : { meter: only }), intervals }
}

function qualityIn(text: string, at: string): Quality {
  const known = qualities.find(each => each === text)
  if (known !== undefined) return known
  throw new BillingError('BAD_INTERVALS', `${at}: quality "${text}", want one of ${qualities.join(', ')}`)
}

function download(lines: readonly string[], file: string, zone: ZoneClock): RawInterval[] {
  let previous = Number.NEGATIVE_INFINITY
  return lines.flatMap((line, n): RawInterval[] => {
    const [, from, to, kwh, quality = ''] =
      /^"(\d{4}-\d\d-\d\d\s\d\d:\d\d):\d\d\sto\s(\d{4}-\d\d-\d\d\s\d\d:\d\d):\d\d","(-?[\d.]+)","(\w*)"/.exec(line) ??
      []
    if (from === undefined || to === undefined || kwh === undefined) return []
    const at = `${file}:${n + 1}`
    const startUtcMs = local(from, zone, previous, at)
    const endUtcMs = local(to, zone, startUtcMs + 1, at)
    previous = endUtcMs
    const known = ({ estimated: 'estimated', missing: 'missing' } as const)[quality.toLowerCase() as 'estimated']
    return [
      {
        startUtcMs,
        endUtcMs,
        importWh: wattHours(kwh, at),
        exportWh: 0n,
        ...(known === undefined ? {} : { quality: known }),
      },
    ]
  })
}

/** Of the two that a local time may mean, the first that is not before what came last. */
function local(text: string, zone: ZoneClock, notBefore: number, at: string): number {
  const midnight = zone.midnight(text.slice(0, 10))
  const minutes = Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16))
  if (midnight === undefined) throw new BillingError('BAD_INTERVALS', `${at}: no such time: ${text}`)
  const found = [-60, 0, 60]
    .map(shift => midnight + (minutes + shift) * 60_000)
    .filter(each => zone.at(each).minuteOfDay === minutes)
  return found.find(each => each >= notBefore) ?? found[0] ?? midnight + minutes * 60_000
}

function utc(text: string, at: string): number {
  const ms = /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw new BillingError('BAD_INTERVALS', `${at}: "${text}", want a time with its zone such as 2026-07-04T14:00:00Z`)
  return ms
}

/** Kilowatt-hours as whole watt-hours, half to even below them. */
function wattHours(text: string, at: string): bigint {
  try {
    return rounded(decimal(text), 3, 'half-even')
  } catch (cause) {
    throw new BillingError('BAD_INTERVALS', `${at}: "${text.slice(0, 40)}", want a decimal number of kilowatt-hours`, {
      cause,
    })
  }
}

function cells(line: string): string[] {
  const found: string[] = []
  for (const [, quoted, plain = ''] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    found.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
  }
  return found
}
