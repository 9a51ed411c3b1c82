// What a back end keeps by IED and start, so that it is listed by time: readings, load profiles, and doubts about readings.

import { utcMs } from '../../topology/units.ts'
import type { ReadingPlace, ReadingQuery } from './reading-query.ts'
import type { Entry, Store } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

/** IED by IED; `limit` counts over all of them. */
export async function* overIeds<E extends Entry>(
  ieds: () => Promise<readonly string[]>,
  { ied, limit = Number.POSITIVE_INFINITY, after, ...query }: ReadingQuery,
  entries: (query: PartQuery) => AsyncIterable<E>,
): AsyncGenerator<E> {
  const wanted = ied === undefined ? await ieds() : [ied]
  let left = limit
  for (const each of wanted) {
    if (left <= 0) return
    if (after !== undefined && isBefore(each, after.ied)) continue
    for await (const entry of entries({ ...query, ied: each, ...behind(each, after), limit: left })) {
      left--
      yield entry
    }
  }
}

/** Names as the store orders the keys that they begin: some characters of names come before the '/' behind them. */
const isBefore = (one: string, other: string): boolean => `${one}/` < `${other}/`
const behind = (ied: string, after: ReadingPlace | undefined) => (after?.ied === ied ? { after } : {})

export type PartQuery = Omit<ReadingQuery, 'ied' | 'limit'> & {
  readonly ied: string
  readonly limit?: number | undefined
}

export function entriesOf(store: Store, query: PartQuery, part: 'reading' | 'profile' | 'doubt'): AsyncIterable<Entry> {
  const { ied, fromUtc = utcMs(0), toUtc, limit, reverse = false, after } = query
  const [, end] = below('collector', part, ied)
  const first = key('collector', part, ied, fromUtc)
  const behindIt = after && `${key('collector', part, ied, after.startUtcMs, after.ledgerId, after.number)}\0`
  const from = behindIt !== undefined && behindIt > first ? behindIt : first
  const to = toUtc === undefined ? end : key('collector', part, ied, toUtc)
  return store.range(from, to, { reverse, ...(limit !== undefined && Number.isFinite(limit) ? { limit } : {}) })
}

/** What `entriesOf` has in its keys. */
export function placeIn({ key: at }: Pick<Entry, 'key'>) {
  const [, , ied = '', , ledgerId = ''] = at.split('/')
  return { ied, ledgerId, number: numberIn(at) }
}
