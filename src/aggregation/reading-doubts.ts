// What a back end holds against a reading that came whole and signed. Nothing is refused for it and nothing is rewritten:
// the reading counts as it stands, and whoever computes with it is told.

import type { UtcMs } from '../../topology/units.ts'
import type { Reading } from './reading.ts'

/**
 * `future`: it ends later than it can have been by the clock here; `registers`: it does not begin with the registers that
 * the one before it in the ledger ended with, and does not say that they were reset.
 */
export const readingDoubts = ['future', 'registers'] as const
export type ReadingDoubt = (typeof readingDoubts)[number]

/** By which a device's clock may be ahead of the one here before its readings are said to be from the future. */
export const FUTURE_TOLERANCE_MS = 300_000

const BEGINS_ANEW = ['first', 'registerReset']

/**
 * @param before the one with the next lower number that is known, of the same ledger
 * @param now undefined while the clock here is not to be trusted
 */
export function doubtsOf(
  reading: Reading,
  before: Pick<Reading, 'importWhEnd' | 'exportWhEnd'> | undefined,
  now: UtcMs | undefined,
): ReadingDoubt[] {
  const isAhead = now !== undefined && reading.endUtcMs > now + FUTURE_TOLERANCE_MS
  const continues =
    before === undefined ||
    reading.flags.some(flag => BEGINS_ANEW.includes(flag)) ||
    (reading.importWhStart === before.importWhEnd && reading.exportWhStart === before.exportWhEnd)
  return [...(isAhead ? (['future'] as const) : []), ...(continues ? [] : (['registers'] as const))]
}
