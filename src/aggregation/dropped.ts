// The ledger's own word that it has let go of bodies: a record of the class that they were of, so that whoever was to
// have them is told, and in the chain, so that nobody else can say it. What lacks a body and has no such word was withheld
// on the way, or the ledger is damaged.

import { z } from 'zod'
import { AggregationError } from './aggregation-error.ts'
import { codec, countField } from './codec.ts'
import { type Header, type LedgerRecord, type RecordClass, recordClasses } from './record.ts'

/**
 * `receipted`: every recipient had it; `held`: every required one had it, and the others took longer than the policy
 * waits for them; `quota`: somebody lacks it, and there was no room.
 */
export const dropReasons = ['receipted', 'held', 'quota'] as const
export type DropReason = (typeof dropReasons)[number]

export interface Dropped {
  readonly class: RecordClass
  /** The first and the last of them; those of other classes between them are not meant. */
  readonly from: number
  readonly to: number
  /** How many bodies went with this record. */
  readonly count: number
  readonly reason: DropReason
}

/** The most bodies that one such record lets go of, so that whoever reads it has a bounded amount to look after. */
export const MOST_DROPPED = 2_000

export const droppedSchema = z
  .strictObject({
    kind: z.literal('dropped'),
    class: z.enum(recordClasses),
    from: countField.min(1),
    to: countField.min(1),
    count: countField.min(1).max(MOST_DROPPED),
    reason: z.enum(dropReasons),
  })
  .refine(({ from, to, count }) => to - from + 1 >= count, 'more records than numbers')

const droppedCodec = codec<z.output<typeof droppedSchema>>('dropped records', droppedSchema, 256)

export const encodeDropped = (dropped: Dropped): Uint8Array => droppedCodec.encode({ kind: 'dropped', ...dropped })

/** What a record says of bodies that are gone: nothing, if it is of another kind, or speaks of more than lies behind it. */
export function droppedBy({ header, body }: LedgerRecord): Dropped | undefined {
  if (body === undefined || body.content.length > 256 || !mayBeWord(body.content)) return undefined
  try {
    const { kind: _, ...dropped } = droppedCodec.decode(body.content)
    return dropped.class === header.class && dropped.to < header.number ? dropped : undefined
  } catch (error) {
    if (error instanceof AggregationError) return undefined
    throw error
  }
}

/** Of a thousand records hardly one is such a word: to find that out by an error for each would be half of a back end's work. */
const mayBeWord = ({ buffer, byteOffset, byteLength }: Uint8Array): boolean =>
  Buffer.from(buffer, byteOffset, byteLength).includes('dropped')

/** The same of content alone: some bodies of its class have gone. */
export function isDroppedWord(content: Uint8Array): boolean {
  if (content.length > 256 || !mayBeWord(content)) return false
  try {
    droppedCodec.decode(content)
    return true
  } catch {
    return false
  }
}

export const explains = (dropped: Dropped, header: Pick<Header, 'class' | 'number'>): boolean =>
  dropped.class === header.class && dropped.from <= header.number && header.number <= dropped.to
