// Dates and times of recordings: dd/mm/yyyy,hh:mm:ss.ssssss (up to nine digits from 2013 on); 1991 has mm/dd/yy.

import type { Revision, Stamp } from './record.ts'

const DATE = /^\s*(\d{1,2})\/(\d{1,2})\/(\d{2,4})\s*,\s*(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,12}))?\s*$/

/** A text that is no date leaves the time open: the samples are as good without it. */
export function parseStamp(text: string, revision: Revision): Stamp {
  const trimmed = text.trim()
  const found = DATE.exec(text)
  if (found === null) return { text: trimmed, digits: 0 }
  const [one, two, year, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  // Makers of 1991 files did not all follow it: what can be no month is the day.
  const isMonthFirst = revision === 1991 ? one <= 12 : two > 12
  const [day, month] = isMonthFirst ? [two, one] : [one, two]
  const fraction = found[7] ?? ''
  const fullYear = year >= 100 ? year : year >= 70 ? 1900 + year : 2000 + year
  const ms = Date.UTC(fullYear, month - 1, day, hour, minute, second)
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second <= 60
  if (!isDate || !Number.isFinite(ms)) return { text: trimmed, digits: fraction.length }
  return {
    text: trimmed,
    digits: fraction.length,
    nanos: BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9)),
  }
}

/** dd/mm/yyyy,hh:mm:ss.ssssss */
export function formatStamp(utcMicros: bigint): string {
  const date = new Date(Number(utcMicros / 1000n))
  const two = (value: number): string => String(value).padStart(2, '0')
  const micros = String(utcMicros % 1_000_000n).padStart(6, '0')
  return (
    `${two(date.getUTCDate())}/${two(date.getUTCMonth() + 1)}/${date.getUTCFullYear()},` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.${micros}`
  )
}

/** `0`, `5`, `-3`, `-5h30`: hours from UTC. @returns undefined for `x` and everything else that says nothing */
export function parseUtcOffset(text: string | undefined): number | undefined {
  const found = /^([+-]?)(\d{1,2})(?:h(\d{1,2}))?$/i.exec(text?.trim() ?? '')
  if (found === null) return undefined
  const minutes = Number(found[2]) * 60 + Number(found[3] ?? 0)
  return minutes > 14 * 60 ? undefined : found[1] === '-' ? -minutes : minutes
}
