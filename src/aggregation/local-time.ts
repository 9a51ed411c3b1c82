// What the clock on the wall shows at a site, from UTC and back. The one place that knows of time-zone data.
//
// The changes of a zone's offset are looked up once and kept, so that classifying a year of intervals is a matter of
// whole numbers. A local day has 23 or 25 hours where the clocks change.

import { Temporal } from 'temporal-polyfill'

export interface LocalDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

export interface LocalMoment extends LocalDate {
  readonly minuteOfDay: number
  /** 1 is Monday. */
  readonly weekday: number
}

export interface ZoneClock {
  readonly zone: string
  at(utcMs: number): LocalMoment
  /** UTC of local midnight; where that is left out, of the first moment of the day. */
  dayStart(date: LocalDate): number
  /** UTC of a date such as `2026-03-08`. @returns undefined for what is no date */
  midnight(text: string): number | undefined
  /** UTC of a date, which is its local midnight, or of a time that says its zone. @returns undefined for anything else */
  moment(text: string): number | undefined
  hoursInDay(date: LocalDate): number
}

const DAY = 86_400_000
/** So many zones, and changes of one, are kept: all that there are. What is beyond is looked up each time. */
const MAX_ZONES = 64
const zones = new Map<string, ZoneClock>()

/** @returns undefined for a name that the time-zone data lacks */
export function zoneClock(zone: string): ZoneClock | undefined {
  const known = zones.get(zone)
  if (known !== undefined) return known
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
  } catch {
    return undefined
  }
  const clock = clockOf(zone)
  if (zones.size < MAX_ZONES) zones.set(zone, clock)
  return clock
}

interface Span {
  readonly from: number
  readonly to: number
  readonly offset: number
}

function clockOf(zone: string): ZoneClock {
  let span: Span = { from: 0, to: 0, offset: 0 }
  const spans: Span[] = []

  function spanAt(utcMs: number): Span {
    if (utcMs >= span.from && utcMs < span.to) return span
    const found = spans.find(({ from, to }) => utcMs >= from && utcMs < to)
    if (found !== undefined) {
      span = found
      return found
    }
    const moment = Temporal.Instant.fromEpochMilliseconds(utcMs).toZonedDateTimeISO(zone)
    const next = moment.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY
    span = { from: utcMs, to: next, offset: moment.offsetNanoseconds / 1e6 }
    const touching = spans.findIndex(({ from, to }) => from > utcMs && to === next)
    if (touching >= 0) spans[touching] = span
    else if (spans.length < 512) spans.push(span)
    return span
  }

  const civil = (days: number): LocalDate => {
    const date = new Date(days * DAY)
    return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
  }
  let day = { number: Number.NaN, date: civil(0) }

  const clock: ZoneClock = {
    zone,
    at(utcMs) {
      const local = utcMs + spanAt(utcMs).offset
      const number = Math.floor(local / DAY)
      if (day.number !== number) day = { number, date: civil(number) }
      const weekday = ((((number + 3) % 7) + 7) % 7) + 1
      // Field by field: this runs for each interval of a bill and each charge, and a spread takes ten times as long.
      const { year, month, day: dayOfMonth } = day.date
      return { year, month, day: dayOfMonth, weekday, minuteOfDay: Math.floor((local - number * DAY) / 60_000) }
    },
    dayStart: date =>
      Temporal.PlainDate.from(date, { overflow: 'reject' }).toZonedDateTime({ timeZone: zone }).epochMilliseconds,
    midnight(text) {
      const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
      if (year === undefined) return undefined
      try {
        return clock.dayStart({ year: Number(year), month: Number(month), day: Number(date) })
      } catch {
        return undefined
      }
    },
    moment(text) {
      const ms = clock.midnight(text) ?? (/T.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN)
      return Number.isNaN(ms) ? undefined : ms
    },
    hoursInDay: date => {
      const next = new Date(Date.UTC(date.year, date.month - 1, date.day + 1))
      const after = { year: next.getUTCFullYear(), month: next.getUTCMonth() + 1, day: next.getUTCDate() }
      return (clock.dayStart(after) - clock.dayStart(date)) / 3_600_000
    },
  }
  return clock
}

/** The first of the month `months` later. */
export function firstOfMonth({ year, month }: Pick<LocalDate, 'year' | 'month'>, months = 0): LocalDate {
  const index = year * 12 + month - 1 + months
  return { year: Math.floor(index / 12), month: (index % 12) + 1, day: 1 }
}

export const daysInMonth = ({ year, month }: Pick<LocalDate, 'year' | 'month'>): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate()
