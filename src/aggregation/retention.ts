// What of a ledger's bodies may go, decided from who has receipted what, how old it is, and how much room there is.
//
//   with room    what everybody has goes once it is older than `keepDays`, of billing `billingDays`. What only recipients
//                lack that are not required goes when it is older than `holdDays` as well. All by UTC, so not while that
//                is doubtful.
//   without      from nine tenths of the quota on, until it is down to eight tenths: first billing that everybody has and
//                that is older than `keepDays`; then what else everybody has, then what all required ones have, whatever
//                its age; then what somebody lacks: waveforms, power quality, load profile, oldest first. That is an alarm.
//   still none   nothing else goes. The ledger refuses records, and keeps its last twentieth for billing (`ledger.ts`).
//
// What nobody is to have is kept: it is there for who asks this device. Nothing of `audit` or `tamper` goes for its age.

import type { UtcMs } from '../../topology/units.ts'
import { utcMs } from '../../topology/units.ts'
import type { Drop } from './ledger.ts'
import { type LedgerUsage, totalBytes } from './ledger-usage.ts'
import { type RecordClass, recordClasses, type UtcTime } from './record.ts'

export interface RetentionPolicy {
  readonly quotaBytes: number
  /** How long what is receipted stays at the device itself. */
  readonly keepDays: number
  /** The same of class `billing`, where that is longer: the device's own bills and their ratchets are made of it. */
  readonly billingDays: number
  /** How long recipients that are not required are waited for. */
  readonly holdDays: number
}

export interface KeptFor {
  readonly backEnd: string
  /** Nothing that it lacks goes while there is room. */
  readonly required: boolean
  /** By class that it is entitled to: the last record up to which it has receipted all. */
  readonly coveredUpTo: { readonly [recordClass in RecordClass]?: number }
}

export interface RetentionView {
  readonly head: number
  readonly usage: LedgerUsage
  readonly readers: readonly KeptFor[]
}

export interface RetentionPlan {
  /** Each repeated until it gives nothing more. */
  readonly aged: readonly Drop[]
  /** In this order, until so many bytes are free. */
  readonly pressed: { readonly bytes: number; readonly drops: readonly Drop[] }
}

const DAY = 86_400_000
/** One record in the chain for fewer than so many, and the ledger would grow by its own housekeeping. */
const AT_LEAST = 100
export const BEGIN_AT = 0.9
export const END_AT = 0.8
export const RESERVED_FOR_BILLING = 0.05

/** In the order in which they go when somebody lacks them; no other does. */
const sacrificed: readonly RecordClass[] = ['waveform', 'powerQuality', 'loadProfile']
/** What others have: the large ones first, what bills are made of last. */
const receiptedFirst: readonly RecordClass[] = [
  ...sacrificed,
  ...recordClasses.filter(each => !sacrificed.includes(each) && each !== 'billing'),
  'billing',
]
const NEVER_AGED: ReadonlySet<RecordClass> = new Set(['audit', 'tamper'])

export const retention =
  (policy: RetentionPolicy) =>
  (view: RetentionView, now: UtcTime): RetentionPlan => {
    const used = totalBytes(view.usage)
    const isPressed = used >= BEGIN_AT * policy.quotaBytes
    return {
      aged: now.quality === 'good' ? aged(policy, view, now.utcMs) : [],
      pressed: isPressed
        ? { bytes: Math.ceil(used - END_AT * policy.quotaBytes), drops: pressed(policy, view, now) }
        : { bytes: 0, drops: [] },
    }
  }

function aged({ keepDays, billingDays, holdDays }: RetentionPolicy, view: RetentionView, now: UtcMs): Drop[] {
  const before = (days: number): UtcMs => utcMs(Math.max(0, now - days * DAY))
  return recordClasses.flatMap(each => {
    if (NEVER_AGED.has(each)) return []
    const { all, required } = coverage(view, each)
    const days = each === 'billing' ? Math.max(keepDays, billingDays) : keepDays
    return [
      ...(all > 0 ? [drop(each, 'receipted', all, { before: before(days), atLeast: AT_LEAST })] : []),
      ...(required > all
        ? [drop(each, 'held', required, { before: before(Math.max(days, holdDays)), atLeast: AT_LEAST })]
        : []),
    ]
  })
}

function pressed({ keepDays, billingDays }: RetentionPolicy, view: RetentionView, now: UtcTime): Drop[] {
  // What is here for the own bills alone is the first to go: everything else is wanted more.
  const { all: billed } = coverage(view, 'billing')
  const before = utcMs(Math.max(0, now.utcMs - keepDays * DAY))
  const spare = billed > 0 && billingDays > keepDays && now.quality === 'good'
  const receipted = receiptedFirst.flatMap(each => {
    const { all } = coverage(view, each)
    return all > 0 ? [drop(each, 'receipted', all)] : []
  })
  const held = receiptedFirst.flatMap(each => {
    const { all, required, hasRequired } = coverage(view, each)
    return hasRequired && required > all ? [drop(each, 'held', required)] : []
  })
  const old = spare ? [drop('billing', 'receipted', billed, { before })] : []
  return [...old, ...receipted, ...held, ...sacrificed.map(each => drop(each, 'quota', view.head))]
}

const drop = (recordClass: RecordClass, reason: Drop['reason'], upTo: number, more: Partial<Drop> = {}): Drop => ({
  class: recordClass,
  reason,
  upTo,
  ...more,
})

/** Up to where all readers of the class have it, and up to where all required ones do. 0 for a class without readers. */
function coverage({ head, readers }: RetentionView, recordClass: RecordClass) {
  const entitled = readers.flatMap(({ required, coveredUpTo }) => {
    const upTo = coveredUpTo[recordClass]
    return upTo === undefined ? [] : [{ required, upTo }]
  })
  const least = (among: typeof entitled): number => Math.min(head, ...among.map(({ upTo }) => upTo))
  if (entitled.length === 0) return { all: 0, required: 0, hasRequired: false }
  const required = entitled.filter(each => each.required)
  return { all: least(entitled), required: least(required), hasRequired: required.length > 0 }
}
