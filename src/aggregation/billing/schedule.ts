// Which period of a schedule a local moment is in.
//
// Time is cut into classes: a season, a month and a day type have one course of the day. A course is worked out once, minute
// by minute, so that a schedule is checked for gaps and overlaps by the same code that bills by it.

import type { LocalMoment } from '../local-time.ts'
import { type DayType, dayTypes, type ScheduleFile, type Tariff } from './tariff.ts'

export interface Schedule {
  readonly periods: readonly string[]
  /** Index into `periods`. */
  at(moment: LocalMoment): number
}

export interface DayClass {
  /** Undefined on a day that no season has. */
  readonly season: string | undefined
  readonly month: number
  readonly dayType: DayType
}

type Rule = ScheduleFile['periods'][string][number]

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

export function ruleHolds(rule: Rule, { season, month, dayType }: DayClass, minute: number): boolean {
  if (rule.seasons !== undefined && (season === undefined || !rule.seasons.includes(season))) return false
  if (rule.months?.includes(month) === false || rule.days?.includes(dayType) === false) return false
  const [from, to] = [minuteOf(rule.from), minuteOf(rule.to)]
  return from < to ? minute >= from && minute < to : minute >= from || minute < to
}

/** For each minute of a day of this class the periods whose rules hold, `otherwise` where none does. */
export function courseOf({ periods, otherwise }: ScheduleFile, day: DayClass): readonly (readonly string[])[] {
  const entries = Object.entries(periods)
  return Array.from({ length: 1440 }, (_, minute) => {
    const found = entries.filter(([, rules]) => rules.some(rule => ruleHolds(rule, day, minute))).map(([name]) => name)
    return found.length === 0 && otherwise !== undefined ? [otherwise] : found
  })
}

/** Months and days as numbers such as 601 for the first of June. */
export function seasonOf(seasons: Tariff['seasons'], month: number, day: number): string[] {
  const at = month * 100 + day
  return seasons
    .filter(({ from, to }) => {
      const [first, last] = [Number(from.replace('-', '')), Number(to.replace('-', ''))]
      return first <= last ? at >= first && at <= last : at >= first || at <= last
    })
    .map(({ name }) => name)
}

export const periodNames = ({ periods, otherwise }: ScheduleFile): string[] => [
  ...new Set([...Object.keys(periods), ...(otherwise === undefined ? [] : [otherwise])]),
]

/** @param file of a tariff that was checked: each minute is in one period */
export function compileSchedule(file: ScheduleFile, { seasons, holidays }: Tariff): Schedule {
  const periods = periodNames(file)
  const holidaySet = new Set(holidays)
  const courses = new Map<string, Uint16Array>()
  let last: { key: number; course: Uint16Array } = { key: Number.NaN, course: new Uint16Array(0) }

  function courseFor({ year, month, day, weekday }: LocalMoment): Uint16Array {
    const date = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
    const dayType = holidaySet.has(date) ? 'holiday' : (dayTypes[weekday - 1] as DayType)
    const [season] = seasonOf(seasons, month, day)
    const key = `${season}/${month}/${dayType}`
    const known = courses.get(key)
    if (known !== undefined) return known
    const course = Uint16Array.from(courseOf(file, { season, month, dayType }), ([name = '']) => periods.indexOf(name))
    courses.set(key, course)
    return course
  }

  return {
    periods,
    at(moment) {
      const key = (moment.year * 16 + moment.month) * 32 + moment.day
      if (last.key !== key) last = { key, course: courseFor(moment) }
      return last.course[moment.minuteOfDay] as number
    },
  }
}
