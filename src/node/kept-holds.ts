// Who holds a load, as it is kept in the store: times become UTC, and what is left of them, so that they outlive a restart.
//
// By a good clock a hold ends when it would have; never later than by what was left when it was written.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { instant } from '../../topology/units.ts'
import { type Hold, ranks } from '../protection/load/precedence.ts'
import type { Clock } from './clock.ts'

const hold = z
  .object({
    rank: z.enum(ranks),
    by: z.string(),
    wish: z.enum(['on', 'off']),
    why: z.string(),
    id: z.string().optional(),
    sinceUtcMs: z.number(),
    /** By a good clock; `leftMs` when it was written counts without one. */
    untilUtcMs: z.number().optional(),
    leftMs: z.number().optional(),
    order: z.string().optional(),
    whileContested: z.boolean().optional(),
    isTried: z.boolean().optional(),
  })
  .strict()
const kept = z
  .object({
    ours: z.boolean(),
    takenFor: z.string().optional(),
    takenId: z.string().optional(),
    holds: z.array(hold).max(64),
  })
  .strict()

type KeptClock = Pick<Clock, 'now' | 'utc' | 'utcGood'>

interface Kept {
  readonly ours: boolean
  readonly takenFor?: string | undefined
  readonly takenId?: string | undefined
  readonly holds: readonly Hold[]
}

/** To be written now. */
export function encodeKept(state: Kept, clock: KeptClock): Uint8Array {
  const utc = clock.utc()
  const holds = state.holds.map(({ since, until, ...rest }) => ({
    ...rest,
    sinceUtcMs: utc - (clock.now() - since),
    ...(until === undefined ? {} : { leftMs: until - clock.now() }),
    ...(until === undefined || !clock.utcGood() ? {} : { untilUtcMs: utc + (until - clock.now()) }),
  }))
  const { ours, takenFor, takenId } = state
  const value: z.input<typeof kept> = {
    ours,
    holds,
    ...(takenFor === undefined ? {} : { takenFor }),
    ...(takenId === undefined ? {} : { takenId }),
  }
  return toCbor(value)
}

/** As it stands after a restart. @throws when the bytes are not what was written */
export function decodeKept(bytes: Uint8Array, clock: KeptClock): Kept {
  const { ours, holds, takenFor, takenId } = kept.parse(fromCbor(bytes))
  const now = clock.now()
  const utc = clock.utc()
  const isGood = clock.utcGood()
  return {
    ours,
    takenFor,
    takenId,
    holds: holds.map(({ sinceUtcMs, untilUtcMs, leftMs, ...rest }): Hold => {
      const left = isGood && untilUtcMs !== undefined ? Math.min(untilUtcMs - utc, leftMs ?? 0) : leftMs
      return {
        rank: rest.rank,
        by: rest.by,
        wish: rest.wish,
        why: rest.why,
        since: instant(isGood ? now - Math.max(0, utc - sinceUtcMs) : now),
        ...(left === undefined ? {} : { until: instant(now + left) }),
        ...(rest.id === undefined ? {} : { id: rest.id }),
        ...(rest.order === undefined ? {} : { order: rest.order }),
        ...(rest.whileContested === undefined ? {} : { whileContested: rest.whileContested }),
        ...(rest.isTried === undefined ? {} : { isTried: rest.isTried }),
      }
    }),
  }
}
