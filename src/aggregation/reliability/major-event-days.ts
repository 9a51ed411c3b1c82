// Major event days by 2.5 beta (IEEE 1366 Annex B.2): days whose SAIDI lies far beyond what the logarithms of other years'
// days let one expect. They are reported apart, never deleted.
//
// The standard does not say plainly which deviation it means. Here it is the sample's (divided by n - 1); at a thousand days
// the two do not differ.

export interface MajorEventThreshold {
  /** Days with a SAIDI above zero. */
  readonly days: number
  readonly alpha: number
  readonly beta: number
  readonly thresholdMinutes: number
}

/**
 * @param dailySaidi of up to five past years, minutes; days of zero are left out
 * @returns undefined with fewer than two days above zero: there is no deviation then
 */
export function majorEventThreshold(dailySaidi: readonly number[]): MajorEventThreshold | undefined {
  const logs = dailySaidi.filter(minutes => minutes > 0).map(Math.log)
  if (logs.length < 2) return undefined
  const alpha = logs.reduce((sum, each) => sum + each, 0) / logs.length
  const beta = Math.sqrt(logs.reduce((sum, each) => sum + (each - alpha) ** 2, 0) / (logs.length - 1))
  return { days: logs.length, alpha, beta, thresholdMinutes: Math.exp(alpha + 2.5 * beta) }
}

/** A day that reaches the threshold and no more is none. */
export const isMajorEventDay = (saidiMinutes: number, { thresholdMinutes }: MajorEventThreshold): boolean =>
  saidiMinutes > thresholdMinutes

export interface YearThreshold extends MajorEventThreshold {
  readonly year: number
}

const PAST_YEARS = 5
const yearOf = (day: string): number => Number(day.slice(0, 4))

/**
 * A year's threshold comes of up to five years before it and is fixed for it: no day of a year has a part in judging itself.
 * Years before which nothing is known have none, and no major event days.
 *
 * @param daily SAIDI in minutes by day, `YYYY-MM-DD`; of past years too
 */
export function thresholdsOfYears(daily: ReadonlyMap<string, number>): ReadonlyMap<number, YearThreshold> {
  const found = new Map<number, YearThreshold>()
  for (const year of [...new Set([...daily.keys()].map(yearOf))].sort((one, other) => one - other)) {
    const past = [...daily].filter(([day]) => yearOf(day) < year && yearOf(day) >= year - PAST_YEARS)
    const threshold = majorEventThreshold(past.map(([, saidi]) => saidi))
    if (threshold !== undefined) found.set(year, { year, ...threshold })
  }
  return found
}

/** Days of the years that have a threshold, in order. */
export function majorEventDaysOf(
  daily: ReadonlyMap<string, number>,
  thresholds: ReadonlyMap<number, YearThreshold>,
): string[] {
  const isMajor = ([day, saidi]: [string, number]): boolean => {
    const threshold = thresholds.get(yearOf(day))
    return threshold !== undefined && isMajorEventDay(saidi, threshold)
  }
  return [...daily]
    .filter(isMajor)
    .map(([day]) => day)
    .sort()
}

/** The time before a moment that its year's threshold comes of, in UTC: a day more at either end does no harm. */
export const pastYears = (utcMs: number): { readonly fromUtcMs: number; readonly toUtcMs: number } => ({
  fromUtcMs: Math.max(0, Date.UTC(new Date(utcMs).getUTCFullYear() - PAST_YEARS, 0, 1)),
  toUtcMs: utcMs,
})

/** An interruption belongs wholly to the day on which it began; `dayOf` is the site's calendar. */
export function dailySaidi(
  outages: readonly { readonly startUtcMs: number; readonly lengthMs: number; readonly customers: number }[],
  customersServed: number,
  dayOf: (utcMs: number) => string,
): ReadonlyMap<string, number> {
  const days = new Map<string, number>()
  for (const { startUtcMs, lengthMs, customers } of outages) {
    const day = dayOf(startUtcMs)
    days.set(day, (days.get(day) ?? 0) + ((lengthMs / 60_000) * customers) / customersServed)
  }
  return days
}
