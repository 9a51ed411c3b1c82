// What each IED has durably recorded, heard at its store: the truth that back ends are compared with.
//
// A record counts once its batch is durable. What a crash caught on the way may be on the disk or not: it counts from the
// moment at which something later proves that it is there.

import { type Reading, readingIn } from '../../src/aggregation/reading.ts'
import {
  bodyCodec,
  chainHash,
  chainStart,
  type Header,
  headerCodec,
  type RecordClass,
} from '../../src/aggregation/record.ts'
import type { Change, Store } from '../../src/aggregation/store.ts'
import { fromCbor } from '../../topology/cbor.ts'
import type { Complain } from './invariant.ts'

export interface TrueRecord {
  readonly header: Buffer
  readonly body: Buffer
  readonly class: RecordClass
  readonly reading: Reading | undefined
  readonly atMs: number
}

export interface TrueLedger {
  readonly ied: string
  readonly ledgerId: string
  /** Number 1 first. */
  readonly records: readonly TrueRecord[]
}

export interface LedgerTruth {
  /** Hears a batch of this IED's that has become durable. */
  durable(ied: string, changes: readonly Change[]): void
  /** The IED starts again, with what its last life left under way. Its disk must still have what was durable. */
  starts(ied: string, store: Store, left: readonly Change[]): void
  ledger(ied: string, ledgerId: string): TrueLedger | undefined
  /** The record, if the IED has it for sure, or may have it and this proves it. */
  record(ied: string, ledgerId: string, number: number, header: Uint8Array): TrueRecord | undefined
  all(): Iterable<TrueLedger>
}

const HEADER = 'ledger/header/'
const BODY = 'ledger/body/'

interface Kept extends TrueLedger {
  readonly records: TrueRecord[]
  chainHash: Uint8Array
}

export function createLedgerTruth(now: () => number, complain: Complain): LedgerTruth {
  const ledgers = new Map<string, Kept>()
  /** By IED: written in an earlier life and not known to be durable, by number. */
  const doubtful = new Map<string, ReadonlyMap<number, TrueRecord>>()

  const keyOf = (ied: string, ledgerId: string): string => `${ied} ${ledgerId}`

  function append(ied: string, number: number, record: TrueRecord): void {
    const header = headerCodec.decode(record.header)
    const ledger = ledgerOf(header)
    while (ledger.records.length + 1 < number) {
      const survived = doubtful.get(ied)?.get(ledger.records.length + 1)
      if (survived === undefined) {
        return complain('ledger-continues', `${ied}: record ${number} follows record ${ledger.records.length}`)
      }
      if (!join(ledger, survived)) break
    }
    if (number <= ledger.records.length) {
      return complain(
        'ledger-continues',
        `${ied}: record ${number} is written again after record ${ledger.records.length}`,
      )
    }
    if (!join(ledger, record))
      complain('ledger-continues', `${ied}: record ${number} does not continue record ${number - 1}`)
  }

  function join(ledger: Kept, record: TrueRecord): boolean {
    const header = headerCodec.decode(record.header)
    if (!Buffer.from(ledger.chainHash).equals(header.previousHash)) return false
    ledger.records.push(record)
    ledger.chainHash = chainHash(header)
    return true
  }

  function ledgerOf({ ied, ledgerId }: Header): Kept {
    const key = keyOf(ied, ledgerId)
    const known = ledgers.get(key)
    if (known !== undefined) return known
    const fresh = { ied, ledgerId, records: [], chainHash: chainStart.chainHash }
    ledgers.set(key, fresh)
    if ([...ledgers.values()].some(each => each !== fresh && each.ied === ied)) {
      complain('ledger-continues', `${ied}: begins another ledger`)
    }
    return fresh
  }

  async function checkDisk(ied: string, store: Store): Promise<void> {
    const ours = [...ledgers.values()].find(each => each.ied === ied)
    if (ours === undefined) return
    const bytes = await store.get('ledger/head')
    const number = bytes === undefined ? 0 : Number((fromCbor(bytes) as { number: number }).number)
    if (number < ours.records.length) {
      complain('ledger-continues', `${ied}: starts with ${number} records, and had ${ours.records.length} durable`)
    }
  }

  return {
    durable(ied, changes) {
      for (const [number, record] of recordsIn(changes, now())) append(ied, number, record)
    },
    starts(ied, store, left) {
      doubtful.set(ied, new Map(recordsIn(left, now())))
      checkDisk(ied, store).catch(error => complain('no-throw', `${ied}: ${(error as Error).message}`))
    },
    ledger: (ied, ledgerId) => ledgers.get(keyOf(ied, ledgerId)),
    record(ied, ledgerId, number, header) {
      const ledger = ledgers.get(keyOf(ied, ledgerId))
      const survived = doubtful.get(ied)?.get(number)
      if (ledger?.records.length === number - 1 && survived?.header.equals(header)) join(ledger, survived)
      return ledger?.records[number - 1]
    },
    all: () => ledgers.values(),
  }
}

function recordsIn(changes: readonly Change[], atMs: number): [number, TrueRecord][] {
  const bodies = new Map(
    changes.flatMap(each => (each.put?.startsWith(BODY) ? [[numberOf(each.put), each.value]] : [])),
  )
  return changes.flatMap((each): [number, TrueRecord][] => {
    if (!each.put?.startsWith(HEADER)) return []
    const number = numberOf(each.put)
    const header = Buffer.from(each.value)
    const body = Buffer.from(bodies.get(number) ?? [])
    const recordClass = headerCodec.decode(header).class
    const reading = recordClass === 'billing' ? readingIn(bodyCodec.decode(body).content) : undefined
    return [[number, { header, body, class: recordClass, reading, atMs }]]
  })
}

const numberOf = (key: string): number => Number(key.slice(key.lastIndexOf('/') + 1))
