// What holds at which local time of day: prices, and the limits that they are compared with.
//
// Each entry holds from its time until the next one's, over midnight too. Local time is the site's, given from outside, so
// a day with 23 or 25 hours is right: what counts is what the clock on the wall shows. Where that shows an hour twice, its
// entry holds twice; one that begins in the hour that is left out begins with the next.

export interface LocalTime {
  /** Since local midnight, 0 to 1439. */
  readonly minuteOfDay: number
  /** 1 is Monday. */
  readonly weekday: number
}

export interface CourseEntry<T> {
  readonly fromMinute: number
  /** Of the day on which it is evaluated; all when absent. */
  readonly weekdays?: ReadonlySet<number>
  readonly value: T
}

/** @returns undefined only when no entry is for this weekday or the one before */
export function valueAt<T>(course: readonly CourseEntry<T>[], { minuteOfDay, weekday }: LocalTime): T | undefined {
  const today = latest(course, weekday, minuteOfDay)
  if (today !== undefined) return today.value
  // Still what held last on the day before.
  return latest(course, weekday === 1 ? 7 : weekday - 1, 1440)?.value
}

function latest<T>(course: readonly CourseEntry<T>[], weekday: number, until: number): CourseEntry<T> | undefined {
  let found: CourseEntry<T> | undefined
  for (const entry of course) {
    if (entry.fromMinute > until || entry.weekdays?.has(weekday) === false) continue
    if (found === undefined || entry.fromMinute >= found.fromMinute) found = entry
  }
  return found
}

/** `06:00`, `24:00` not included. @returns undefined for what is no time of day */
export function minuteOf(text: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes)
}
