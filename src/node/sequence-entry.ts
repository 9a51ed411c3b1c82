// One entry of the sequence of events as it is kept, recorded in the ledger, and read out.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { printable } from '../mesh/refusal.ts'
import type { Plain } from '../protection/sequence-of-events.ts'

const plain = z.union([z.string().max(512), z.number(), z.boolean()])

const entrySchema = z.strictObject({
  /** From 1, without gaps, over restarts. */
  number: z.int().positive(),
  /** Boot epoch: times on the monotonic clock compare within one only. */
  epoch: z.int().nonnegative(),
  /** Monotonic, ms since some moment of that epoch. */
  atMs: z.number(),
  utcMs: z.int().nonnegative(),
  utcQuality: z.enum(['good', 'uncertain', 'unset']),
  event: z.string().min(1).max(64),
  fields: z.record(z.string().max(64), plain),
})
export type SequenceEntry = z.infer<typeof entrySchema>

/** So many in one record: it stays small, and a burst makes few. */
export const BLOCK_ENTRIES = 64

/** By this a record of class `event` is known to hold a piece of the sequence. */
const EVENT = 'sequence'
const blockSchema = z.strictObject({ event: z.literal(EVENT), entries: z.array(entrySchema).min(1).max(BLOCK_ENTRIES) })

export const encodeBlock = (entries: readonly SequenceEntry[]): Uint8Array => toCbor({ event: EVENT, entries })

/** @returns undefined when the bytes are no block that this version knows */
export function decodeBlock(bytes: Uint8Array): SequenceEntry[] | undefined {
  try {
    return blockSchema.safeParse(fromCbor(bytes)).data?.entries
  } catch {
    return undefined
  }
}

const MAX_FIELDS = 24
const MAX_TEXT = 400

/** Plain fields, so many and so long: some of what a report says was chosen by a peer. */
export function plainFields(given: Readonly<Record<string, unknown>>): Record<string, Plain> {
  const fields: Record<string, Plain> = {}
  for (const [key, value] of Object.entries(given)) {
    if (Object.keys(fields).length >= MAX_FIELDS) break
    const kept = plainOf(value)
    if (kept !== undefined) fields[key.slice(0, 64)] = kept
  }
  return fields
}

function plainOf(value: unknown): Plain | undefined {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value) && value.every(each => ['string', 'number'].includes(typeof each))) {
    return cut(value.slice(0, 64).join(' '))
  }
  return undefined
}

/** At a blank, so that no name is cut in two. */
function cut(text: string): string {
  const shown = printable(text)
  if (shown.length <= MAX_TEXT) return shown
  const end = shown.lastIndexOf(' ', MAX_TEXT)
  return `${shown.slice(0, end > 0 ? end : MAX_TEXT)} …`
}
