// No acknowledged reading is lost or doubled, and receipts are true.
//
// What an IED has durably recorded is the truth. Each record that a back end stores is compared with it as it becomes
// durable there; each receipt that a back end signs is compared with what it has durably stored at that moment; after
// the quiet end each back end must have all that is old enough to have arrived, and its sums over readings must be those
// of the truth.

import { openCollector } from '../../src/aggregation/collector.ts'
import type { Lacking } from '../../src/aggregation/receipt.ts'
import { headerCodec, type RecordClass } from '../../src/aggregation/record.ts'
import type { Change, Store } from '../../src/aggregation/store.ts'
import { numberIn } from '../../src/aggregation/store-keys.ts'
import { fromCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import { backEndOf, recipientsOf } from '../agent-settings.ts'
import type { World } from '../runtime/world.ts'
import type { Complain, Watch } from './invariant.ts'
import { createLedgerTruth, type TrueLedger } from './ledger-truth.ts'
import { type StoreWatch, watchStore } from './store-watch.ts'

/** What a back end has of one ledger: how far without a gap, and what lies beyond. */
interface Have {
  upTo: number
  readonly headers: Set<number>
  readonly bodies: Set<number>
}

/** What was recorded so long before the end must have arrived: several rounds of forwarding, and a new election. */
export const ARRIVES_WITHIN_MS = 12_000

const RECEIPT = 'feedermesh receipt 1'
const HEADER = 'collector/header/'
const BODY = 'collector/body/'

export function readingsKept(world: World, complain: Complain): Watch {
  const truth = createLedgerTruth(world.scheduler.now, complain)
  const organisation = new Map(world.file.ieds.map(ied => [backEndOf(ied.organisation), ied.organisation]))
  const isIed = new Set(world.file.ieds.map(({ name }) => name))
  const stores = new Map<string, StoreWatch>()
  /** By back end, then by IED and ledger. */
  const stored = new Map<string, Map<string, Have>>()

  function keep(backEnd: string, changes: readonly Change[]): void {
    for (const { put, value } of changes) {
      const part = put?.startsWith(HEADER) ? HEADER : put?.startsWith(BODY) ? BODY : undefined
      if (put === undefined || part === undefined) continue
      const [ied = '', ledgerId = ''] = put.slice(part.length).split('/')
      keepPart(backEnd, ied, ledgerId, part, numberIn(put), value)
    }
  }

  function keepPart(
    backEnd: string,
    ied: string,
    ledgerId: string,
    part: string,
    number: number,
    value: Uint8Array,
  ): void {
    const where = `${backEnd}: record ${number} of ${ied}`
    const record = truth.record(ied, ledgerId, number, value)
    const ours = part === HEADER ? record?.header : record?.body
    if (ours === undefined) return complain('readings-kept', `${where} was stored before it was durable at its IED`)
    if (!ours.equals(value)) complain('readings-kept', `${where} is not what the IED recorded`)
    const have = haveOf(backEnd, ied, ledgerId)
    ;(part === HEADER ? have.headers : have.bodies).add(number)
    if (part === HEADER && !isFor(backEnd, ied, headerCodec.decode(value).class)) have.bodies.add(number)
    while (have.headers.has(have.upTo + 1) && have.bodies.has(have.upTo + 1)) {
      have.upTo++
      have.headers.delete(have.upTo)
      have.bodies.delete(have.upTo)
    }
  }

  /** Whether the back end is to have the content of records of that class, and not their headers alone. */
  function isFor(backEnd: string, ied: string, recordClass: RecordClass): boolean {
    const entry = world.file.ieds.find(({ name }) => name === ied)
    const recipient = entry && recipientsOf(world.file, entry).find(each => each.backEnd === backEnd)
    return recipient?.classes.includes(recordClass) ?? true
  }

  function haveOf(backEnd: string, ied: string, ledgerId: string): Have {
    const ledgers = stored.get(backEnd) ?? new Map<string, Have>()
    stored.set(backEnd, ledgers)
    const key = `${ied} ${ledgerId}`
    const have = ledgers.get(key) ?? { upTo: 0, headers: new Set(), bodies: new Set() }
    ledgers.set(key, have)
    return have
  }

  /** Called with whatever a back end signs. */
  function signs(backEnd: string, bytes: Uint8Array): void {
    const content = receiptIn(bytes)
    if (content === undefined) return
    const { ied, ledgerId, upTo, lacking } = content
    const have = haveOf(backEnd, ied, ledgerId)
    if (upTo <= have.upTo) return
    const records = truth.ledger(ied, ledgerId)?.records ?? []
    for (let number = have.upTo + 1; number <= upTo; number++) {
      const record = records[number - 1]
      const covers = record !== undefined && number < (lacking[record.class] ?? Number.POSITIVE_INFINITY)
      if (have.headers.has(number) && (have.bodies.has(number) || !covers)) continue
      return complain(
        'receipt-true',
        `${backEnd}: signed for ${ied} up to ${upTo}, and has not durably stored record ${number}`,
      )
    }
  }

  function receive(name: string, store: Store): StoreWatch {
    const left = stores.get(name)?.waiting() ?? []
    const watched = watchStore(store, changes => {
      if (isIed.has(name)) truth.durable(name, changes)
      else keep(name, changes)
    })
    if (isIed.has(name)) truth.starts(name, store, left)
    else checkDisk(name, store, left).catch(error => complain('no-throw', `${name}: ${(error as Error).message}`))
    stores.set(name, watched)
    return watched
  }

  /**
   * A back end starts again: its disk must still have what was durable. What it was writing when it stopped may be there too,
   * and counts from now on.
   */
  async function checkDisk(backEnd: string, store: Store, left: readonly Change[]): Promise<void> {
    for (const change of left) {
      if (change.put === undefined) continue
      const found = await store.get(change.put)
      if (found !== undefined && Buffer.from(found).equals(change.value)) keep(backEnd, [change])
    }
    const heads = await collectorOn(backEnd, store).heads()
    for (const [key, { upTo }] of stored.get(backEnd) ?? []) {
      const head = heads.find(({ ied, ledgerId }) => `${ied} ${ledgerId}` === key)
      if ((head?.number ?? 0) >= upTo) continue
      complain(
        'receipt-true',
        `${backEnd}: starts with ${head?.number ?? 0} records of ${key}, and had ${upTo} durable`,
      )
    }
  }

  const collectorOn = (backEnd: string, store: Store) =>
    openCollector({
      store,
      backEnd,
      organisation: organisation.get(backEnd) ?? '',
      sign: () => new Uint8Array(64),
      utc: () => ({ utcMs: utcMs(0), quality: 'unset' }),
      keyOf: () => undefined,
      mayCollect: () => false,
    })

  function checkArrived({ ied, ledgerId, records }: TrueLedger): void {
    const entry = world.file.ieds.find(({ name }) => name === ied)
    if (entry === undefined) return
    const due = records.filter(({ atMs }) => atMs <= world.scheduler.now() - ARRIVES_WITHIN_MS).length
    for (const { backEnd } of recipientsOf(world.file, entry)) {
      const { upTo } = haveOf(backEnd, ied, ledgerId)
      if (upTo < due) complain('readings-kept', `${backEnd}: has ${upTo} of the ${due} records of ${ied} that are due`)
    }
  }

  /** Each reading counts where one looks for readings, and in the sums, once. */
  async function checkSums(backEnd: string, { store, waiting }: StoreWatch): Promise<void> {
    const collector = collectorOn(backEnd, store)
    const underWay = waiting().map(({ put = '' }) => put)
    for (const { ied, ledgerId, records } of truth.all()) {
      if (underWay.some(put => put.startsWith(`${HEADER}${ied}/`))) continue
      const { upTo } = haveOf(backEnd, ied, ledgerId)
      const readings = records.slice(0, upTo).flatMap(({ reading }) => reading ?? [])
      const importWh = readings.reduce((sum, each) => sum + each.importWhEnd - each.importWhStart, 0n)
      const total = await collector.total(ied)
      if (total.readings !== readings.length || total.importWh !== importWh) {
        const says = `${total.readings} readings, ${total.importWh} Wh`
        complain('readings-kept', `${backEnd}: counts ${says} of ${ied}, want ${readings.length}, ${importWh} Wh`)
      }
      let listed = 0
      for await (const _ of collector.readings({ ied })) listed++
      if (listed !== readings.length) {
        complain('readings-kept', `${backEnd}: lists ${listed} readings of ${ied}, want ${readings.length}`)
      }
    }
  }

  /** No energy falls between two readings. */
  function checkEnergy({ ied, records }: TrueLedger): void {
    const readings = records.flatMap(({ reading }) => reading ?? [])
    readings.forEach((reading, index) => {
      const before = readings[index - 1]
      if (before === undefined || reading.flags.includes('registerReset')) return
      if (reading.importWhStart === before.importWhEnd) return
      complain(
        'readings-kept',
        `${ied}: a reading starts at ${reading.importWhStart} Wh, the last ended at ${before.importWhEnd}`,
      )
    })
  }

  return {
    ports(name, ports) {
      const { store } = receive(name, ports.store)
      const { identity } = ports
      const sign = (bytes: Uint8Array): Uint8Array => {
        if (!isIed.has(name)) signs(name, bytes)
        return identity.sign(bytes)
      }
      return { ...ports, store, identity: { ...identity, sign } }
    },
    async end() {
      for (const ledger of truth.all()) {
        checkArrived(ledger)
        checkEnergy(ledger)
      }
      for (const [name, watched] of stores) if (!isIed.has(name)) await checkSums(name, watched)
    },
  }
}

interface ReceiptSeen {
  readonly ied: string
  readonly ledgerId: string
  readonly upTo: number
  readonly lacking: Lacking
}

function receiptIn(bytes: Uint8Array): ReceiptSeen | undefined {
  // Most of what is signed are messages: an array of two that begins with this text is cheap to tell from them.
  if (Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 32)).indexOf(RECEIPT) < 0) return undefined
  const [context, content] = fromCbor(bytes) as [string, ReceiptSeen]
  return context === RECEIPT ? content : undefined
}
