// The latest readings of a back end, over all IEDs or of one, however many they are: first it is found when the oldest of
// them starts, then they are read in order. What is kept is one number for each of them.

import { type UtcMs, utcMs } from '../../topology/units.ts'
import type { CollectedReading, Collector } from './collector.ts'

export interface LatestQuery {
  readonly ied?: string
  readonly fromUtc?: UtcMs
  readonly limit: number
}

/** By IED, then by start. Of readings that start at the same time as the oldest, those of the first IEDs. */
export async function* latestReadings(
  collector: Pick<Collector, 'heads' | 'readings' | 'readingStarts'>,
  { ied, fromUtc, limit }: LatestQuery,
): AsyncGenerator<CollectedReading> {
  const ieds = ied === undefined ? [...new Set((await collector.heads()).map(head => head.ied))] : [ied]
  const from = fromUtc ?? utcMs(0)
  let latest: number[] = []
  for (const each of ieds) {
    const oldestKept = latest.length < limit ? Number.NEGATIVE_INFINITY : (latest.at(-1) as number)
    const ofThis: number[] = []
    for await (const start of collector.readingStarts({ ied: each, fromUtc: from, limit, reverse: true })) {
      if (start <= oldestKept) break
      ofThis.push(start)
    }
    latest = [...latest, ...ofThis].sort((a, b) => b - a).slice(0, limit)
  }
  const oldest = latest.at(-1)
  if (oldest === undefined) return
  // They may have become more meanwhile; no more than were asked for.
  let left = limit
  let ties = latest.filter(start => start === oldest).length
  for (const each of ieds) {
    for await (const found of collector.readings({ ied: each, fromUtc: utcMs(oldest) })) {
      if (found.reading.startUtcMs === oldest && ties-- <= 0) continue
      if (left-- <= 0) return
      yield found
    }
  }
}
