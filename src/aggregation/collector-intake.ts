// What becomes of a batch that is genuine by itself: it continues the stored chain, repeats a part of it, or is refused.
// All that it changes is one durable write, and the receipt is signed after that.

import { faultOf, placeOf } from './batch-place.ts'
import { chainHeads, keepChainHead, latestOf } from './chain-heads.ts'
import { judged } from './collected-doubts.ts'
import { explainedBy, goneKey, lackingKey } from './collected-drops.ts'
import { keepEvidence } from './collected-evidence.ts'
import { keepHead } from './collected-heads.ts'
import { lackedBodies, lackingOf } from './collected-lacking.ts'
import { keepBody, keepRecord } from './collected-records.ts'
import { addToTotal, isUnreadable, readingOf } from './collected-totals.ts'
import type { CollectorPorts } from './collector.ts'
import { type CollectorAlarm, keepAlarm, unsaid } from './collector-alarms.ts'
import type { Batch, Outcome, Refusal, RefusalReason } from './delivery.ts'
import { droppedBy } from './dropped.ts'
import { judgedLate } from './late-doubts.ts'
import { openedWith } from './opened-batch.ts'
import { signReceipt } from './receipt.ts'
import { type ChainPosition, chainStart } from './record.ts'
import type { SafeWrites } from './safe-writes.ts'
import { type SerialQueue, serialQueue } from './serial-queue.ts'
import { StoreError } from './store.ts'

/** A device makes a new ledger when its store was lost. One that does so more often is broken or hostile. */
const MAX_LEDGERS_PER_IED = 64

/** @returns takes one batch; never rejects for what is in it */
export function collectorIntake(ports: CollectorPorts, writes: SafeWrites): (batch: Batch) => Promise<Outcome> {
  const { store, backEnd, organisation, sign, utc, alarm = () => {}, onStored = () => {} } = ports
  const queues = new Map<string, { run: SerialQueue; waiting: number }>()

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
    await writes.mended()
    const { ied, ledgerId, records, head } = batch
    const known = await chainHeads(store, ied)
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
      const alarms = await unsaid(store, found)
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
        keepChainHead({ ied, ledgerId, ...reached, utcMs: now }),
        ...(await addToTotal(store, ied, [...fresh, ...filled])),
        ...alarms.map(keepAlarm),
      ]
      await writes.write(changes)
      for (const each of alarms) alarm(each)
      onStored(ied, [...fresh, ...filled])
    }
    const lacking = await lackingOf(store, ied, ledgerId)
    const { number: upTo, chainHash } = reached
    return signReceipt({ backEnd, organisation, ied, ledgerId, upTo, chainHash, lacking, utcMs: now }, sign)
  }

  /** The same batch may come as often as somebody likes to send it. */
  async function tellFork(batch: Batch, number: number): Promise<void> {
    const { ied, ledgerId } = batch
    const now = utc().utcMs
    const alarms = await unsaid(store, [{ kind: 'fork', ied, ledgerId, number, utcMs: now }])
    const changes = [...alarms.map(keepAlarm), ...(await keepEvidence(store, batch, number, now))]
    if (changes.length > 0) await writes.write(changes)
    for (const each of alarms) alarm(each)
  }

  return async batch => {
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
  }
}
