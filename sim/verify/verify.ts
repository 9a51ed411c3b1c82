// The solver against published tables, feeder by feeder.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { compareLoadFlow, compareShortCircuits } from './compare.ts'
import type { Comparison } from './comparison.ts'
import { ieee13 } from './published/ieee13.ts'
import { ieee34 } from './published/ieee34.ts'
import { ieee37 } from './published/ieee37.ts'

export const PUBLISHED = [ieee13, ieee34, ieee37] as const

export interface Verification {
  /** Every comparison is within its limit. */
  readonly ok: boolean
  readonly comparisons: readonly Comparison[]
}

/**
 * @param feedersDir where the shipped feeder files are
 * @throws TopologyError for a feeder file that does not load
 */
export function verify(feedersDir: string): Verification {
  const comparisons = PUBLISHED.flatMap(published => {
    const name = `${published.feeder}.yaml`
    const file = parseFeeder(readFileSync(join(feedersDir, name), 'utf8'), name)
    return [...compareLoadFlow(file, published), compareShortCircuits(file, published)]
  })
  return { ok: comparisons.every(({ ok }) => ok), comparisons }
}
