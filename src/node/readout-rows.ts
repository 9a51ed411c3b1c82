// Read-outs that may have any number of rows: they stream, row by row encoded, in items small enough for other traffic to
// pass between them. Each item names the place after its last row, so that a reader that was cut off goes on from there.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Credential } from '../mesh/credential.ts'

export const ROWS_PROTOCOL = '/feedermesh/query/rows/1.0.0'

export type Row = Readonly<Record<string, unknown>>

export interface Listed {
  readonly row: Row
  /** What to give as `after` to go on behind this row. */
  readonly cursor: string
}

/**
 * In the place of a row: the next one may take its time, so what there is goes out now. Also a sign of life, where there
 * is nothing: a reader takes a peer that says nothing for half a minute for gone.
 */
export const PAUSE = Symbol('pause')

/** Rows in order. `signal` is aborted when nobody reads any more; it also ends by being returned. */
export type Listing = (
  parameters: Record<string, unknown>,
  signal: AbortSignal,
  from: Credential,
) => AsyncIterable<Listed | typeof PAUSE>

const ITEM_BYTES = 14 * 1024
const MAX_ROW = 48 * 1024
/** Decoding and encoding go in slices of so many rows; in between, all else has its turn. */
const ROWS_AT_ONCE = 8

const rowsSchema = z.strictObject({
  rows: z.array(z.custom<Uint8Array>(value => value instanceof Uint8Array)).max(1000),
  next: z.string().max(200),
})

export async function* rowItems(listing: AsyncIterable<Listed | typeof PAUSE>): AsyncGenerator<Uint8Array> {
  let rows: Uint8Array[] = []
  let bytes = 0
  let next = ''
  let sliced = 0
  for await (const listed of listing) {
    if (listed === PAUSE) {
      yield toCbor({ rows, next })
      rows = []
      bytes = 0
      continue
    }
    const { row, cursor } = listed
    const encoded = toCbor(row)
    if (encoded.length > MAX_ROW) throw new Error(`a row of ${encoded.length} bytes, want ${MAX_ROW} at the most`)
    if (rows.length > 0 && bytes + encoded.length > ITEM_BYTES) {
      yield toCbor({ rows, next })
      rows = []
      bytes = 0
    }
    rows.push(encoded)
    bytes += encoded.length + 3
    next = cursor
    if (++sliced % ROWS_AT_ONCE === 0) await new Promise(setImmediate)
  }
  if (rows.length > 0) yield toCbor({ rows, next })
}

/** @throws Error when they are not what `rowItems` made */
export function readRowItem(item: Uint8Array): { readonly rows: Row[]; readonly next: string } {
  const { rows, next } = rowsSchema.parse(fromCbor(item))
  return { rows: rows.map(row => z.record(z.string(), z.unknown()).parse(fromCbor(row))), next }
}

/** So much goes into one answer of the protocol without streams; whoever wants more streams, or goes on from `next`. */
const ONE_ANSWER_ROWS = 10_000
const ONE_ANSWER_BYTES = 3 * 1024 * 1024

export async function oneAnswer(
  what: string,
  listing: AsyncIterable<Listed | typeof PAUSE>,
): Promise<Record<string, unknown>> {
  const rows: Row[] = []
  let bytes = 0
  let last: string | undefined
  for await (const listed of listing) {
    if (listed === PAUSE) break // it goes on as long as somebody streams it: one answer has what there is now
    const { row, cursor } = listed
    bytes += toCbor(row).length
    if (rows.length >= ONE_ANSWER_ROWS || bytes > ONE_ANSWER_BYTES) return { [what]: rows, next: last ?? '' }
    rows.push(row)
    last = cursor
    if (rows.length % ROWS_AT_ONCE === 0) await new Promise(setImmediate)
  }
  return { [what]: rows }
}
