// Rules of a schedule that go over midnight and name days: what they mean, in words for who wrote them.
//
// A rule is about its days, each from midnight to midnight: `days: [fri], from: "22:00", to: "06:00"` is Friday's two ends,
// 00:00 to 06:00 and 22:00 to 24:00. So weekday nights as most tariffs print them are right as they stand; whoever means the
// night that begins on Friday writes it as two rules.

import type { ScheduleFile, Tariff } from './tariff.ts'

type Rule = ScheduleFile['periods'][string][number]

const nextDay: Readonly<Record<string, string>> = {
  mon: 'tue',
  tue: 'wed',
  wed: 'thu',
  thu: 'fri',
  fri: 'sat',
  sat: 'sun',
  sun: 'mon',
}

export const nightRemarks = ({ schedules }: Pick<Tariff, 'schedules'>): string[] =>
  Object.entries(schedules).flatMap(([schedule, { periods }]) =>
    Object.entries(periods).flatMap(([period, rules]) =>
      rules.flatMap((rule, n) => {
        const words = remarkOn(rule)
        return words === undefined ? [] : [`schedules.${schedule}.periods.${period}[${n}]: ${words}`]
      }),
    ),
  )

function remarkOn({ days, from, to }: Rule): string | undefined {
  if (days === undefined || from < to || to === '00:00') return undefined
  const mornings = days.map(day => nextDay[day] ?? 'the day after')
  if (mornings.every(day => days.some(each => each === day))) return undefined // seven days: the same either way
  return (
    `${from}-${to} on ${days.join(', ')} is 00:00-${to} and ${from}-24:00 of these days; for the nights that begin on them ` +
    `want ${from}-24:00 on ${days.join(', ')} and 00:00-${to} on ${mornings.join(', ')}`
  )
}
