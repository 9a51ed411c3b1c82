// The intervals of the own ledger, validated, for what asks for them often: each record is read once, and what is older than
// anybody needs is forgotten.

import {
  type Edit,
  editIn,
  editOf,
  type Interval,
  type RawInterval,
  rawInterval,
  usualIntervalMs,
  vee,
} from '../aggregation/billing/index.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import { zoneClock } from '../aggregation/local-time.ts'
import { readingIn } from '../aggregation/reading.ts'
import { recordsAfter } from './listings.ts'

/** A year of minutes: more is forgotten, the oldest first. */
const MOST = 540_000

export interface OwnIntervals {
  /** Up to the newest reading. */
  now(nowUtcMs: number): Promise<readonly Interval[]>
  /** As it was when they were last asked for. */
  latest(): readonly Interval[]
  lastRaw(): RawInterval | undefined
}

export function ownIntervals(
  ledger: Pick<Ledger, 'ied' | 'head' | 'read'>,
  {
    keepMs,
    timeZone,
    hasGenerator,
  }: { readonly keepMs: number; readonly timeZone: string; readonly hasGenerator: boolean },
): OwnIntervals {
  let readUpTo = 0
  let raw: RawInterval[] = []
  const edits: Edit[] = []
  let made: readonly Interval[] = []
  const zone = zoneClock(timeZone) ?? zoneClock('UTC')
  let reading: Promise<readonly Interval[]> = Promise.resolve(made)

  async function readOn(nowUtcMs: number): Promise<readonly Interval[]> {
    let isMore = false
    for await (const { header, body } of recordsAfter(ledger, readUpTo)) {
      readUpTo = header.number
      if (header.class !== 'billing' || body === undefined) continue
      const edit = editIn(body.content)
      if (edit !== undefined) {
        edits.push(editOf(edit))
        isMore = true
        continue
      }
      const found = readingIn(body.content)
      if (found === undefined || found.endUtcMs <= found.startUtcMs || found.endUtcMs < nowUtcMs - keepMs) continue
      raw.push(rawInterval(found))
      isMore = true
    }
    if (!isMore) return made
    const oldest = nowUtcMs - keepMs
    if (raw.length > MOST || (raw[0]?.endUtcMs ?? oldest) < oldest - 86_400_000)
      raw = raw.filter(({ endUtcMs }) => endUtcMs >= oldest).slice(-MOST)
    made = vee(
      raw,
      { intervalMs: usualIntervalMs(raw, 900_000), hasGenerator, nowUtcMs },
      zone as NonNullable<typeof zone>,
      edits,
    ).intervals
    return made
  }

  return {
    now(nowUtcMs) {
      reading = reading.then(
        () => readOn(nowUtcMs),
        () => readOn(nowUtcMs),
      )
      return reading
    },
    latest: () => made,
    lastRaw: () => raw.at(-1),
  }
}
