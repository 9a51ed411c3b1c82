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
