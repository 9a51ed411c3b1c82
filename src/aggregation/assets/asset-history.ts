// What is known of one IED and the equipment it operates, from its records alone, taken in one after the other. The same
// fold runs at the IED over its own ledger and at a back-end peer over what it collected, so both count the same.

import { z } from 'zod'
import { fromCbor } from '../../../topology/cbor.ts'
import { type UtcMs, utcMs } from '../../../topology/units.ts'
import type { LedgerRecord } from '../record.ts'
import {
  type InventoryFacts,
  inventoryCodec,
  type MaintenanceEvent,
  type Metering,
  maintenanceCodec,
} from './asset-records.ts'
import { afterOperation, unworn, type Wear } from './wear.ts'

export interface HistoryEntry {
  readonly utcMs: UtcMs
  readonly ledgerId: string
  readonly number: number
  readonly what: string
  readonly by?: string
  readonly words: string
}

export interface AssetHistory {
  readonly facts?: InventoryFacts
  readonly factsUtcMs?: UtcMs
  readonly firstSeenUtcMs?: UtcMs
  readonly lastSeenUtcMs?: UtcMs
  readonly position?: 'open' | 'closed'
  readonly wear: Wear
  /** The latest ones, oldest first. */
  readonly entries: readonly HistoryEntry[]
}

export const noHistory: AssetHistory = { wear: unworn, entries: [] }

/** The ledger has all of them; the oldest give way here. */
export const MOST_ENTRIES = 200

export function afterRecord(history: AssetHistory, { header, body }: LedgerRecord): AssetHistory {
  const { utcMs: at, utcQuality } = header
  // A clock that was never set says nothing of when.
  const seen =
    utcQuality === 'unset'
      ? history
      : {
          ...history,
          firstSeenUtcMs: utcMs(Math.min(history.firstSeenUtcMs ?? at, at)),
          lastSeenUtcMs: utcMs(Math.max(history.lastSeenUtcMs ?? at, at)),
        }
  if (body === undefined) return seen
  const add = (what: string, words: string, by?: string): AssetHistory['entries'] => {
    const entry = { utcMs: at, ledgerId: header.ledgerId, number: header.number, what, words: words.slice(0, 500) }
    return [...seen.entries, by === undefined ? entry : { ...entry, by: by.slice(0, 200) }].slice(-MOST_ENTRIES)
  }
  if (header.class === 'inventory') {
    const facts = readable(() => inventoryCodec.decode(body.content))
    if (facts === undefined) return seen
    const changes = seen.facts === undefined ? ['first inventory'] : changesIn(seen.facts, facts)
    return { ...seen, facts, factsUtcMs: at, entries: add('inventory', changes.join('; ')) }
  }
  if (header.class === 'maintenance') {
    const event = readable(() => maintenanceCodec.decode(body.content))
    return event === undefined ? seen : afterMaintenance(seen, event, add)
  }
  const told = TOLD.has(header.class) ? toldBy(header.class, body.content) : undefined
  return told === undefined ? seen : { ...seen, entries: add(told.what, told.words, told.by) }
}

type Add = (what: string, words: string, by?: string) => AssetHistory['entries']

function afterMaintenance(history: AssetHistory, event: MaintenanceEvent, add: Add): AssetHistory {
  switch (event.event) {
    case 'breaker-operation': {
      const { device, to, amps, unseen } = event
      const current = amps === undefined ? '' : ` at ${amps.toFixed(0)} A`
      const words = `${device} ${to}${to === 'open' ? current : ''}${unseen === true ? ', while nobody looked' : ''}`
      return {
        ...history,
        position: to,
        wear: afterOperation(history.wear, event),
        entries: add('operation', words),
      }
    }
    case 'note':
      return { ...history, entries: add('note', event.words, event.by) }
    case 'metering-changed':
      return { ...history, entries: add('metering', `${meteringWords(event.was)} is now ${meteringWords(event.is)}`) }
  }
}

export function meteringWords(given: Metering | undefined): string {
  if (given === undefined) return 'nothing'
  const { accuracyClass, ctRatio, vtRatio, multiplier, registers, ratioErrorPercent } = given
  return [
    `class ${accuracyClass}, CT ${ctRatio}, VT ${vtRatio}, multiplier ${multiplier}`,
    ...(registers === undefined ? [] : [`${registers} registers`]),
    ...(ratioErrorPercent === undefined ? [] : [`ratio error ${ratioErrorPercent} %`]),
  ].join(', ')
}

/** Of other classes: what people, orders and the device itself did. */
const TOLD: ReadonlySet<string> = new Set(['operation', 'tamper', 'audit'])

const operation = z.object({
  event: z.string(),
  by: z.string().optional(),
  order: z.string().optional(),
  result: z.string().optional(),
  words: z.string().optional(),
})
const auditEntry = z.object({ kind: z.literal('configuration'), subject: z.string(), words: z.string() })

function toldBy(recordClass: string, content: Uint8Array) {
  const value = readable(() => fromCbor(content))
  if (recordClass === 'audit') {
    const { data } = auditEntry.safeParse(value)
    return data && { what: 'configuration', by: data.subject, words: data.words }
  }
  const { data } = operation.safeParse(value)
  // Of an order its outcome counts: that it was begun says nothing of what was done.
  if (data === undefined || data.event === 'order' || data.event === 'load-operated') return undefined
  const words = [data.order, data.result, data.words].filter(each => each !== undefined).join(': ')
  return { what: data.event, words, ...(data.by === undefined ? {} : { by: data.by }) }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined // of another program's making
  }
}

function changesIn(before: InventoryFacts, now: InventoryFacts): string[] {
  const shown = (value: unknown): string =>
    value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])] as (keyof InventoryFacts)[]
  const changed = keys.filter(key => shown(before[key]) !== shown(now[key]))
  return changed.map(key => `${key} ${shown(before[key])} is now ${shown(now[key])}`)
}
