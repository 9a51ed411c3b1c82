// Readings and load profiles as a back end gives them out, and how they are asked for.

import type { UtcMs } from '../../topology/units.ts'
import type { LoadProfile } from './load-profile.ts'
import type { Reading } from './reading.ts'
import type { ReadingDoubt } from './reading-doubts.ts'
import type { LedgerId } from './record.ts'

export interface CollectedReading {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly number: number
  readonly reading: Reading
  readonly doubts: readonly ReadingDoubt[]
}

export interface CollectedProfile {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly number: number
  readonly profile: LoadProfile
}

export interface ReadingQuery {
  /** All IEDs without it, one after the other. */
  readonly ied?: string
  /** Readings that start at or after it. */
  readonly fromUtc?: UtcMs
  /** Readings that start before it. */
  readonly toUtc?: UtcMs
  readonly limit?: number
  /** The latest of each IED first. */
  readonly reverse?: boolean
  /** Only what comes behind this one, in the order of `readings`. */
  readonly after?: ReadingPlace
}

/** Where a reading stands in the order of `readings`. */
export interface ReadingPlace {
  readonly ied: string
  readonly startUtcMs: UtcMs
  readonly ledgerId: LedgerId
  readonly number: number
}
