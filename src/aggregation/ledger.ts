// The ledger of one IED: what it read and did, in an order that cannot be changed afterwards.
//
// A number is used once. A record is written together with the new head in one durable batch, before its append
// resolves, and is not visible to readers any earlier. When the store contradicts itself at opening, the ledger refuses
// to open rather than use a number again.

import { z } from 'zod'
import { AggregationError } from './aggregation-error.ts'
import { codec, countField, hashField, nameField } from './codec.ts'
import {
  type Body,
  bodyCodec,
  type ChainPosition,
  chainHash,
  chainStart,
  checkChain,
  commitmentTo,
  type Header,
  headerCodec,
  type LedgerId,
  type LedgerRecord,
  ledgerIdField,
  MAX_CONTENT_BYTES,
  type RecordClass,
  SALT_BYTES,
  type Sign,
  type SignedHead,
  sameBytes,
  signHead,
  type UtcTime,
} from './record.ts'
import { serialQueue } from './serial-queue.ts'
import type { Entry, Store } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

export interface LedgerPorts {
  readonly store: Store
  readonly ied: string
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array
  /** Ed25519 with the key of this IED. */
  readonly sign: Sign
  readonly utc: () => UtcTime
}

export interface Ledger {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** The last durable record. */
  head(): ChainPosition
  /**
   * Resolves when the record would survive a power cut. Appends happen in the order of the calls.
   * @throws AggregationError RECORD_TOO_LARGE; LEDGER_FAILED from the first failed write on, until opened again
   */
  append(recordClass: RecordClass, content: Uint8Array): Promise<Header>
  /** In order, from `after` + 1. Stops at either limit, but gives one record at least if there is one. */
  read(wanted: { after: number; limit: number; maxBytes: number }): Promise<LedgerRecord[]>
  /** Signs the chain up to this record (default: the last) as it is now. @throws RangeError beyond the ledger */
  signedHead(number?: number): Promise<SignedHead>
  chainHashAt(number: number): Promise<Uint8Array | undefined>
  /** The newest record of the class whose content is accepted. */
  last(recordClass: RecordClass, isWanted?: (content: Uint8Array) => boolean): Promise<LedgerRecord | undefined>
}

/** How many records from the end are verified at opening. Tears happen there; the rest is verified by whoever collects. */
const TAIL = 64

/** @throws AggregationError LEDGER_FOREIGN, LEDGER_CORRUPT */
export async function openLedger({ store, ied, randomBytes, sign, utc }: LedgerPorts): Promise<Ledger> {
  const ledgerId = await identify(store, ied, randomBytes)
  let head = await checkedHead(store, ied, ledgerId)
  let failure: unknown
  const inOrder = serialQueue()

  async function append(recordClass: RecordClass, content: Uint8Array): Promise<Header> {
    if (failure !== undefined) throw failed(ied, failure)
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
    const next = { number: header.number, chainHash: chainHash(header) }
    const changes = [
      { put: headerKey(header.number), value: headerCodec.encode(header) },
      { put: bodyKey(header.number), value: bodyCodec.encode(body) },
      { put: lastKey(recordClass), value: lastCodec.encode({ number: header.number }) },
      { put: HEAD, value: headCodec.encode(next) },
    ]
    try {
      await store.batch(changes, { durable: true })
    } catch (cause) {
      failure = cause // whether the number is used, only opening again can tell
      throw failed(ied, cause)
    }
    head = next
    return header
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
    head: () => head,
    async append(recordClass, content) {
      if (content.length > MAX_CONTENT_BYTES) {
        const message = `${ied}: a record of ${content.length} bytes, want ${MAX_CONTENT_BYTES} at most`
        throw new AggregationError('RECORD_TOO_LARGE', message)
      }
      const own = content.slice() // the caller may go on using its buffer while this waits its turn
      return inOrder(() => append(recordClass, own))
    },
    async read({ after, limit, maxBytes }) {
      const to = Math.min(head.number, after + limit)
      return readRecords(store, after, to, maxBytes)
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

const IDENTITY = key('ledger', 'identity')
const HEAD = key('ledger', 'head')
const headerKey = (number: number) => key('ledger', 'header', number)
const bodyKey = (number: number) => key('ledger', 'body', number)
const lastKey = (recordClass: RecordClass) => key('ledger', 'last', recordClass)

const identityCodec = codec('ledger identity', z.strictObject({ ied: nameField, ledgerId: ledgerIdField }), 256)
const headCodec = codec('ledger head', z.strictObject({ number: countField, chainHash: hashField }), 256)
const lastCodec = codec('ledger pointer', z.strictObject({ number: countField }), 64)

/** Reads whose ledger this is, or makes a new one in an empty store. */
async function identify(store: Store, ied: string, randomBytes: (count: number) => Uint8Array): Promise<LedgerId> {
  const bytes = await store.get(IDENTITY)
  if (bytes) {
    const identity = await readable(ied, 'its identity', () => identityCodec.decode(bytes))
    if (identity.ied === ied) return identity.ledgerId
    const message = `this data directory holds the ledger of ${identity.ied}, and this agent is ${ied}: give each IED its own directory`
    throw new AggregationError('LEDGER_FOREIGN', message)
  }
  for await (const _ of store.range(...below('ledger'), { limit: 1 })) throw corrupt(ied, 'its identity is missing')
  const ledgerId = Buffer.from(randomBytes(16)).toString('hex')
  const changes = [
    { put: IDENTITY, value: identityCodec.encode({ ied, ledgerId }) },
    { put: HEAD, value: headCodec.encode(chainStart) },
  ]
  await store.batch(changes, { durable: true })
  return ledgerId
}

/** The head, once the records at the end agree with it. */
async function checkedHead(store: Store, ied: string, ledgerId: LedgerId): Promise<ChainPosition> {
  const bytes = await store.get(HEAD)
  if (!bytes) throw corrupt(ied, 'its head is missing')
  const head = await readable(ied, 'its head', () => headCodec.decode(bytes))
  for (const part of ['header', 'body']) {
    for await (const entry of store.range(...below('ledger', part), { limit: 1, reverse: true })) {
      const number = numberIn(entry.key)
      if (number > head.number) throw corrupt(ied, `it has a ${part} ${number} beyond its head ${head.number}`)
    }
  }
  const after = Math.max(0, head.number - TAIL)
  const records = await readable(ied, 'its last records', () => readRecords(store, after, head.number, Infinity))
  const torn = records.findIndex(({ header, body }, index) => header.number !== after + index + 1 || !body)
  if (torn >= 0) throw corrupt(ied, `record ${after + torn + 1} is not complete`)
  if (records.length !== head.number - after) throw corrupt(ied, `record ${after + records.length + 1} is missing`)

  const start =
    after === 0 ? chainStart : { number: after, chainHash: records[0]?.header.previousHash ?? chainStart.chainHash }
  const check = checkChain(start, { ied, ledgerId }, records)
  if (!check.ok) throw corrupt(ied, `record ${check.number} does not verify (${check.fault})`)
  if (!sameBytes(check.end.chainHash, head.chainHash))
    throw corrupt(ied, 'its head has another hash than its last record')
  return head
}

async function readRecords(store: Store, after: number, to: number, maxBytes: number): Promise<LedgerRecord[]> {
  if (to <= after) return []
  const bodies = store.range(bodyKey(after + 1), bodyKey(to + 1))[Symbol.asyncIterator]()
  const records: LedgerRecord[] = []
  let bytes = 0
  try {
    let body = await bodies.next()
    for await (const { key: at, value } of store.range(headerKey(after + 1), headerKey(to + 1))) {
      const number = numberIn(at)
      while (!body.done && numberIn(body.value.key) < number) body = await bodies.next()
      const own: Entry | undefined = !body.done && numberIn(body.value.key) === number ? body.value : undefined
      bytes += value.length + (own?.value.length ?? 0)
      if (records.length > 0 && bytes > maxBytes) break
      records.push({ header: headerCodec.decode(value), ...(own ? { body: bodyCodec.decode(own.value) } : {}) })
    }
  } finally {
    await bodies.return?.()
  }
  return records
}

async function readable<T>(ied: string, what: string, decode: () => T | Promise<T>): Promise<T> {
  try {
    return await decode()
  } catch (cause) {
    throw cause instanceof AggregationError ? corrupt(ied, `${what} cannot be read`, cause) : cause
  }
}

const corrupt = (ied: string, what: string, cause?: unknown): AggregationError =>
  new AggregationError(
    'LEDGER_CORRUPT',
    `the ledger of ${ied} is damaged: ${what}. Nothing was appended. Keep the data directory for examination and start ` +
      'with an empty one: the device then begins a new ledger, and back ends keep what they have of this one',
    { cause },
  )

const failed = (ied: string, cause: unknown): AggregationError =>
  new AggregationError(
    'LEDGER_FAILED',
    `${ied}: the ledger takes nothing more until the agent is restarted: ${String(cause)}`,
    { cause },
  )
