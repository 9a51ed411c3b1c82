// What a person puts in the place of what was measured, or of what was estimated for what was not: a record of class `billing`
// with the signed order that asked for it. The reading stays as it is in the ledger; who computes with intervals takes both, and
// shows the interval as `edited`, with its original. Of several edits of one interval the last record counts.

import { z } from 'zod'
import { anyBytesField, codec, countField, wattHoursField } from '../codec.ts'
import { qualities } from './interval.ts'
import type { Edit } from './vee.ts'

const energy = { importWh: wattHoursField, exportWh: wattHoursField }

const schema = z
  .strictObject({
    kind: z.literal('reading-edit'),
    startUtcMs: countField,
    endUtcMs: countField,
    /** What stood there before, as it would have been billed. */
    was: z.strictObject({ ...energy, quality: z.enum(qualities) }),
    is: z.strictObject(energy),
    by: z.string().max(200),
    atUtcMs: countField,
    reason: z.string().min(1).max(200),
    /** The order as it was signed, and by whose credential. */
    envelopes: z.array(anyBytesField).max(2),
    credentials: z.array(z.string().max(8_192)).max(2),
  })
  .refine(({ startUtcMs, endUtcMs }) => endUtcMs > startUtcMs, 'ends before it begins')
export type ReadingEdit = z.output<typeof schema>
export const readingEditCodec = codec<ReadingEdit>('reading edit', schema, 32 * 1024)

const MARK = Buffer.from('reading-edit')

/** Undefined for what is none. */
export function editIn(content: Uint8Array): ReadingEdit | undefined {
  // Nearly all records of the class are readings: they are not decoded for this.
  if (!Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes(MARK)) return undefined
  try {
    return readingEditCodec.decode(content)
  } catch {
    return undefined
  }
}

export const editOf = ({ startUtcMs, is, by, atUtcMs, reason }: ReadingEdit): Edit => ({
  startUtcMs,
  ...is,
  author: by,
  atUtcMs,
  reason,
})
