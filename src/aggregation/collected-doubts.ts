// Doubts about readings, kept beside them in the same order, so that whoever lists readings reads both at once.

import { z } from 'zod'
import type { UtcMs } from '../../topology/units.ts'
import { codec, countField, wattHoursField } from './codec.ts'
import type { Reading } from './reading.ts'
import { doubtsOf, type ReadingDoubt, readingDoubts } from './reading-doubts.ts'
import type { Header, LedgerId, UtcTime } from './record.ts'
import type { Change, Entry, Key, Store } from './store.ts'
import { key } from './store-keys.ts'

const doubtCodec = codec('doubts', z.array(z.enum(readingDoubts)).max(readingDoubts.length), 64)
/** Where the last reading of a ledger ended. */
const endCodec = codec(
  'end of a reading',
  z.strictObject({ number: countField, importWhEnd: wattHoursField, exportWhEnd: wattHoursField }),
  128,
)
const endKey = (ied: string, ledgerId: LedgerId) => key('collector', 'last-end', ied, ledgerId)

export const doubtPlace = (
  { ied, ledgerId }: { readonly ied: string; readonly ledgerId: LedgerId },
  startUtcMs: UtcMs,
  number: number,
) => key('collector', 'doubt', ied, startUtcMs, ledgerId, number)

/** With those that are held against it already. */
export async function mergedDoubts(store: Store, at: Key, doubts: readonly ReadingDoubt[]): Promise<Uint8Array> {
  const known = await store.get(at)
  return doubtCodec.encode([...new Set([...(known ? doubtCodec.decode(known) : []), ...doubts])])
}

/**
 * What is doubtful of new readings, in the order of their numbers.
 *
 * @param fresh records of class `billing` behind all that is stored; without a reading where the body is lacking, or is
 *   none: then nothing says with which registers the next one has to begin
 */
export async function judged(
  store: Store,
  { ied, ledgerId }: { readonly ied: string; readonly ledgerId: LedgerId },
  fresh: readonly { readonly header: Header; readonly reading: Reading | undefined }[],
  now: UtcTime,
): Promise<{
  readonly changes: Change[]
  readonly doubts: { readonly number: number; readonly kind: ReadingDoubt }[]
}> {
  const at = endKey(ied, ledgerId)
  const kept = fresh.length === 0 ? undefined : await store.get(at)
  let end = kept && endCodec.decode(kept)
  const changes: Change[] = []
  const doubts: { number: number; kind: ReadingDoubt }[] = []
  for (const { header, reading } of fresh) {
    if (reading === undefined) {
      end = undefined
      continue
    }
    const found = doubtsOf(reading, end, now.quality === 'good' ? now.utcMs : undefined)
    if (found.length > 0) {
      const place = doubtPlace({ ied, ledgerId }, reading.startUtcMs, header.number)
      changes.push({ put: place, value: doubtCodec.encode(found) })
      doubts.push(...found.map(kind => ({ number: header.number, kind })))
    }
    end = { number: header.number, importWhEnd: reading.importWhEnd, exportWhEnd: reading.exportWhEnd }
  }
  if (fresh.length > 0) changes.push(end ? { put: at, value: endCodec.encode(end) } : { del: at })
  return { changes, doubts }
}

/** Each reading's entry with what is doubted of it. @param doubts in the same order as the readings */
export async function* withDoubts(
  readings: AsyncIterable<Entry>,
  doubts: AsyncIterable<Entry>,
  reverse: boolean,
): AsyncGenerator<Entry & { readonly doubts: readonly ReadingDoubt[] }> {
  const rest = doubts[Symbol.asyncIterator]()
  try {
    let next = await rest.next()
    for await (const entry of readings) {
      const place = placeIn(entry)
      while (!next.done && (reverse ? placeIn(next.value) > place : placeIn(next.value) < place))
        next = await rest.next()
      const own = !next.done && placeIn(next.value) === place ? doubtCodec.decode(next.value.value) : []
      yield { ...entry, doubts: own }
    }
  } finally {
    await rest.return?.()
  }
}

/** What follows `collector/reading/IED/` or `collector/doubt/IED/`: digits and hexadecimal, so strings compare as keys do. */
const placeIn = ({ key: at }: Entry): string => at.split('/').slice(3).join('/')
