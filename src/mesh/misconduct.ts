// What a neighbour sends that no honest peer does: bytes that are no message, a signature that is not its origin's where all
// check before they pass on, what it has signed itself and may not say. A bug or a bit flip does it once; who goes on is cut
// off, and refused for a time when it comes again. Nobody is blamed for what others signed and it passed on in good faith.

import { MOST_REMEMBERED } from './most-peers.ts'

export interface MisconductLimits {
  /** So many within `withinMs` cut it off, for `awayMs`. */
  readonly atMost: number
  readonly withinMs: number
  readonly awayMs: number
}

export const misconductLimits: MisconductLimits = { atMost: 20, withinMs: 60_000, awayMs: 60_000 }

export interface Misconduct {
  /** @returns whether it is to be cut off for it; said once */
  did(from: string, now: number): boolean
  isAway(from: string, now: number): boolean
}

interface Neighbour {
  count: number
  since: number
  awayUntil: number
}

/** Whose first misdeed is the oldest goes first. */
const KEPT = MOST_REMEMBERED

export function misconduct(limits: MisconductLimits = misconductLimits): Misconduct {
  const neighbours = new Map<string, Neighbour>()

  function of(from: string, now: number): Neighbour {
    const known = neighbours.get(from)
    if (known !== undefined && (now - known.since <= limits.withinMs || now < known.awayUntil)) return known
    neighbours.delete(from)
    const [oldest] = neighbours.keys()
    if (neighbours.size >= KEPT && oldest !== undefined) neighbours.delete(oldest)
    const made = { count: 0, since: now, awayUntil: now }
    neighbours.set(from, made)
    return made
  }

  return {
    did(from, now) {
      const neighbour = of(from, now)
      if (++neighbour.count < limits.atMost || now < neighbour.awayUntil) return false
      neighbour.count = 0
      neighbour.awayUntil = now + limits.awayMs
      return true
    },
    isAway: (from, now) => now < (neighbours.get(from)?.awayUntil ?? Number.NEGATIVE_INFINITY),
  }
}
