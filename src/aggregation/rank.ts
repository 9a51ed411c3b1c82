// Who would aggregate best: the fittest, and among equals the one that a hash picks, which spreads groups over members
// and is the same for everybody who asks.

import { createHash } from 'node:crypto'

export interface Candidate {
  readonly ied: string
  /** In whole steps; higher is fitter. */
  readonly fitness: number
}

export const MAX_FITNESS = 15

/** Negative when `one` ranks before `other`. */
export const byRank =
  (group: string) =>
  (one: Candidate, other: Candidate): number =>
    other.fitness - one.fitness || compare(rendezvous(group, other.ied), rendezvous(group, one.ied))

/** Highest random weight: SHA-256(group ‖ 0 ‖ ied). Names hold no zero byte, so no two pairs run together. */
function rendezvous(group: string, ied: string): string {
  const key = `${group}\0${ied}`
  const known = weights.get(key)
  if (known !== undefined) return known
  const weight = createHash('sha256').update(key).digest('hex')
  if (weights.size >= WEIGHTS_KEPT) weights.clear()
  weights.set(key, weight)
  return weight
}

/** Members rank each other with every beat. */
const weights = new Map<string, string>()
const WEIGHTS_KEPT = 20_000

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
