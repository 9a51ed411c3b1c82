// What a back end raises an alarm for as it takes records in. One of a kind is kept for each ledger, so that a device that
// goes on like that neither fills the store nor says anything new.

import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { codec, countField, nameField } from './codec.ts'
import { type LedgerId, ledgerIdField } from './record.ts'
import type { Change, Store } from './store.ts'
import { below, key } from './store-keys.ts'

const alarmKinds = ['newLedger', 'fork', 'unreadable', 'dropped', 'future', 'registers'] as const

export interface CollectorAlarm {
  /**
   * `newLedger`: a known IED began another ledger, wiped or exchanged. `fork`: two signed histories of one ledger.
   * `unreadable`: billing content that is neither a reading, a bill, a contract, an edit nor a report of usage (stored, but
   * not counted). `dropped`: the IED had no room and let go of bodies that are lacking here. `future`, `registers`: doubtful
   * readings, see `reading-doubts.ts`.
   */
  readonly kind: (typeof alarmKinds)[number]
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly number: number
  readonly utcMs: UtcMs
  /** Of `newLedger`: the latest one before. */
  readonly previous?: LedgerId
}

const alarmCodec = codec<CollectorAlarm>(
  'collector alarm',
  z.strictObject({
    kind: z.enum(alarmKinds),
    ied: nameField,
    ledgerId: ledgerIdField,
    number: countField,
    utcMs: countField.transform(utcMs),
    previous: ledgerIdField.exactOptional(),
  }),
  512,
)

const alarmKey = ({ ied, ledgerId, kind }: CollectorAlarm) => key('collector', 'alarm', ied, ledgerId, kind)
export const keepAlarm = (alarm: CollectorAlarm): Change => ({ put: alarmKey(alarm), value: alarmCodec.encode(alarm) })

/** Of each kind the first of a ledger, unless it is kept already. */
export async function unsaid(store: Store, alarms: readonly CollectorAlarm[]): Promise<CollectorAlarm[]> {
  const first = alarms.filter(({ kind }, index) => alarms.findIndex(each => each.kind === kind) === index)
  const known = await Promise.all(first.map(each => store.get(alarmKey(each))))
  return first.filter((_, index) => known[index] === undefined)
}

export async function keptAlarms(store: Store): Promise<CollectorAlarm[]> {
  const alarms: CollectorAlarm[] = []
  for await (const { value } of store.range(...below('collector', 'alarm'))) alarms.push(alarmCodec.decode(value))
  return alarms
}
