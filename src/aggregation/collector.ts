// The back end's side: takes in what members send, once, and says so only when it is safely stored.
//
// Of each ledger the collector keeps the chain from record 1 without a gap. A batch either continues that chain, repeats
// a part of it, or is refused. So however batches are lost, repeated, reordered or sent by two aggregators at once,
// each record is there once, and sums over readings are right.

import { type UtcMs, utcMs } from '../../topology/units.ts'
import { recordKey } from './batch-place.ts'
import { type CollectedHead, chainHeads } from './chain-heads.ts'
import { buildClassIndex, type IndexedClass, numbersOfClass } from './collected-classes.ts'
import { withDoubts } from './collected-doubts.ts'
import { type CollectedDrop, collectedDrops } from './collected-drops.ts'
import { type Evidence, evidenceIn, type KeptHead, keptHeadCodec, keptHeadKey } from './collected-evidence.ts'
import { headWithin } from './collected-heads.ts'
import { entriesOf, overIeds, placeIn } from './collected-intervals.ts'
import { type CollectedRange, countAbsent, firstLacking } from './collected-range.ts'
import { storedRecord, withBody } from './collected-records.ts'
import { type Total, totalOf } from './collected-totals.ts'
import { type CollectorAlarm, keptAlarms } from './collector-alarms.ts'
import { collectorIntake } from './collector-intake.ts'
import type { Batch, Destination, Outcome } from './delivery.ts'
import { decodeProfile } from './load-profile.ts'
import type { Sealing } from './portion.ts'
import { decodeReading } from './reading.ts'
import type { CollectedProfile, CollectedReading, ReadingQuery } from './reading-query.ts'
import { headerCodec, type LedgerId, type LedgerRecord, type Sign, type UtcTime, type Verify } from './record.ts'
import { safeWrites } from './safe-writes.ts'
import type { Store } from './store.ts'
import { below, numberIn } from './store-keys.ts'

export type { Total }

export interface CollectorPorts extends Destination {
  readonly store: Store
  /** With this back end's key. */
  readonly sign: Sign
  readonly utc: () => UtcTime
  /** With the keys that this back end holds. Without it, what is sealed is kept as headers alone. */
  readonly sealing?: Pick<Sealing, 'open'>
  /** The key of the IED, by the credential that the batch names if it names one. */
  readonly keyOf: (ied: string, credentialHash?: Uint8Array) => Verify | undefined
  readonly mayCollect: (ied: string) => boolean
  readonly alarm?: (alarm: CollectorAlarm) => void
  /** After the records are durable: for whatever shows or computes as they come in. */
  readonly onStored?: (ied: string, records: readonly LedgerRecord[]) => void
}

export interface Collector {
  /** Never rejects for what is in the batch. The receipt covers all that is stored of the ledger. */
  accept(batch: Batch): Promise<Outcome>
  /** By IED, then by start. `limit` counts over all IEDs. */
  readings(query: ReadingQuery): AsyncIterable<CollectedReading>
  /** Load profiles, in the same order. */
  profiles(query: ReadingQuery): AsyncIterable<CollectedProfile>
  /** When the readings, or the load profiles, of an IED start, without reading them. */
  starts(of: 'reading' | 'profile', query: ReadingQuery & { readonly ied: string }): AsyncIterable<UtcMs>
  records(wanted: { ied: string; ledgerId: LedgerId; after?: number; limit?: number }): AsyncIterable<LedgerRecord>
  /** Those of one class, in order, without reading the others. */
  recordsOf(wanted: { ied: string; ledgerId: LedgerId; class: IndexedClass }): AsyncIterable<LedgerRecord>
  /** The contracts and edits of an IED, those of one ledger in their order. */
  billingWords(ied: string): AsyncIterable<LedgerRecord>
  heads(ied?: string): Promise<CollectedHead[]>
  /** Over all ledgers of the IED. */
  total(ied: string): Promise<Total>
  alarms(): Promise<CollectorAlarm[]>
  /** The head of the stored chain as the IED signed it. */
  signedHead(ied: string, ledgerId: LedgerId): Promise<KeptHead | undefined>
  /** The furthest kept head behind this record that one batch reaches, see `collected-heads.ts`. */
  headWithin(wanted: { ied: string; ledgerId: LedgerId; after: number }): Promise<KeptHead | undefined>
  /** Second histories, by IED. */
  evidence(ied?: string): AsyncIterable<Evidence>
  /** What is lacking here because the IED let go of it, by its own word. */
  drops(ied?: string): AsyncIterable<CollectedDrop>
  /** Of a range: the first record behind `after` whose body is lacking; how many are, and how many have gone. */
  firstLacking(at: CollectedRange, after: number): Promise<number | undefined>
  countAbsent(at: CollectedRange): Promise<{ readonly lacking: number; readonly gone: number }>
}

export function openCollector(ports: CollectorPorts): Collector {
  const { store } = ports
  let isIndexBuilt: Promise<void> | undefined
  const writes = safeWrites(store, () => {
    isIndexBuilt = undefined
  })
  const ieds = async (): Promise<string[]> => [...new Set((await chainHeads(store)).map(head => head.ied))]

  return {
    accept: collectorIntake(ports, writes),
    async *readings(query) {
      const found = overIeds(ieds, query, each =>
        withDoubts(
          entriesOf(store, each, 'reading'),
          entriesOf(store, { ...each, limit: undefined }, 'doubt'),
          query.reverse ?? false,
        ),
      )
      for await (const { value, doubts, ...place } of found) {
        yield { ...placeIn(place), reading: decodeReading(value), doubts }
      }
    },
    async *profiles(query) {
      for await (const { value, ...place } of overIeds(ieds, query, each => entriesOf(store, each, 'profile'))) {
        yield { ...placeIn(place), profile: decodeProfile(value) }
      }
    },
    async *starts(part, query) {
      for await (const { key: at } of entriesOf(store, query, part)) yield utcMs(Number(at.split('/').at(-3)))
    },
    async *records({ ied, ledgerId, after = 0, limit }) {
      const [, end] = below('collector', 'header', ied, ledgerId)
      const from = recordKey('header', { ied, ledgerId, number: after + 1 })
      for await (const { value } of store.range(from, end, limit === undefined ? {} : { limit })) {
        yield await withBody(store, headerCodec.decode(value))
      }
    },
    async *recordsOf(wanted) {
      isIndexBuilt ??= buildClassIndex(store).catch(error => {
        writes.failed()
        throw error
      })
      await isIndexBuilt
      for await (const number of numbersOfClass(store, wanted)) {
        const record = await storedRecord(store, { ...wanted, number })
        if (record !== undefined) yield record
      }
    },
    async *billingWords(ied) {
      for await (const { key: at } of store.range(...below('collector', 'billing-word', ied))) {
        const where = { ied, ledgerId: at.split('/').at(-2) ?? '', number: numberIn(at) }
        const record = await storedRecord(store, where)
        if (record?.body !== undefined) yield record
      }
    },
    heads: ied => chainHeads(store, ied),
    total: ied => totalOf(store, ied),
    alarms: () => keptAlarms(store),
    async signedHead(ied, ledgerId) {
      const bytes = await store.get(keptHeadKey(ied, ledgerId))
      return bytes && keptHeadCodec.decode(bytes)
    },
    headWithin: wanted => headWithin(store, wanted),
    evidence: ied => evidenceIn(store, ied),
    drops: ied => collectedDrops(store, ied),
    firstLacking: (at, after) => firstLacking(store, at, after),
    countAbsent: at => countAbsent(store, at),
  }
}
