// The back end's side: takes in what members send, once, and says so only when it is safely stored.
//
// Of each ledger the collector keeps the chain from record 1 without a gap. A batch either continues that chain, repeats
// a part of it, or is refused. So however batches are lost, repeated, reordered or sent by two aggregators at once,
// each record is there once, and sums over readings are right.

import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { faultOf, placeOf, recordKey } from './batch-place.ts'
import { codec, countField, hashField, nameField } from './codec.ts'
import { buildClassIndex, type IndexedClass, numbersOfClass } from './collected-classes.ts'
import { judged, withDoubts } from './collected-doubts.ts'
import { type CollectedDrop, collectedDrops, explainedBy, goneKey, lackingKey } from './collected-drops.ts'
import {
  type Evidence,
  evidenceIn,
  type KeptHead,
  keepEvidence,
  keptHeadCodec,
  keptHeadKey,
} from './collected-evidence.ts'
import { headWithin, keepHead } from './collected-heads.ts'
import { entriesOf, overIeds, placeIn } from './collected-intervals.ts'
import { type CollectedRange, countAbsent, firstLacking } from './collected-range.ts'
import { keepBody, keepRecord, storedRecord, withBody } from './collected-records.ts'
import { addToTotal, isUnreadable, readingOf, type Total, totalOf } from './collected-totals.ts'
import type { Batch, Destination, Outcome, Refusal, RefusalReason } from './delivery.ts'
import { droppedBy } from './dropped.ts'
import { judgedLate } from './late-doubts.ts'
import { decodeProfile, type LoadProfile } from './load-profile.ts'
import { openedWith } from './opened-batch.ts'
import type { Sealing } from './portion.ts'
import { decodeReading, type Reading } from './reading.ts'
import type { ReadingDoubt } from './reading-doubts.ts'
import { type Lacking, signReceipt } from './receipt.ts'
import {
  type ChainPosition,
  chainStart,
  headerCodec,
  type LedgerId,
  type LedgerRecord,
  ledgerIdField,
  recordClasses,
  type Sign,
  type UtcTime,
  type Verify,
} from './record.ts'
import { type SerialQueue, serialQueue } from './serial-queue.ts'
import { type Change, type Store, StoreError } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

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

export interface CollectorAlarm {
  /**
   * `newLedger`: a known IED began another ledger, wiped or exchanged. `fork`: two signed histories of one ledger.
   * `unreadable`: billing content that is neither a reading, a bill, a contract, an edit nor a report of usage (stored, but
   * not counted). `dropped`: the IED had no room and let go of bodies that are lacking here. `future`, `registers`: doubtful
   * readings, see `reading-doubts.ts`.
   */
  readonly kind: (typeof alarmKinds)[number]
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly number: number
  readonly utcMs: UtcMs
  /** Of `newLedger`: the latest one before. */
  readonly previous?: LedgerId
}

export interface CollectedReading {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly number: number
  readonly reading: Reading
  readonly doubts: readonly ReadingDoubt[]
}

export interface CollectedProfile {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly number: number
  readonly profile: LoadProfile
}

export interface CollectedHead extends ChainPosition {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** Of the last batch with something new. */
  readonly utcMs: UtcMs
}

export interface ReadingQuery {
  /** All IEDs without it, one after the other. */
  readonly ied?: string
  /** Readings that start at or after it. */
  readonly fromUtc?: UtcMs
  /** Readings that start before it. */
  readonly toUtc?: UtcMs
  readonly limit?: number
  /** The latest of each IED first. */
  readonly reverse?: boolean
  /** Only what comes behind this one, in the order of `readings`. */
  readonly after?: ReadingPlace
}

/** Where a reading stands in the order of `readings`. */
export interface ReadingPlace {
  readonly ied: string
  readonly startUtcMs: UtcMs
  readonly ledgerId: LedgerId
  readonly number: number
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

const alarmKinds = ['newLedger', 'fork', 'unreadable', 'dropped', 'future', 'registers'] as const

/** A device makes a new ledger when its store was lost. One that does so more often is broken or hostile. */
const MAX_LEDGERS_PER_IED = 64

export function openCollector(ports: CollectorPorts): Collector {
  const { store, backEnd, organisation, sign, utc, alarm = () => {}, onStored = () => {} } = ports
  const queues = new Map<string, { run: SerialQueue; waiting: number }>()
  let isBroken = false
  let isIndexBuilt: Promise<void> | undefined

  const refuse = ({ ied, ledgerId }: Batch, reason: RefusalReason, have: ChainPosition = chainStart): Refusal => {
    const { number: haveUpTo, chainHash } = have
    return { kind: 'refusal', reason, backEnd, organisation, ied, ledgerId, haveUpTo, chainHash }
  }

  /** One at a time for each IED, so that what is read stays true until it is written. */
  async function inTurn<T>(ied: string, job: () => Promise<T>): Promise<T> {
    const queue = queues.get(ied) ?? { run: serialQueue(), waiting: 0 }
    queues.set(ied, queue)
    queue.waiting++
    try {
      return await queue.run(job)
    } finally {
      if (--queue.waiting === 0) queues.delete(ied)
    }
  }

  async function take(batch: Batch): Promise<Outcome> {
    await mended()
    const { ied, ledgerId, records, head } = batch
    const known = await headsOf(store, ied)
    const have = known.find(each => each.ledgerId === ledgerId)
    const end = have ?? chainStart
    const isNewLedger = !have && known.length > 0
    if (!have && known.length >= MAX_LEDGERS_PER_IED) return refuse(batch, 'tooManyLedgers')

    const place = await placeOf(store, batch, end)
    if (place === 'gap') return refuse(batch, 'gap', end)
    if (place === 'fork') {
      await tellFork(batch, Math.min(head.number, end.number))
      return refuse(batch, 'fork', end)
    }

    const fresh = records.filter(({ header }) => header.number > end.number)
    const filled = await lackedBodies(store, records, end.number)
    const time = utc()
    const now = time.utcMs
    const reached = head.number > end.number ? { number: head.number, chainHash: head.chainHash } : end
    if (fresh.length + filled.length > 0) {
      const explained = await explainedBy(store, fresh, filled)
      const billing = fresh.filter(record => record.header.class === 'billing' && droppedBy(record) === undefined)
      const judgedFresh = await judged(
        store,
        batch,
        billing.map(record => ({ header: record.header, reading: readingOf(record) })),
        time,
      )
      const late = filled.flatMap(record => {
        const reading = readingOf(record)
        return reading === undefined ? [] : [{ number: record.header.number, reading }]
      })
      const judgedToo = await judgedLate(store, batch, late, time)
      const doubts = [...judgedFresh.doubts, ...judgedToo.doubts]
      const unreadable = [...fresh, ...filled].find(isUnreadable)?.header.number
      const about = { ied, ledgerId, utcMs: now }
      const found: CollectorAlarm[] = [
        ...(isNewLedger ? [{ kind: 'newLedger', ...about, number: 1, ...latestOf(known) } as const] : []),
        ...(unreadable ? [{ kind: 'unreadable', ...about, number: unreadable } as const] : []),
        ...explained.drops
          .filter(({ reason }) => reason !== 'receipted')
          .map(({ number }) => ({ kind: 'dropped', ...about, number }) as const),
        ...doubts.map(doubt => ({ ...about, ...doubt })),
      ]
      const alarms = await unsaid(found)
      const changes = [
        ...fresh.flatMap(record => keepRecord(record, explained.isGone)),
        ...filled.flatMap(record => [
          ...keepBody(record),
          { del: lackingKey(record.header) },
          { del: goneKey(record.header) },
        ]),
        ...explained.changes,
        ...judgedFresh.changes,
        ...judgedToo.changes,
        ...(head.number > end.number ? await keepHead(store, batch) : []),
        { put: headKey(ied, ledgerId), value: headCodec.encode({ ied, ledgerId, ...reached, utcMs: now }) },
        ...(await addToTotal(store, ied, [...fresh, ...filled])),
        ...alarms.map(keepAlarm),
      ]
      await write(changes)
      for (const each of alarms) alarm(each)
      onStored(ied, [...fresh, ...filled])
    }
    const lacking = await lackingOf(store, ied, ledgerId)
    const { number: upTo, chainHash } = reached
    return signReceipt({ backEnd, organisation, ied, ledgerId, upTo, chainHash, lacking, utcMs: now }, sign)
  }

  /** After a failed write another has to succeed before anything is receipted: then it is decided what is durable. */
  async function mended(): Promise<void> {
    if (!isBroken) return
    await store.batch([{ put: PROBE, value: new Uint8Array() }], { durable: true })
    isBroken = false
    isIndexBuilt = undefined
  }

  async function write(changes: readonly Change[]): Promise<void> {
    try {
      await store.batch(changes, { durable: true })
    } catch (error) {
      isBroken = true // nobody knows now what is durable, so nothing is receipted
      throw error
    }
  }

  /** Of each kind the first of a ledger: a device that goes on like that says nothing new. */
  async function unsaid(alarms: readonly CollectorAlarm[]): Promise<CollectorAlarm[]> {
    const first = alarms.filter(({ kind }, index) => alarms.findIndex(each => each.kind === kind) === index)
    const known = await Promise.all(first.map(each => store.get(alarmKey(each))))
    return first.filter((_, index) => known[index] === undefined)
  }

  /** The same batch may come as often as somebody likes to send it. */
  async function tellFork(batch: Batch, number: number): Promise<void> {
    const { ied, ledgerId } = batch
    const now = utc().utcMs
    const alarms = await unsaid([{ kind: 'fork', ied, ledgerId, number, utcMs: now }])
    const changes = [...alarms.map(keepAlarm), ...(await keepEvidence(store, batch, number, now))]
    if (changes.length > 0) await write(changes)
    for (const each of alarms) alarm(each)
  }

  const ieds = async (): Promise<string[]> => [...new Set((await headsOf(store)).map(head => head.ied))]

  return {
    async accept(batch) {
      const { ied } = batch
      const verify = ports.keyOf(ied, batch.credentialHash)
      if (!verify) return refuse(batch, 'unknownIed')
      if (!ports.mayCollect(ied)) return refuse(batch, 'notAllowed')
      const fault = faultOf(batch, verify)
      if (fault) return refuse(batch, fault)
      const opened = await openedWith(ports.sealing, batch)
      return inTurn(ied, async () => {
        try {
          return await take(opened)
        } catch (error) {
          if (error instanceof StoreError) return refuse(batch, 'storeFailed')
          throw error
        }
      })
    },
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
      // A write that fails here may have been torn in the store like any other.
      isIndexBuilt ??= buildClassIndex(store).catch(error => {
        isBroken = true
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
    heads: ied => headsOf(store, ied),
    total: ied => totalOf(store, ied),
    async alarms() {
      const alarms: CollectorAlarm[] = []
      for await (const { value } of store.range(...below('collector', 'alarm'))) alarms.push(alarmCodec.decode(value))
      return alarms
    },
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

/** Records that are stored without the body that is now here, whether it was lacking or said to be gone. */
async function lackedBodies(store: Store, records: readonly LedgerRecord[], upTo: number): Promise<LedgerRecord[]> {
  const lacked: LedgerRecord[] = []
  for (const record of records) {
    if (record.header.number > upTo || !record.body) continue
    const { header } = record
    if ((await store.get(lackingKey(header))) ?? (await store.get(goneKey(header)))) lacked.push(record)
  }
  return lacked
}

async function lackingOf(store: Store, ied: string, ledgerId: LedgerId): Promise<Lacking> {
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

async function headsOf(store: Store, ied?: string): Promise<CollectedHead[]> {
  const [from, to] = ied === undefined ? below('collector', 'head') : below('collector', 'head', ied)
  const heads: CollectedHead[] = []
  for await (const { value } of store.range(from, to)) heads.push(headCodec.decode(value))
  return heads
}

/** Of the IED's ledgers, the one that grew last. */
function latestOf(known: readonly CollectedHead[]): { previous?: LedgerId } {
  const [latest] = known.toSorted((one, other) => other.utcMs - one.utcMs)
  return latest === undefined ? {} : { previous: latest.ledgerId }
}

const PROBE = key('collector', 'probe')

/** One of a kind for each ledger, so that a device cannot fill the store with alarms. */
const keepAlarm = (alarm: CollectorAlarm): Change => ({ put: alarmKey(alarm), value: alarmCodec.encode(alarm) })
const alarmKey = ({ ied, ledgerId, kind }: CollectorAlarm) => key('collector', 'alarm', ied, ledgerId, kind)

const headKey = (ied: string, ledgerId: LedgerId) => key('collector', 'head', ied, ledgerId)

const utcField = countField.transform(utcMs)
const headCodec = codec<CollectedHead>(
  'collected head',
  z.strictObject({
    ied: nameField,
    ledgerId: ledgerIdField,
    number: countField,
    chainHash: hashField,
    utcMs: utcField,
  }),
  512,
)
const alarmCodec = codec<CollectorAlarm>(
  'collector alarm',
  z.strictObject({
    kind: z.enum(alarmKinds),
    ied: nameField,
    ledgerId: ledgerIdField,
    number: countField,
    utcMs: utcField,
    previous: ledgerIdField.exactOptional(),
  }),
  512,
)
