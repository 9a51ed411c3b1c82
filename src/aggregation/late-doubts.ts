// Readings whose bodies come after their headers, as when a back end asks for a range, or is newly entitled: they are doubted like
// any other, against the readings next to them in time, whichever of them came first.

import { doubtPlace, mergedDoubts } from './collected-doubts.ts'
import { entriesOf, placeIn } from './collected-intervals.ts'
import { decodeReading, type Reading } from './reading.ts'
import { doubtsOf, type ReadingDoubt } from './reading-doubts.ts'
import type { LedgerId, UtcTime } from './record.ts'
import type { Change, Store } from './store.ts'

export interface LateReading {
  readonly number: number
  readonly reading: Reading
}

/** @param late in the order of their numbers */
export async function judgedLate(
  store: Store,
  of: { readonly ied: string; readonly ledgerId: LedgerId },
  late: readonly LateReading[],
  now: UtcTime,
): Promise<{
  readonly changes: Change[]
  readonly doubts: { readonly number: number; readonly kind: ReadingDoubt }[]
}> {
  const changes: Change[] = []
  const doubts: { number: number; kind: ReadingDoubt }[] = []
  const utc = now.quality === 'good' ? now.utcMs : undefined

  async function hold({ number, reading }: LateReading, kinds: readonly ReadingDoubt[]): Promise<void> {
    if (kinds.length === 0) return
    const at = doubtPlace(of, reading.startUtcMs, number)
    changes.push({ put: at, value: await mergedDoubts(store, at, kinds) })
    doubts.push(...kinds.map(kind => ({ number, kind })))
  }

  const storedBefore = ({ reading }: LateReading) =>
    first({ ied: of.ied, toUtc: reading.startUtcMs, reverse: true, limit: 1 })
  const storedBehind = ({ reading }: LateReading) => first({ ied: of.ied, fromUtc: reading.endUtcMs, limit: 1 })

  for (const [index, each] of late.entries()) {
    const { startUtcMs, endUtcMs } = each.reading
    const last = late[index - 1]
    const before = last?.reading.endUtcMs === startUtcMs ? last : await storedBefore(each)
    const known = before?.reading.endUtcMs === startUtcMs ? before.reading : undefined
    await hold(each, doubtsOf(each.reading, known, utc))
    if (late[index + 1]?.reading.startUtcMs === endUtcMs) continue
    const behind = await storedBehind(each)
    if (behind?.reading.startUtcMs === endUtcMs) await hold(behind, doubtsOf(behind.reading, each.reading, undefined))
  }
  return { changes, doubts }

  async function first(query: Parameters<typeof entriesOf>[1]): Promise<LateReading | undefined> {
    for await (const entry of entriesOf(store, query, 'reading')) {
      const { ledgerId, number } = placeIn(entry)
      return ledgerId === of.ledgerId ? { number, reading: decodeReading(entry.value) } : undefined
    }
    return undefined
  }
}
