// Readings with the load profiles of the same intervals, as a back end has collected them: two streams in one order, merged
// on the way, so that however many there are, a few are in memory.

import type { Collector } from './collector.ts'
import { isOfInterval, withProfile } from './load-profile.ts'
import type { CollectedProfile, CollectedReading, ReadingQuery } from './reading-query.ts'

/** Profiles that begin at one time in one ledger: a clock that was set back makes two. Of more, the first are looked at. */
const MOST_AT_ONE_TIME = 8

/** In the order of `readings`, the earliest first; a reading without a profile stands as it is. */
export async function* profiledReadings(
  collector: Pick<Collector, 'readings' | 'profiles'>,
  { limit, ...query }: Omit<ReadingQuery, 'reverse'>,
): AsyncGenerator<CollectedReading> {
  const profiles = collector.profiles(query)[Symbol.asyncIterator]()
  try {
    let next: IteratorResult<CollectedProfile> | undefined
    let here: CollectedProfile[] = []
    for await (const found of collector.readings({ ...query, ...(limit === undefined ? {} : { limit }) })) {
      next ??= await profiles.next()
      here = here.filter(each => order(each, found) === 0)
      while (!next.done && order(next.value, found) <= 0) {
        if (order(next.value, found) === 0 && here.length < MOST_AT_ONE_TIME) here.push(next.value)
        next = await profiles.next()
      }
      const own = here.find(({ profile }) => isOfInterval(profile, found.reading))
      yield { ...found, reading: withProfile(found.reading, own?.profile) }
    }
  } finally {
    await profiles.return?.()
  }
}

/** As the store orders the keys of both: by IED, start and ledger. */
function order(one: CollectedProfile, { ied, reading, ledgerId }: CollectedReading): number {
  if (one.ied !== ied) return `${one.ied}/` < `${ied}/` ? -1 : 1
  const behind = one.profile.startUtcMs - reading.startUtcMs
  return behind || (one.ledgerId === ledgerId ? 0 : one.ledgerId < ledgerId ? -1 : 1)
}
