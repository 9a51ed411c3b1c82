// Records of members as a back end's store has them: their headers, bodies, and the lists by which they are found.

import type { UtcMs } from '../../topology/units.ts'
import { recordKey } from './batch-place.ts'
import { classEntry } from './collected-classes.ts'
import { goneKey, lackingKey } from './collected-drops.ts'
import { isBillingWord, profileOf, readingOf } from './collected-totals.ts'
import { bodyCodec, type Header, headerCodec, type LedgerId, type LedgerRecord } from './record.ts'
import type { Change, Store } from './store.ts'
import { key } from './store-keys.ts'

export async function storedRecord(store: Store, at: { ied: string; ledgerId: LedgerId; number: number }) {
  const header = await store.get(recordKey('header', at))
  return header && withBody(store, headerCodec.decode(header))
}

export async function withBody(store: Store, header: Header): Promise<LedgerRecord> {
  const body = await store.get(recordKey('body', header))
  return body ? { header, body: bodyCodec.decode(body) } : { header }
}

export function keepRecord(record: LedgerRecord, isGone: (header: Header) => boolean): Change[] {
  const header = { put: recordKey('header', record.header), value: headerCodec.encode(record.header) }
  const kept = [header, ...classEntry(record.header)]
  if (record.body) return [...kept, ...keepBody(record)]
  const without = isGone(record.header) ? goneKey : lackingKey
  return [...kept, { put: without(record.header), value: Uint8Array.of(1) }]
}

export function keepBody(record: LedgerRecord): Change[] {
  const { header, body } = record
  if (!body) return []
  const { ied, ledgerId, number } = header
  const reading = readingOf(record)
  const listed = (part: 'reading' | 'profile', of: { readonly startUtcMs: UtcMs } | undefined): Change[] =>
    of === undefined ? [] : [{ put: key('collector', part, ied, of.startUtcMs, ledgerId, number), value: body.content }]
  return [
    { put: recordKey('body', header), value: bodyCodec.encode(body) },
    ...listed('reading', reading),
    ...listed('profile', profileOf(record)),
    ...(reading === undefined && isBillingWord(record)
      ? [{ put: key('collector', 'billing-word', ied, ledgerId, number), value: Uint8Array.of(1) }]
      : []),
  ]
}
