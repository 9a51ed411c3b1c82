// The ledger of one IED: what it read and did, in an order that cannot be changed afterwards.
//
// A number is used once. A record is written together with the new head in one durable batch, before its append
// resolves, and is not visible to readers any earlier. When the store contradicts itself at opening, the ledger refuses
// to open rather than use a number again.
//
// Bodies may go, by `drop`, in one batch with a record that says which ones went and why (`dropped.ts`). Headers stay, so
// that the chain can always be verified from its beginning.

import type { UtcMs } from '../../topology/units.ts'
import { AggregationError } from './aggregation-error.ts'
import { type Dropped, type DropReason, encodeDropped, MOST_DROPPED } from './dropped.ts'
import {
  bodyKey,
  droppedKey,
  HEAD,
  headCodec,
  headerKey,
  keptCodec,
  keptKey,
  lastCodec,
  lastKey,
  PROBE,
  readRecords,
  readSome,
  spanCodec,
  USAGE,
} from './ledger-entries.ts'
import { checkedHead, identify, usageIn } from './ledger-opening.ts'
import { ENTRY_BYTES, type LedgerUsage, totalBytes, usageCodec, withBodies, withChain } from './ledger-usage.ts'
import {
  type Body,
  bodyCodec,
  type ChainPosition,
  chainHash,
  chainStart,
  commitmentTo,
  type Header,
  headerCodec,
  type LedgerId,
  type LedgerRecord,
  MAX_CONTENT_BYTES,
  type RecordClass,
  SALT_BYTES,
  type Sign,
  type SignedHead,
  signHead,
  type UtcTime,
} from './record.ts'
import { serialQueue } from './serial-queue.ts'
import type { Change, Store } from './store.ts'
import { below, numberIn } from './store-keys.ts'

export interface LedgerPorts {
  readonly store: Store
  readonly ied: string
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array
  /** Ed25519 with the key of this IED. */
  readonly sign: Sign
  readonly utc: () => UtcTime
  /** Without it, as much as the store takes. */
  readonly quota?: LedgerQuota
}

export interface LedgerQuota {
  readonly bytes: number
  /** The last part of it, for `billing` alone. */
  readonly reservedBytes: number
}

export interface Drop {
  readonly class: RecordClass
  readonly reason: DropReason
  /** Of none behind this record. */
  readonly upTo: number
  /** Of none that is from this time or later. */
  readonly before?: UtcMs
  /** As soon as so much has become free, no more goes. */
  readonly bytes?: number
  /** When there are fewer, none goes: each such act is a record itself. */
  readonly atLeast?: number
}

export interface LedgerRead {
  readonly after: number
  readonly limit: number
  readonly maxBytes: number
  /** The others are given without theirs. */
  readonly bodyOf?: (header: Header) => boolean
}

export interface Ledger {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** Begun in this store by this opening. */
  readonly isNew: boolean
  /** The last durable record. */
  head(): ChainPosition
  /**
   * Resolves when the ledger takes records: at once, but after a failed write. Then it looks whether the store takes writes
   * again, and goes on from what is there, which may have the record whose append was rejected.
   * @throws AggregationError LEDGER_FAILED, LEDGER_CORRUPT
   */
  ready(): Promise<void>
  usage(): LedgerUsage
  /**
   * Resolves when the record would survive a power cut. Appends happen in the order of the calls.
   * @throws AggregationError RECORD_TOO_LARGE; LEDGER_FULL when the quota has no room for this class;
   *   LEDGER_FAILED when the write failed, and as long as the store takes none
   */
  append(recordClass: RecordClass, content: Uint8Array): Promise<Header>
  /**
   * Lets go of the oldest bodies of a class, up to `MOST_DROPPED` at once, and says so in the chain, all or nothing. The
   * newest ones of a class stay in any case: a meter goes on from them.
   * @returns nothing when there is nothing to let go of
   */
  drop(wanted: Drop): Promise<(Dropped & { readonly number: number; readonly bytes: number }) | undefined>
  /** In order, from `after` + 1. Stops at either limit, but gives one record at least if there is one. */
  read(wanted: LedgerRead): Promise<LedgerRecord[]>
  /** The newest records of the class whose bodies are there, in order, so many at the most; the others are not read. */
  newestOf(recordClass: RecordClass, limit: number): Promise<LedgerRecord[]>
  /** For whoever lacks this body: the record itself, or the one that says that it is gone. */
  toSendFor(lacked: Pick<Header, 'class' | 'number'>): Promise<number | undefined>
  /** Signs the chain up to this record (default: the last) as it is now. @throws RangeError beyond the ledger */
  signedHead(number?: number): Promise<SignedHead>
  chainHashAt(number: number): Promise<Uint8Array | undefined>
  /** The newest record of the class whose content is accepted. */
  last(recordClass: RecordClass, isWanted?: (content: Uint8Array) => boolean): Promise<LedgerRecord | undefined>
}

/** Bodies that always stay: the last reading is where the next one begins, and among bills it is not the very last record. */
export const newestKept = (recordClass: RecordClass): number => (recordClass === 'billing' ? 256 : 1)

/** @throws AggregationError LEDGER_FOREIGN, LEDGER_CORRUPT */
export async function openLedger({ store, ied, randomBytes, sign, utc, quota }: LedgerPorts): Promise<Ledger> {
  const { ledgerId, isNew } = await identify(store, ied, randomBytes)
  let head = await checkedHead(store, ied, ledgerId)
  let usage = await usageIn(store, ied, head)
  let failure: unknown
  const inOrder = serialQueue()

  function made(recordClass: RecordClass, content: Uint8Array) {
    const body: Body = { salt: randomBytes(SALT_BYTES), content }
    const { utcMs, quality } = utc()
    const header: Header = {
      ledgerId,
      ied,
      number: head.number + 1,
      class: recordClass,
      utcMs,
      utcQuality: quality,
      previousHash: head.chainHash,
      commitment: commitmentTo(body),
    }
    return { header, headerBytes: headerCodec.encode(header), bodyBytes: bodyCodec.encode(body) }
  }

  async function write(
    { header, headerBytes, bodyBytes }: ReturnType<typeof made>,
    nextUsage: LedgerUsage,
    more: readonly Change[],
  ): Promise<void> {
    const next = { number: header.number, chainHash: chainHash(header) }
    const changes = [
      { put: headerKey(header.number), value: headerBytes },
      { put: bodyKey(header.number), value: bodyBytes },
      { put: HEAD, value: headCodec.encode(next) },
      { put: USAGE, value: usageCodec.encode(nextUsage) },
      ...more,
    ]
    try {
      await store.batch(changes, { durable: true })
    } catch (cause) {
      failure = cause // whether the number is used, only the store can tell, once it takes writes again
      throw failed(ied, cause)
    }
    head = next
    usage = nextUsage
  }

  /** As opening does, in a store of which a write that succeeds has shown that the failed one is decided. */
  async function ready(): Promise<void> {
    if (failure === undefined) return
    try {
      await store.batch([{ put: PROBE, value: new Uint8Array() }], { durable: true })
    } catch (cause) {
      throw failed(ied, cause)
    }
    head = await checkedHead(store, ied, ledgerId)
    usage = await usageIn(store, ied, head)
    failure = undefined
  }

  async function append(recordClass: RecordClass, content: Uint8Array): Promise<Header> {
    await ready()
    const record = made(recordClass, content)
    const { header, headerBytes, bodyBytes } = record
    const bytes = bodyBytes.length + ENTRY_BYTES
    const after = withBodies(withChain(usage, headerBytes.length + ENTRY_BYTES), recordClass, 1, bytes)
    if (quota !== undefined && totalBytes(after) > roomFor(recordClass, quota)) throw full(ied, recordClass, quota)
    await write(record, after, [
      { put: lastKey(recordClass), value: lastCodec.encode({ number: header.number }) },
      { put: keptKey(header), value: keptCodec.encode({ bytes }) },
    ])
    return header
  }

  async function drop(wanted: Drop) {
    await ready()
    const { class: recordClass, reason, upTo, before, bytes: wantedBytes = Number.POSITIVE_INFINITY } = wanted
    const spare = (usage.classes[recordClass]?.records ?? 0) - newestKept(recordClass)
    const most = Math.min(MOST_DROPPED, spare)
    if (most <= 0) return undefined
    const numbers: number[] = []
    let freed = 0
    for await (const entry of store.range(...below('ledger', 'kept', recordClass), { limit: most })) {
      const number = numberIn(entry.key)
      if (number > upTo || freed >= wantedBytes) break
      if (before !== undefined) {
        const header = await store.get(headerKey(number))
        if (!header || headerCodec.decode(header).utcMs >= before) break
      }
      numbers.push(number)
      freed += keptCodec.decode(entry.value).bytes
    }
    const [from] = numbers
    const to = numbers.at(-1)
    if (from === undefined || to === undefined || numbers.length < (wanted.atLeast ?? 1)) return undefined

    const dropped: Dropped = { class: recordClass, from, to, count: numbers.length, reason }
    const record = made(recordClass, encodeDropped(dropped))
    const own = record.headerBytes.length + record.bodyBytes.length + 2 * ENTRY_BYTES
    await write(record, withChain(withBodies(usage, recordClass, -numbers.length, -freed), own), [
      { put: droppedKey(record.header), value: spanCodec.encode({ from, to }) },
      ...numbers.flatMap(number => [{ del: bodyKey(number) }, { del: keptKey({ class: recordClass, number }) }]),
    ])
    return { ...dropped, number: record.header.number, bytes: freed }
  }

  async function chainHashAt(number: number): Promise<Uint8Array | undefined> {
    if (number === head.number) return head.chainHash
    if (number === 0) return chainStart.chainHash
    if (number > head.number) return undefined
    const bytes = await store.get(headerKey(number))
    return bytes && chainHash(headerCodec.decode(bytes))
  }

  return {
    ied,
    ledgerId,
    isNew,
    head: () => head,
    ready: () => inOrder(ready),
    usage: () => usage,
    async append(recordClass, content) {
      if (content.length > MAX_CONTENT_BYTES) {
        const message = `${ied}: a record of ${content.length} bytes, want ${MAX_CONTENT_BYTES} at most`
        throw new AggregationError('RECORD_TOO_LARGE', message)
      }
      const own = content.slice() // the caller may go on using its buffer while this waits its turn
      return inOrder(() => append(recordClass, own))
    },
    drop: wanted => inOrder(() => drop(wanted)),
    async read({ after, limit, maxBytes, bodyOf }) {
      const to = Math.min(head.number, after + limit)
      return bodyOf ? readSome(store, after, to, maxBytes, bodyOf) : readRecords(store, after, to, maxBytes)
    },
    async newestOf(recordClass, limit) {
      const found: LedgerRecord[] = []
      for await (const { key: at } of store.range(...below('ledger', 'kept', recordClass), { reverse: true, limit })) {
        // A body that goes meanwhile is left out.
        const [record] = await readRecords(store, numberIn(at) - 1, numberIn(at))
        if (record?.body !== undefined) found.push(record)
      }
      return found.reverse()
    },
    async toSendFor({ class: recordClass, number }) {
      if (await store.get(bodyKey(number))) return number
      for await (const { key: at, value } of store.range(...below('ledger', 'dropped', recordClass))) {
        const { from, to } = spanCodec.decode(value)
        if (from <= number && number <= to) return numberIn(at)
      }
      return undefined
    },
    async signedHead(number = head.number) {
      const hash = await chainHashAt(number)
      if (!hash) throw new RangeError(`${ied}: asked to sign record ${number} of ${head.number}`)
      return signHead({ ied, ledgerId, number, chainHash: hash, utcMs: utc().utcMs }, sign)
    },
    chainHashAt,
    async last(recordClass, isWanted = () => true) {
      const pointer = await store.get(lastKey(recordClass))
      if (!pointer) return undefined
      const { number } = lastCodec.decode(pointer)
      for await (const { value } of store.range(headerKey(1), headerKey(number + 1), { reverse: true })) {
        const header = headerCodec.decode(value)
        const bytes = header.class === recordClass ? await store.get(bodyKey(header.number)) : undefined
        if (!bytes) continue
        const body = bodyCodec.decode(bytes)
        if (isWanted(body.content)) return { header, body }
      }
      return undefined
    },
  }
}

const roomFor = (recordClass: RecordClass, { bytes, reservedBytes }: LedgerQuota): number =>
  recordClass === 'billing' ? bytes : bytes - reservedBytes

const full = (ied: string, recordClass: RecordClass, { bytes }: LedgerQuota): AggregationError =>
  new AggregationError(
    'LEDGER_FULL',
    `${ied}: no room for a record of class ${recordClass} within the quota of ${bytes} bytes: want receipts from the ` +
      'back ends, or a larger ledger.quotaMb',
  )

const failed = (ied: string, cause: unknown): AggregationError =>
  new AggregationError(
    'LEDGER_FAILED',
    `${ied}: the ledger takes nothing while its store takes no writes: ${String(cause)}`,
    { cause },
  )
