// How much one answer holds. An answer is one frame of at most 4 MiB, and its asker waits ten seconds: what would take more
// bytes or more time is left out, and the answer says how much that is.

import { toCbor } from '../../topology/cbor.ts'

export const MOST_ANSWER_BYTES = 4 * 1024 * 1024 - 1024
/** Of rows in one answer, so that what stands beside them has room. */
export const MOST_ROW_BYTES = 3 * 1024 * 1024
/** Of computing for one answer about many. */
export const MOST_ANSWER_MS = 6_000

/** The first that fit, and how many do not. */
export function fitting<T>(
  rows: readonly T[],
  mostBytes = MOST_ROW_BYTES,
): { readonly rows: T[]; readonly leftOut: number } {
  let bytes = 0
  const end = rows.findIndex(row => {
    bytes += toCbor(row).length
    return bytes > mostBytes
  })
  const fits = end < 0 ? [...rows] : rows.slice(0, end)
  return { rows: fits, leftOut: rows.length - fits.length }
}

/** True once so much real time has passed: what is left is left out. */
export function timeIsUp(mostMs = MOST_ANSWER_MS): () => boolean {
  const end = performance.now() + mostMs
  return () => performance.now() > end
}
