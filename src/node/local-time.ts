// What the clock on the wall shows at the site, from UTC: with daylight saving, by the time-zone data of Node.

import type { LocalTime } from '../protection/load/daily-course.ts'

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** @param timeZone an IANA name, checked before */
export function localTimeIn(timeZone: string): (utcMs: number) => LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  })
  return utcMs => {
    const parts = new Map(format.formatToParts(utcMs).map(({ type, value }) => [type, value]))
    const minuteOfDay = Number(parts.get('hour')) * 60 + Number(parts.get('minute'))
    return { minuteOfDay, weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? '') + 1 }
  }
}
