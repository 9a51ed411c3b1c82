// What a back end lacks of a range of a ledger: by the lists that the collector keeps of bodies that are not here, so that
// neither a lost nor a forged answer, nor an end of the process at any instant, can make it believe that it has them.

import { recordKey } from './batch-place.ts'
import { isInRange, type RecordRange } from './range.ts'
import { headerCodec, type LedgerId, type RecordClass } from './record.ts'
import type { Store } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

export interface CollectedRange {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly range: RecordRange
}

/** The first record behind `after` whose body is lacking, and nobody has said that it is gone. */
export async function firstLacking(store: Store, at: CollectedRange, after: number): Promise<number | undefined> {
  const firsts = at.range.classes.map(async each => {
    for await (const number of absent(store, at, 'lacking', each, after)) return number
    return undefined
  })
  const found = (await Promise.all(firsts)).filter(number => number !== undefined)
  return found.length === 0 ? undefined : Math.min(...found)
}

/** How many bodies of the range are not here, and how many of those never will be, by the IED's own word. */
export async function countAbsent(store: Store, at: CollectedRange): Promise<{ lacking: number; gone: number }> {
  const counts = { lacking: 0, gone: 0 }
  for (const kind of ['lacking', 'gone'] as const)
    for (const each of at.range.classes) for await (const _ of absent(store, at, kind, each, 0)) counts[kind]++
  return counts
}

/** Clocks step, so the numbers of a time are not next to each other. */
async function* absent(
  store: Store,
  { ied, ledgerId, range }: CollectedRange,
  kind: 'lacking' | 'gone',
  recordClass: RecordClass,
  after: number,
): AsyncGenerator<number> {
  const [, end] = below('collector', kind, ied, ledgerId, recordClass)
  for await (const { key: at } of store.range(key('collector', kind, ied, ledgerId, recordClass, after + 1), end)) {
    const number = numberIn(at)
    const header = await store.get(recordKey('header', { ied, ledgerId, number }))
    if (header !== undefined && isInRange(range, headerCodec.decode(header))) yield number
  }
}
