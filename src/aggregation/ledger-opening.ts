// What must be true of a store before a ledger goes on in it.

import { AggregationError } from './aggregation-error.ts'
import { type Dropped, droppedBy, explains } from './dropped.ts'
import {
  bodyKey,
  droppedKey,
  HEAD,
  headCodec,
  headerKey,
  IDENTITY,
  identityCodec,
  keptCodec,
  keptKey,
  readRecords,
  spanCodec,
  USAGE,
} from './ledger-entries.ts'
import { ENTRY_BYTES, type LedgerUsage, noUsage, usageCodec, withBodies, withChain } from './ledger-usage.ts'
import {
  bodyCodec,
  type ChainPosition,
  chainStart,
  checkChain,
  headerCodec,
  type LedgerId,
  sameBytes,
} from './record.ts'
import type { Change, Store } from './store.ts'
import { below, numberIn } from './store-keys.ts'

/** How many records from the end are verified at opening. Tears happen there; the rest is verified by whoever collects. */
const TAIL = 64

/** Reads whose ledger this is, or makes a new one in an empty store. @throws AggregationError LEDGER_FOREIGN, LEDGER_CORRUPT */
export async function identify(
  store: Store,
  ied: string,
  randomBytes: (count: number) => Uint8Array,
): Promise<{ readonly ledgerId: LedgerId; readonly isNew: boolean }> {
  const bytes = await store.get(IDENTITY)
  if (bytes) {
    const identity = await readable(ied, 'its identity', () => identityCodec.decode(bytes))
    if (identity.ied === ied) return { ledgerId: identity.ledgerId, isNew: false }
    const message = `this data directory holds the ledger of ${identity.ied}, and this agent is ${ied}: give each IED its own directory`
    throw new AggregationError('LEDGER_FOREIGN', message)
  }
  for await (const _ of store.range(...below('ledger'), { limit: 1 })) throw corrupt(ied, 'its identity is missing')
  const ledgerId = Buffer.from(randomBytes(16)).toString('hex')
  const changes = [
    { put: IDENTITY, value: identityCodec.encode({ ied, ledgerId }) },
    { put: HEAD, value: headCodec.encode(chainStart) },
    { put: USAGE, value: usageCodec.encode(noUsage) },
  ]
  await store.batch(changes, { durable: true })
  return { ledgerId, isNew: true }
}

/** The head, once the records at the end agree with it. @throws AggregationError LEDGER_CORRUPT */
export async function checkedHead(store: Store, ied: string, ledgerId: LedgerId): Promise<ChainPosition> {
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
  const records = await readable(ied, 'its last records', () => readRecords(store, after, head.number))
  // The word on a body that has gone comes behind it, so it is among these as well.
  const gone = records.flatMap(record => droppedBy(record) ?? [])
  const isWhole = ({ header, body }: (typeof records)[number]): boolean =>
    body !== undefined || gone.some((each: Dropped) => explains(each, header))
  const torn = records.findIndex((record, index) => record.header.number !== after + index + 1 || !isWhole(record))
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

/** What the ledger takes up. A store of before that was counted is counted once. @throws AggregationError LEDGER_CORRUPT */
export async function usageIn(store: Store, ied: string, head: ChainPosition): Promise<LedgerUsage> {
  const bytes = await store.get(USAGE)
  if (bytes) return readable(ied, 'its usage', () => usageCodec.decode(bytes))
  let usage = noUsage
  for (let at = 0; at < head.number; at += BLOCK) {
    const changes: Change[] = []
    for await (const { value } of store.range(headerKey(at + 1), headerKey(Math.min(head.number, at + BLOCK) + 1))) {
      const header = await readable(ied, 'a header', () => headerCodec.decode(value))
      usage = withChain(usage, value.length + ENTRY_BYTES)
      const body = await store.get(bodyKey(header.number))
      if (!body) continue
      const dropped = droppedBy({ header, body: bodyCodec.decode(body) })
      if (dropped) {
        usage = withChain(usage, body.length + ENTRY_BYTES)
        changes.push({ put: droppedKey(header), value: spanCodec.encode({ from: dropped.from, to: dropped.to }) })
        continue
      }
      usage = withBodies(usage, header.class, 1, body.length + ENTRY_BYTES)
      changes.push({ put: keptKey(header), value: keptCodec.encode({ bytes: body.length + ENTRY_BYTES }) })
    }
    await store.batch(changes, { durable: false })
  }
  await store.batch([{ put: USAGE, value: usageCodec.encode(usage) }], { durable: true })
  return usage
}

const BLOCK = 500

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
