// The member's side: gives out its ledger, back end by back end, until each has receipted it.
//
// Where to go on is decided by receipts alone. What was sent and not receipted is sent again: the back end counts it
// once. So an aggregator may die, lie or forget at any moment; it can only cost time.

import {
  type Batch,
  type Destination,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  type Outcome,
  type Pull,
  type PullRefusal,
  type Refusal,
} from './delivery.ts'
import type { Ledger } from './ledger.ts'
import { type Portion, type Sealing, type SealingKey, sealPortion } from './portion.ts'
import type { RangeAnswer, RangeAsk } from './range.ts'
import { recordsForRange } from './range-answer.ts'
import { coveredUpTo, isReceiptGenuine, type Receipt } from './receipt.ts'
import { openReceipts } from './receipts.ts'
import {
  type LedgerRecord,
  type RecordClass,
  recordClasses,
  type SignedHead,
  sameBytes,
  type Verify,
} from './record.ts'
import { serialQueue } from './serial-queue.ts'
import { entitled, entitledClasses, type Reader, type SharingPolicy } from './sharing-policy.ts'
import type { Store } from './store.ts'
import { untimedClasses, waitedClasses } from './waited-classes.ts'

export interface Recipient extends Reader {
  /** Whose portions are sealed; without one they go as they are, to a back end on the same machine. */
  readonly sealingKey?: SealingKey
  /** With the back end's key. */
  readonly verify: Verify
}

export interface BadReceipt {
  readonly kind: 'badReceipt'
  readonly backEnd: string
  readonly reason: 'unknownBackEnd' | 'badSignature' | 'otherHistory'
}

/** Something that should not happen between honest peers with intact stores. */
export type SourceAlarm =
  | BadReceipt
  /** A back end has more of this ledger than this store: the data directory is an old copy. Begin a new one. */
  | { readonly kind: 'rolledBack'; readonly backEnd: string; readonly haveUpTo: number; readonly head: number }
  | { readonly kind: 'refused'; readonly backEnd: string; readonly reason: Refusal['reason'] }

export interface SourcePorts {
  readonly ledger: Ledger
  readonly store: Store
  /** Asked each time: a newer one counts at once. */
  readonly policy: SharingPolicy
  readonly sealing?: Pick<Sealing, 'seal'>
  /** Departments without a back end, whose portions lie in those of this organisation. */
  readonly within?: (organisation: string) => readonly { readonly reader: Reader; readonly key: SealingKey }[]
  /** When absent, no grant has a time. */
  readonly utcNow?: () => number
  /** By back end. The caller may change it while the source runs. */
  readonly recipients: ReadonlyMap<string, Recipient>
  readonly credentialHash?: Uint8Array
  /** Records after this one are not due yet: see release.ts. All are without it. */
  readonly releasedUpTo?: () => number
  readonly alarm?: (alarm: SourceAlarm) => void
}

export interface Source {
  /** Takes in the outcomes that the pull carries, then gives the next records. */
  answer(pull: Pull): Promise<Batch | PullRefusal>
  /** The next part of a range that a back end asks for. While something new is on its way there, that goes first. */
  range(ask: RangeAsk): Promise<RangeAnswer>
  /** Verified receipts are durable when it resolves; the rest is ignored, with an alarm where somebody is at fault. */
  carry(outcomes: readonly Outcome[]): Promise<void>
  /** The last record up to which this back end has receipted all that it is entitled to. */
  receiptedUpTo(backEnd: string): number
  /** How many records that are due still wait for this back end's receipt. */
  pending(backEnd: string): number
}

/** A back end's own question waits for what is new so often in a row; then it is answered, whatever became of that. */
const YIELDS = 5

export async function createSource(ports: SourcePorts): Promise<Source> {
  const { ledger, recipients } = ports
  const receipts = await openReceipts(ports.store, ledger.ledgerId)
  /** Back ends that lost what they had receipted: sent to from here, until they have caught up. Volatile. */
  const rewound = new Map<string, number>()
  /** By back end, what has been raised since its last receipt that reached further: alarms are records themselves. */
  const raised = new Map<string, Set<string>>()
  /** Back ends to which new records are on their way, and how often a range has waited for them. */
  const underWay = new Map<string, number>()
  const inOrder = serialQueue()

  function alarm(about: SourceAlarm): void {
    // Whoever carries outcomes chooses the names in them: all unknown back ends are one.
    const backEnd = recipients.has(about.backEnd) ? about.backEnd : ''
    const what = `${about.kind} ${'reason' in about ? about.reason : ''}`
    const before = raised.get(backEnd) ?? new Set()
    if (before.has(what)) return
    raised.set(backEnd, before.add(what))
    ports.alarm?.(about)
  }

  /** By back end, as it was at its last receipt or pull; of the classes that it may have since. */
  const waited = new Map<string, ReadonlySet<RecordClass>>()
  async function learnWaited(backEnd: string, recipient: Recipient): Promise<void> {
    const headerOf = async (number: number) =>
      (await ledger.read({ after: number - 1, limit: 1, maxBytes: 0 }))[0]?.header
    const { policy } = ports
    waited.set(backEnd, await waitedClasses(policy, recipient, receipts.of(backEnd), headerOf, ports.utcNow?.()))
  }
  function waitedOf(backEnd: string, recipient: Recipient): Set<RecordClass> {
    const may = entitledClasses(ports.policy, recipient, ports.utcNow?.())
    const known = [...(waited.get(backEnd) ?? [])].filter(each => may.has(each))
    return new Set([...untimedClasses(ports.policy, recipient), ...known])
  }

  const covered = (receipt: Receipt, recipient: Recipient): number =>
    coveredUpTo(receipt, waitedOf(receipt.backEnd, recipient))

  function receiptedUpTo(backEnd: string): number {
    const receipt = receipts.of(backEnd)
    const recipient = recipients.get(backEnd)
    return receipt && recipient ? covered(receipt, recipient) : 0
  }

  const due = (): number => Math.min(ledger.head().number, ports.releasedUpTo?.() ?? Number.POSITIVE_INFINITY)

  /**
   * What is new goes first. Bodies that the back end lacks of earlier records, as one newly entitled does, fill up the
   * rest of the time: they never hold a new record up for longer than one batch takes.
   */
  function sendAfter(backEnd: string): number {
    const again = rewound.get(backEnd)
    if (again !== undefined) return again
    const reached = Math.min(receipts.of(backEnd)?.upTo ?? 0, ledger.head().number)
    return reached < due() ? reached : receiptedUpTo(backEnd)
  }

  const lacksBodies = (backEnd: string): boolean =>
    receiptedUpTo(backEnd) < Math.min(receipts.of(backEnd)?.upTo ?? 0, ledger.head().number)

  /**
   * From the first body that it lacks: but where that is here no more, from the word on it. What went would be sent without
   * its body again and again, and nothing behind it.
   */
  async function startAfter(backEnd: string): Promise<number> {
    const after = sendAfter(backEnd)
    const receipt = receipts.of(backEnd)
    const recipient = recipients.get(backEnd)
    if (!receipt || !recipient || after >= receipt.upTo || rewound.has(backEnd)) return after
    const wanted = [...waitedOf(backEnd, recipient)].map(async each => {
      const number = receipt.lacking[each]
      return number === undefined ? undefined : await ledger.toSendFor({ class: each, number })
    })
    const found = (await Promise.all(wanted)).filter(number => number !== undefined)
    return Math.min(receipt.upTo, ...found.map(number => number - 1))
  }

  async function apply(receipt: Receipt): Promise<void> {
    const { backEnd } = receipt
    const recipient = recipients.get(backEnd)
    const fault = await faultOf(receipt, recipient)
    if (fault) alarm(fault)
    if (fault || !recipient || !isOfOurs(receipt)) return

    const before = receiptedUpTo(backEnd)
    if (await receipts.keep(receipt)) raised.delete(backEnd) // one told again proves nothing new
    await learnWaited(backEnd, recipient)
    const reached = covered(receipt, recipient)
    if (!rewound.has(backEnd)) return
    if (reached < before) rewound.set(backEnd, reached)
    else rewound.delete(backEnd)
  }

  async function faultOf(receipt: Receipt, recipient: Recipient | undefined): Promise<SourceAlarm | undefined> {
    const { backEnd, organisation, upTo } = receipt
    const bad = (reason: BadReceipt['reason']) => ({ kind: 'badReceipt', backEnd, reason }) as const
    if (recipient?.organisation !== organisation) return bad('unknownBackEnd')
    if (!isReceiptGenuine(receipt, recipient.verify)) return bad('badSignature')
    if (!isOfOurs(receipt)) return undefined // of an earlier ledger of this device: true, and of no use
    const head = ledger.head().number
    if (upTo > head) return { kind: 'rolledBack', backEnd, haveUpTo: upTo, head }
    const ours = await ledger.chainHashAt(upTo)
    return ours && sameBytes(ours, receipt.chainHash) ? undefined : bad('otherHistory')
  }

  const isOfOurs = ({ ied, ledgerId }: Outcome): boolean => ied === ledger.ied && ledgerId === ledger.ledgerId

  function take(refusal: Refusal): void {
    const { backEnd, reason, haveUpTo } = refusal
    if (!recipients.has(backEnd) || !isOfOurs(refusal)) return
    const head = ledger.head().number
    if (haveUpTo > head) alarm({ kind: 'rolledBack', backEnd, haveUpTo, head })
    else if (reason !== 'gap') alarm({ kind: 'refused', backEnd, reason })
    else if (haveUpTo < sendAfter(backEnd)) rewound.set(backEnd, haveUpTo)
  }

  const carry = (outcomes: readonly Outcome[]): Promise<void> =>
    inOrder(async () => {
      for (const outcome of outcomes) {
        underWay.delete(outcome.backEnd)
        if (outcome.kind === 'receipt') await apply(outcome)
        else take(outcome)
      }
    })

  /** By class, so that a class is opened, kept or passed on by itself. */
  async function portionsOf(
    records: readonly LedgerRecord[],
    reader: Recipient,
    now: number | undefined,
  ): Promise<Portion[] | undefined> {
    const { sealing } = ports
    const { organisation, department, sealingKey } = reader
    if (sealing === undefined || sealingKey === undefined) return undefined
    const narrower = department === undefined ? (ports.within?.(organisation) ?? []) : []
    const portions: Portion[] = []
    for (const each of recordClasses) {
      const of = records.filter(({ header }) => header.class === each)
      const inner: Portion[] = []
      for (const { reader: other, key } of narrower) {
        const bodies = bodiesFor(of, other, now)
        if (bodies.length > 0) inner.push(await sealPortion({ class: each, bodies, inner: [] }, [key], sealing))
      }
      const bodies = bodiesFor(of, reader, now)
      if (bodies.length > 0 || inner.length > 0) {
        portions.push(await sealPortion({ class: each, bodies, inner }, [sealingKey], sealing))
      }
    }
    return portions
  }

  const bodiesFor = (records: readonly LedgerRecord[], reader: Reader, now: number | undefined) =>
    records.flatMap(({ header, body }) =>
      body !== undefined && entitled(ports.policy, header, reader, now) ? [{ number: header.number, body }] : [],
    )

  return {
    carry,
    receiptedUpTo,
    pending: backEnd => Math.max(0, due() - receiptedUpTo(backEnd)),
    async answer({ recipient, want, after, outcomes }) {
      await carry(outcomes)
      if (!isKnown(recipients, recipient)) return { kind: 'pullRefusal', reason: 'unknownRecipient' }
      const reader = recipients.get(recipient.backEnd) as Recipient
      const { policy } = ports
      const now = ports.utcNow?.()
      if (entitledClasses(policy, reader, now).size === 0) return { kind: 'pullRefusal', reason: 'notEntitled' }
      await learnWaited(recipient.backEnd, reader)
      const wanted = {
        after: Math.min(after ?? (await startAfter(recipient.backEnd)), ledger.head().number),
        limit: Math.min(want.records, MAX_BATCH_RECORDS),
        maxBytes: Math.min(want.bytes, MAX_BATCH_BYTES),
      }
      const records = (await ledger.read(wanted)).filter(({ header }) => header.number <= due())
      const head = await ledger.signedHead(wanted.after + records.length)
      const isNew = records.length > 0 && head.number > (receipts.of(recipient.backEnd)?.upTo ?? 0)
      if (isNew && !underWay.has(recipient.backEnd)) underWay.set(recipient.backEnd, 0)
      const batch = await batchOf(records, head, reader, now)
      // Else an aggregator that finds something new each time would never ask for what is lacking before it.
      return batch.remaining === 0 && lacksBodies(recipient.backEnd) ? { ...batch, remaining: 1 } : batch
    },
    async range(ask) {
      const { recipient, want } = ask
      await carry(ask.outcomes)
      if (!isKnown(recipients, recipient)) return { kind: 'pullRefusal', reason: 'unknownRecipient' }
      const reader = recipients.get(recipient.backEnd) as Recipient
      const { policy } = ports
      const now = ports.utcNow?.()
      const may = entitledClasses(policy, reader, now)
      if (!ask.range.classes.some(each => may.has(each))) return { kind: 'pullRefusal', reason: 'notEntitled' }
      const waited = underWay.get(recipient.backEnd)
      if (waited !== undefined && waited < YIELDS) {
        underWay.set(recipient.backEnd, waited + 1)
        return { kind: 'later' }
      }
      underWay.delete(recipient.backEnd)
      const limits = {
        records: Math.min(want.records, MAX_BATCH_RECORDS),
        bytes: Math.min(want.bytes, MAX_BATCH_BYTES),
      }
      const { after, records, words } = await recordsForRange(ledger, ask, limits, header =>
        entitled(policy, header, reader, now),
      )
      const end = await ledger.signedHead()
      const head = records.length === 0 ? end : await ledger.signedHead(after + records.length)
      return { kind: 'part', batch: await batchOf(records, head, reader, now), end, words }
    },
  }

  async function batchOf(
    records: readonly LedgerRecord[],
    head: SignedHead,
    reader: Recipient,
    now: number | undefined,
  ): Promise<Batch> {
    const open = records.map(record => shared(record, entitled(ports.policy, record.header, reader, now)))
    const portions = await portionsOf(records, reader, now)
    return {
      kind: 'batch',
      ied: ledger.ied,
      ledgerId: ledger.ledgerId,
      ...(ports.credentialHash ? { credentialHash: ports.credentialHash } : {}),
      records: portions === undefined ? open : open.map(({ header }) => ({ header })),
      ...(portions === undefined || portions.length === 0 ? {} : { portions }),
      head,
      remaining: Math.max(0, due() - head.number),
    }
  }
}

const isKnown = (recipients: ReadonlyMap<string, Recipient>, { backEnd, organisation }: Destination): boolean =>
  recipients.get(backEnd)?.organisation === organisation

/** Without the body where it is not for this reader: the header keeps the chain verifiable. */
const shared = (record: LedgerRecord, isEntitled: boolean): LedgerRecord =>
  isEntitled ? record : { header: record.header }
