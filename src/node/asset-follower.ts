// Keeps the history of each IED's assets up to date with its records, and on the disk, with the place up to which they were
// taken in. What is kept is only a memory of the ledger: lost, broken or behind, it is made again from the records.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { type AssetHistory, afterRecord, noHistory } from '../aggregation/assets/asset-history.ts'
import type { LedgerRecord } from '../aggregation/record.ts'
import type { Store } from '../aggregation/store.ts'

/** The records of one ledger behind a number, in order. */
export type RecordsAfter = (ied: string, ledgerId: string, after: number) => AsyncIterable<LedgerRecord>

interface Followed {
  history: AssetHistory
  /** By ledger, the last record taken in. A device has a few in its life. */
  cursors: Record<string, number>
  unkept: number
}

/** Written so often; what is not yet written is read again after a restart. */
const KEEP_EVERY = 500
/** Made anew when the fold changes. */
const VERSION = 1
const kept = z.object({
  version: z.literal(VERSION),
  cursors: z.record(z.string(), z.number()),
  history: z.custom<AssetHistory>(value => typeof value === 'object' && value !== null),
})

export function assetFollower(store: Store, recordsAfter: RecordsAfter) {
  /** By IED of the ledgers that are known here. */
  const followed = new Map<string, Followed>()
  let last: Promise<unknown> = Promise.resolve()

  const keyOf = (ied: string): string => `assets/${ied}`

  async function open(ied: string): Promise<Followed> {
    const known = followed.get(ied)
    if (known !== undefined) return known
    const bytes = await store.get(keyOf(ied))
    const read = bytes === undefined ? undefined : kept.safeParse(readOr(bytes))
    const { history, cursors } = read?.data ?? { history: noHistory, cursors: {} }
    const made = { history, cursors: { ...cursors }, unkept: 0 }
    followed.set(ied, made)
    return made
  }

  function takeIn(of: Followed, record: LedgerRecord): void {
    of.history = afterRecord(of.history, record)
    of.cursors[record.header.ledgerId] = record.header.number
    of.unkept++
  }

  async function keep(ied: string, of: Followed): Promise<void> {
    of.unkept = 0
    const { history, cursors } = of
    await store.batch([{ put: keyOf(ied), value: toCbor({ version: VERSION, cursors, history }) }], { durable: false })
  }

  async function catchUp(ied: string, heads: readonly { readonly ledgerId: string; readonly number: number }[]) {
    const of = await open(ied)
    for (const { ledgerId, number } of heads) {
      const after = of.cursors[ledgerId] ?? 0
      if (after >= number) continue
      for await (const record of recordsAfter(ied, ledgerId, after)) takeIn(of, record)
    }
    if (of.unkept >= KEEP_EVERY) await keep(ied, of)
    return of.history
  }

  /** Bodies that come late belong to records passed already: all of it is read again. */
  async function take(ied: string, records: readonly LedgerRecord[]): Promise<void> {
    const of = await open(ied)
    for (const record of records) {
      const { ledgerId, number } = record.header
      const at = of.cursors[ledgerId] ?? 0
      if (number === at + 1) takeIn(of, record)
      else if (number <= at) {
        Object.assign(of, { history: noHistory, cursors: {} })
        return
      }
    }
    if (of.unkept >= KEEP_EVERY) await keep(ied, of)
  }

  function inTurn<T>(job: () => Promise<T>): Promise<T> {
    const done = last.then(job)
    last = done.catch(() => {})
    return done
  }

  return {
    /** As it is with all records up to these heads. */
    historyOf: (ied: string, heads: readonly { readonly ledgerId: string; readonly number: number }[]) =>
      inTurn(() => catchUp(ied, heads)),
    /** Records that have just been stored, in order. */
    stored: (ied: string, records: readonly LedgerRecord[]) => inTurn(() => take(ied, records)),
    stop: () =>
      inTurn(async () => {
        for (const [ied, of] of followed) if (of.unkept > 0) await keep(ied, of)
      }),
  }
}

function readOr(bytes: Uint8Array): unknown {
  try {
    return fromCbor(bytes)
  } catch {
    return undefined
  }
}
