// Where a ledger's entries lie in its store, and how a part of them is read.
//
//   ledger/identity, ledger/head, ledger/usage
//   ledger/header/N, ledger/body/N
//   ledger/probe                  what is written to find out whether the store takes writes again
//   ledger/last/CLASS             the newest record of the class
//   ledger/kept/CLASS/N           a body is there: its bytes. So the oldest of a class are found without the others
//   ledger/dropped/CLASS/N        record N is the ledger's word on bodies that have gone: from where to where

import { z } from 'zod'
import { codec, countField, hashField, nameField } from './codec.ts'
import { bodyCodec, type Header, headerCodec, type LedgerRecord, ledgerIdField, type RecordClass } from './record.ts'
import type { Entry, Store } from './store.ts'
import { key, numberIn } from './store-keys.ts'

export const IDENTITY = key('ledger', 'identity')
export const HEAD = key('ledger', 'head')
export const USAGE = key('ledger', 'usage')
export const PROBE = key('ledger', 'probe')
export const headerKey = (number: number) => key('ledger', 'header', number)
export const bodyKey = (number: number) => key('ledger', 'body', number)
export const lastKey = (recordClass: RecordClass) => key('ledger', 'last', recordClass)
export const keptKey = ({ class: recordClass, number }: Pick<Header, 'class' | 'number'>) =>
  key('ledger', 'kept', recordClass, number)
export const droppedKey = ({ class: recordClass, number }: Pick<Header, 'class' | 'number'>) =>
  key('ledger', 'dropped', recordClass, number)

export const identityCodec = codec('ledger identity', z.strictObject({ ied: nameField, ledgerId: ledgerIdField }), 256)
export const headCodec = codec('ledger head', z.strictObject({ number: countField, chainHash: hashField }), 256)
export const lastCodec = codec('ledger pointer', z.strictObject({ number: countField }), 64)
export const spanCodec = codec('span of dropped bodies', z.strictObject({ from: countField, to: countField }), 64)
export const keptCodec = codec('ledger body size', z.strictObject({ bytes: countField }), 64)

/** The records behind `after`, each with its body if that is there. */
export async function readRecords(
  store: Store,
  after: number,
  to: number,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<LedgerRecord[]> {
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

/** The same with the bodies of some alone; the others are not even read. */
export async function readSome(
  store: Store,
  after: number,
  to: number,
  maxBytes: number,
  isWanted: (header: Header) => boolean,
): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = []
  let bytes = 0
  if (to <= after) return records
  for await (const { value } of store.range(headerKey(after + 1), headerKey(to + 1))) {
    const header = headerCodec.decode(value)
    const body = isWanted(header) ? await store.get(bodyKey(header.number)) : undefined
    bytes += value.length + (body?.length ?? 0)
    if (records.length > 0 && bytes > maxBytes) break
    records.push({ header, ...(body ? { body: bodyCodec.decode(body) } : {}) })
  }
  return records
}
