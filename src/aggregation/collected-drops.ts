// At the back end: bodies that the IED itself says it has let go of are not lacked any more, for nobody can bring them. They
// are remembered as gone, with the IED's word, and taken all the same if they do come, from whoever still has them.

import { z } from 'zod'
import { codec, countField, nameField } from './codec.ts'
import { type Dropped, droppedBy, dropReasons, explains, MOST_DROPPED } from './dropped.ts'
import { type Header, type LedgerId, type LedgerRecord, ledgerIdField, recordClasses } from './record.ts'
import type { Change, Store } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

export interface CollectedDrop extends Dropped {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** Of the record that says so. */
  readonly number: number
  /** How many bodies this back end lacks by it. */
  readonly lacked: number
}

export const lackingKey = ({ ied, ledgerId, class: recordClass, number }: Header) =>
  key('collector', 'lacking', ied, ledgerId, recordClass, number)
export const goneKey = ({ ied, ledgerId, class: recordClass, number }: Header) =>
  key('collector', 'gone', ied, ledgerId, recordClass, number)

const dropCodec = codec<CollectedDrop>(
  'collected drop',
  z.strictObject({
    ied: nameField,
    ledgerId: ledgerIdField,
    number: countField,
    class: z.enum(recordClasses),
    from: countField,
    to: countField,
    count: countField,
    reason: z.enum(dropReasons),
    lacked: countField,
  }),
  512,
)

/**
 * What these records explain, among themselves and in the store.
 *
 * @param fresh behind all that is stored; @param filled stored so far without their bodies
 */
export async function explainedBy(
  store: Store,
  fresh: readonly LedgerRecord[],
  filled: readonly LedgerRecord[],
): Promise<{
  readonly changes: Change[]
  readonly drops: CollectedDrop[]
  readonly isGone: (header: Header) => boolean
}> {
  const words = [...fresh, ...filled].flatMap(record => {
    const dropped = droppedBy(record)
    return dropped === undefined ? [] : [{ header: record.header, dropped }]
  })
  const changes: Change[] = []
  const drops: CollectedDrop[] = []
  const arrived = new Set(filled.map(({ header }) => header.number))
  for (const { header, dropped } of words) {
    const { ied, ledgerId } = header
    const lackingAt = (number: number) => lackingKey({ ...header, number })
    const range = store.range(lackingAt(dropped.from), lackingAt(dropped.to + 1), { limit: MOST_DROPPED })
    let lacked = fresh.filter(each => each.body === undefined && explains(dropped, each.header)).length
    for await (const entry of range) {
      const number = numberIn(entry.key)
      if (arrived.has(number)) continue
      lacked++
      changes.push({ del: entry.key }, { put: goneKey({ ...header, number }), value: Uint8Array.of(1) })
    }
    const drop: CollectedDrop = { ...dropped, ied, ledgerId, number: header.number, lacked }
    if (lacked === 0) continue // it has all that went
    drops.push(drop)
    changes.push({ put: key('collector', 'dropped', ied, ledgerId, header.number), value: dropCodec.encode(drop) })
  }
  return { changes, drops, isGone: header => words.some(({ dropped }) => explains(dropped, header)) }
}

export async function* collectedDrops(store: Store, ied?: string): AsyncGenerator<CollectedDrop> {
  const [from, to] = ied === undefined ? below('collector', 'dropped') : below('collector', 'dropped', ied)
  for await (const { value } of store.range(from, to)) yield dropCodec.decode(value)
}
