// Which bodies a back end lacks of records whose headers it has: so the receipt says, and so they are filled in later.

import { goneKey, lackingKey } from './collected-drops.ts'
import type { Lacking } from './receipt.ts'
import { type LedgerId, type LedgerRecord, recordClasses } from './record.ts'
import type { Store } from './store.ts'
import { below, numberIn } from './store-keys.ts'

/** Records that are stored without the body that is now here, whether it was lacking or said to be gone. */
export async function lackedBodies(
  store: Store,
  records: readonly LedgerRecord[],
  upTo: number,
): Promise<LedgerRecord[]> {
  const lacked: LedgerRecord[] = []
  for (const record of records) {
    if (record.header.number > upTo || !record.body) continue
    const { header } = record
    if ((await store.get(lackingKey(header))) ?? (await store.get(goneKey(header)))) lacked.push(record)
  }
  return lacked
}

export async function lackingOf(store: Store, ied: string, ledgerId: LedgerId): Promise<Lacking> {
  const lacking: { -readonly [each in keyof Lacking]: Lacking[each] } = {}
  if (await isEmpty(store, below('collector', 'lacking', ied, ledgerId))) return lacking
  for (const each of recordClasses) {
    for await (const first of store.range(...below('collector', 'lacking', ied, ledgerId, each), { limit: 1 })) {
      lacking[each] = numberIn(first.key)
    }
  }
  return lacking
}

async function isEmpty(store: Store, [from, to]: readonly [string, string]): Promise<boolean> {
  for await (const _ of store.range(from, to, { limit: 1 })) return false
  return true
}
