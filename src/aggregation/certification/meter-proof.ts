// The proof from a meter to a bill: the readings of a time as they stand in the ledger of the IED, the metering settings that
// counted, and the IED's signature over the chain that holds both. Whoever has the IED's public key can check it, without
// asking anybody; what he then has are the readings that a bill must be computed from, raw as they were recorded.
//
// A proof has segments, each a gapless part of the chain that ends at a signed head. Bodies of other classes are left out:
// their headers are in the chain all the same, so nothing can be taken out or put in between.

import { z } from 'zod'
import type { UtcMs } from '../../../topology/units.ts'
import { inventoryCodec, type Metering, maintenanceCodec } from '../assets/asset-records.ts'
import { editIn, type ReadingEdit } from '../billing/edit-record.ts'
import { rawInterval } from '../billing/readings-intervals.ts'
import type { RawInterval } from '../billing/vee.ts'
import { codec, nameField } from '../codec.ts'
import type { Ledger } from '../ledger.ts'
import { isSameMultiplier, multiplierOf, multiplierWords } from '../multiplier.ts'
import { type Reading, readingIn } from '../reading.ts'
import {
  checkChain,
  isHeadGenuine,
  type LedgerRecord,
  recordSchema,
  type SignedHead,
  sameBytes,
  signedHeadSchema,
  type Verify,
} from '../record.ts'

/** A month of readings of five minutes, with what lies between them. */
export const MOST_RECORDS = 12_000
const MOST_BYTES = 16 * 1024 * 1024

export interface ProofSegment {
  readonly records: readonly LedgerRecord[]
  readonly head: SignedHead
}

export interface MeterProof {
  readonly version: 1
  readonly ied: string
  /** Of the IED: who vouches for the key that signed. */
  readonly credential: string
  /** One or two: the records from which the metering settings are known, where the ledger has such; then those of the time. */
  readonly segments: readonly ProofSegment[]
}

const segment = z.strictObject({ records: z.array(recordSchema).max(MOST_RECORDS), head: signedHeadSchema })
export const proofCodec = codec<MeterProof>(
  'meter proof',
  z.strictObject({
    version: z.literal(1),
    ied: nameField,
    credential: z.string().max(8192),
    segments: z.array(segment).min(1).max(2),
  }),
  MOST_BYTES,
)

/** Classes whose content a proof shows. */
const SHOWN: ReadonlySet<string> = new Set(['billing', 'inventory', 'maintenance'])
const PAGE = 256

/** The ledger of the IED itself, or what a back end has collected of it. */
export interface ProvingLedger extends Pick<Ledger, 'ied' | 'read'> {
  head(): { readonly number: number }
  /** The IED's signature over the chain up to this record; a back end has one that lies behind it. */
  signedHead(number: number): Promise<SignedHead>
}

/** @returns in words why there is none, where no reading is of that time, or too many are */
export async function proveReadings(
  ledger: ProvingLedger,
  credential: string,
  from: UtcMs,
  to: UtcMs,
  /** What people edited of the time counts too: it stands behind it. */
  withEdits = false,
): Promise<MeterProof | string> {
  let settings: LedgerRecord | undefined
  let pending: LedgerRecord[] = []
  const records: LedgerRecord[] = []
  for (let at = 0; at < ledger.head().number; ) {
    const page = await ledger.read({ after: at, limit: PAGE, maxBytes: 1 << 20 })
    const last = page.at(-1)
    if (last === undefined) break
    at = last.header.number
    for (const record of page) {
      const reading = record.header.class === 'billing' && record.body ? readingIn(record.body.content) : undefined
      const isOfTime = reading !== undefined && reading.startUtcMs >= from && reading.endUtcMs <= to
      const isIn = isOfTime || (withEdits && reading === undefined && isEditOf(record, from, to))
      if (records.length === 0 && !isIn) {
        if (hasMetering(record)) settings = record
        continue
      }
      pending.push(record)
      if (!isIn) continue
      records.push(...pending)
      pending = []
      if (records.length > MOST_RECORDS) return `more than ${MOST_RECORDS} records, want a shorter time`
    }
    if (pending.length > MOST_RECORDS) pending = pending.slice(-MOST_RECORDS - 1) // far behind the time: none of them is wanted
  }
  const last = records.at(-1)
  if (last === undefined) return 'no reading lies within this time'
  async function segmentOf(some: readonly LedgerRecord[], number: number): Promise<ProofSegment | undefined> {
    const head = await ledger.signedHead(number)
    const behind: LedgerRecord[] = []
    for (let at = number; at < head.number; at = behind.at(-1)?.header.number ?? head.number) {
      const page = await ledger.read({ after: at, limit: Math.min(PAGE, head.number - at), maxBytes: 1 << 20 })
      behind.push(...page.map(({ header }) => ({ header })))
      if (page.length === 0 || some.length + behind.length > MOST_RECORDS) return undefined
    }
    const shown = some.map(({ header, body }) => (body && SHOWN.has(header.class) ? { header, body } : { header }))
    return { records: [...shown, ...behind], head }
  }
  const readings = await segmentOf(records, last.header.number)
  if (readings === undefined) return `the next signature lies more than ${MOST_RECORDS} records on: ask the IED`
  // Without it the proof says that its ledger names no settings.
  const before = settings === undefined ? undefined : await segmentOf([settings], settings.header.number)
  return {
    version: 1,
    ied: ledger.ied,
    credential,
    segments: [...(before === undefined ? [] : [before]), readings],
  }
}

function isEditOf({ header, body }: LedgerRecord, from: UtcMs, to: UtcMs): boolean {
  const edit = header.class === 'billing' && body ? editIn(body.content) : undefined
  return edit !== undefined && edit.startUtcMs >= from && edit.startUtcMs < to
}

function hasMetering({ header, body }: LedgerRecord): boolean {
  if (header.class !== 'inventory' || body === undefined) return false
  return meteringIn(body.content) !== undefined
}

function meteringIn(content: Uint8Array): Metering | undefined {
  try {
    return inventoryCodec.decode(content).metering
  } catch {
    return undefined // of another program's making
  }
}

export interface ProvenReading {
  readonly number: number
  readonly reading: Reading
  /** The settings that the ledger last named before it. */
  readonly metering: Metering | undefined
}

export interface ProvenEdit {
  readonly number: number
  readonly edit: ReadingEdit
}

export interface ProofVerdict {
  /** Empty: the proof holds. */
  readonly faults: readonly string[]
  /** What to know of readings that do hold: gaps, resets, doubts. */
  readonly remarks: readonly string[]
  readonly readings: readonly ProvenReading[]
  /** What people put in the place of readings, in their order. */
  readonly edits: readonly ProvenEdit[]
  /** The record up to which contents are shown. */
  readonly shownUpTo: number
  /** Primary energy, and what the registers said. */
  readonly importWh: bigint
  readonly exportWh: bigint
  readonly rawImportWh: bigint
  readonly rawExportWh: bigint
  readonly metering?: Metering
  readonly meteringChanges: number
}

/** @param verify with the key that the proof's credential names, which the caller has checked */
export function checkProof({ ied, segments }: MeterProof, verify: Verify): ProofVerdict {
  const faults = segments.flatMap((each, index) =>
    segmentFaults(ied, each, verify).map(fault => `part ${index + 1}: ${fault}`),
  )
  const ledgers = new Set(segments.map(({ head }) => head.ledgerId))
  if (ledgers.size > 1) faults.push('its parts are of different ledgers')
  const [first, second] = segments
  if (first && second && (first.records[0]?.header.number ?? 0) >= (second.records[0]?.header.number ?? 0))
    faults.push('its settings are later than its readings')

  const readings: ProvenReading[] = []
  const edits: ProvenEdit[] = []
  let metering: Metering | undefined
  let meteringChanges = 0
  // What lies behind the last one that is shown only reaches as far as the signature.
  const shown = segments.flatMap(({ records }) => {
    const last = records.findLastIndex(({ body }) => body !== undefined)
    return last < 0 ? records : records.slice(0, last + 1)
  })
  for (const { header, body } of shown) {
    if (body === undefined) {
      if (SHOWN.has(header.class)) faults.push(`record ${header.number}: its content (${header.class}) is withheld`)
      continue
    }
    if (header.class === 'inventory') metering = meteringIn(body.content) ?? metering
    if (header.class === 'maintenance' && isMeteringChange(body.content)) meteringChanges++
    const reading = header.class === 'billing' ? readingIn(body.content) : undefined
    if (reading !== undefined) readings.push({ number: header.number, reading, metering })
    const edit = header.class === 'billing' && reading === undefined ? editIn(body.content) : undefined
    if (edit !== undefined) edits.push({ number: header.number, edit })
  }
  if (readings.length === 0) faults.push('it has no reading')
  const intervals = readings.map(({ reading }) => rawInterval(reading))
  const sum = (of: (interval: RawInterval) => bigint): bigint => intervals.reduce((all, each) => all + of(each), 0n)
  return {
    faults,
    remarks: remarksOn(readings),
    readings,
    edits,
    shownUpTo: shown.at(-1)?.header.number ?? 0,
    importWh: sum(({ importWh }) => importWh),
    exportWh: sum(({ exportWh }) => exportWh),
    rawImportWh: sum(each => (each.onRegisters ?? each).importWh),
    rawExportWh: sum(each => (each.onRegisters ?? each).exportWh),
    ...(metering === undefined ? {} : { metering }),
    meteringChanges,
  }
}

function segmentFaults(ied: string, { records, head }: ProofSegment, verify: Verify): string[] {
  const first = records[0]?.header
  if (first === undefined) return ['it has no record']
  if (head.ied !== ied) return [`its head is of ${head.ied}, want ${ied}`]
  if (!isHeadGenuine(head, verify)) return ['the signature of its head does not hold']
  const start = { number: first.number - 1, chainHash: first.previousHash }
  const check = checkChain(start, { ied, ledgerId: head.ledgerId }, records)
  if (!check.ok) return [`the chain breaks at record ${check.number} (${check.fault})`]
  const isAtHead = check.end.number === head.number && sameBytes(check.end.chainHash, head.chainHash)
  return isAtHead ? [] : [`its chain ends at record ${check.end.number}, not at the signed head ${head.number}`]
}

function isMeteringChange(content: Uint8Array): boolean {
  try {
    return maintenanceCodec.decode(content).event === 'metering-changed'
  } catch {
    return false
  }
}

/** Whether a reading has other multipliers than the settings that its ledger named; nothing for one of which that is not clear. */
function differsFromSettings({ reading, metering }: ProvenReading): boolean | undefined {
  const { startUtcMs, endUtcMs, flags, multiplier } = reading
  if (metering === undefined || startUtcMs === endUtcMs || flags.includes('multiplierChanged')) return undefined
  // Earlier programs named ratios and did not say whether they count.
  if (metering.registers === undefined && (metering.ctRatio !== 1 || metering.vtRatio !== 1)) return undefined
  return !isSameMultiplier(multiplier, multiplierOf(metering))
}

function remarksOn(readings: readonly ProvenReading[]): string[] {
  return [...ownRemarks(readings), ...settingsRemarks(readings)]
}

/** Where it begins to be so: of thousands of readings one remark. */
function settingsRemarks(readings: readonly ProvenReading[]): string[] {
  const judged = readings.filter(each => differsFromSettings(each) !== undefined)
  return judged.flatMap((each, index) => {
    const before = judged[index - 1]
    if (differsFromSettings(each) !== true || (before !== undefined && differsFromSettings(before) === true)) return []
    const [is, wanted] = [multiplierWords(each.reading.multiplier), multiplierWords(multiplierOf(each.metering))]
    return [`record ${each.number}: its multipliers (${is}) are not those of the metering settings (${wanted})`]
  })
}

function ownRemarks(readings: readonly ProvenReading[]): string[] {
  return readings.flatMap(({ number, reading }, index) => {
    const before = readings[index - 1]?.reading
    const isStep = before !== undefined && before.importWhEnd !== reading.importWhStart
    const isGap = before !== undefined && before.endUtcMs !== reading.startUtcMs
    const was = before?.multiplier
    const isOther = before !== undefined && !isSameMultiplier(was, reading.multiplier)
    return [
      ...(isOther
        ? [`record ${number}: the multipliers (${multiplierWords(was)}) are now ${multiplierWords(reading.multiplier)}`]
        : []),
      ...(isGap ? [`record ${number}: it does not begin where the reading before it ended`] : []),
      ...(isStep ? [`record ${number}: its register does not begin where the one before it ended`] : []),
      ...(reading.flags.length > 0 ? [`record ${number}: ${reading.flags.join(', ')}`] : []),
    ]
  })
}
