// The latest readings, or load profiles, of a back end, over all IEDs or of one, however many they are: first it is found when the oldest of
// them starts, then they are read in order. What is kept is one number for each of them.

import { type UtcMs, utcMs } from '../../topology/units.ts'
import type { Collector } from './collector.ts'
import { profiledReadings } from './profiled-readings.ts'
import type { CollectedProfile, CollectedReading } from './reading-query.ts'

export interface LatestQuery {
  readonly ied?: string
  readonly fromUtc?: UtcMs
  readonly limit: number
}

type Collected = Pick<Collector, 'heads' | 'readings' | 'profiles' | 'starts'>

/** By IED, then by start, with the profiles. Of readings that start at the same time as the oldest, those of the first IEDs. */
export const latestReadings = (collector: Collected, query: LatestQuery): AsyncGenerator<CollectedReading> =>
  latest(
    collector,
    query,
    'reading',
    wanted => profiledReadings(collector, wanted),
    ({ reading }) => reading.startUtcMs,
  )

export const latestProfiles = (collector: Collected, query: LatestQuery): AsyncGenerator<CollectedProfile> =>
  latest(
    collector,
    query,
    'profile',
    wanted => collector.profiles(wanted),
    ({ profile }) => profile.startUtcMs,
  )

async function* latest<T>(
  collector: Collected,
  { ied, fromUtc, limit }: LatestQuery,
  part: 'reading' | 'profile',
  list: (wanted: { readonly ied: string; readonly fromUtc: UtcMs }) => AsyncIterable<T>,
  startOf: (found: T) => number,
): AsyncGenerator<T> {
  const ieds = ied === undefined ? [...new Set((await collector.heads()).map(head => head.ied))] : [ied]
  const from = fromUtc ?? utcMs(0)
  let starts: number[] = []
  for (const each of ieds) {
    const oldestKept = starts.length < limit ? Number.NEGATIVE_INFINITY : (starts.at(-1) as number)
    const ofThis: number[] = []
    for await (const start of collector.starts(part, { ied: each, fromUtc: from, limit, reverse: true })) {
      if (start <= oldestKept) break
      ofThis.push(start)
    }
    starts = [...starts, ...ofThis].sort((a, b) => b - a).slice(0, limit)
  }
  const oldest = starts.at(-1)
  if (oldest === undefined) return
  // They may have become more meanwhile; no more than were asked for.
  let left = limit
  let ties = starts.filter(start => start === oldest).length
  for (const each of ieds) {
    for await (const found of list({ ied: each, fromUtc: utcMs(oldest) })) {
      if (startOf(found) === oldest && ties-- <= 0) continue
      if (left-- <= 0) return
      yield found
    }
  }
}
