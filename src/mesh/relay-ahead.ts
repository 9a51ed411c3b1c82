// From whom frames are relayed before their signature has been checked.
//
// Checking takes longer than all else at a hop, so along a chain of twenty it is done after the frame has gone on. What is
// risked is traffic alone: nobody acts on a frame before having checked it. A neighbour that sends frames whose origin
// never signed them could have the whole feeder carry them, so it may have few unchecked ones on their way at a time, and
// after some bad ones its frames are checked first for a while. That costs a tenth of a millisecond a hop, not a message,
// so a neighbour that merely relayed a liar's frames in good faith loses little by the same rule.

export interface RelayAheadLimits {
  /** Unchecked frames of one neighbour at a time. More than that in one turn of the loop are checked first. */
  readonly unchecked: number
  /** Bad ones within `withinMs` before its frames are checked first, for `pauseMs`. */
  readonly bad: number
  readonly withinMs: number
  readonly pauseMs: number
}

export const relayAheadLimits: RelayAheadLimits = { unchecked: 16, bad: 4, withinMs: 60_000, pauseMs: 60_000 }

export interface RelayAhead {
  may(from: string, now: number): boolean
  relayed(from: string): void
  /** A frame that was relayed has been checked. @returns whether the neighbour is paused by that */
  checked(from: string, isGood: boolean, now: number): boolean
  /** It is gone: what is left of it is what it did wrong. */
  forget(from: string): void
}

interface Neighbour {
  unchecked: number
  bad: number
  firstBadAt: number
  pausedUntil: number
}

/** Entries of neighbours that did nothing wrong go first. */
const KEPT = 256

export function relayAhead(limits: RelayAheadLimits = relayAheadLimits): RelayAhead {
  const neighbours = new Map<string, Neighbour>()

  function of(from: string): Neighbour {
    const known = neighbours.get(from)
    if (known !== undefined) return known
    if (neighbours.size >= KEPT) makeRoom()
    const made = { unchecked: 0, bad: 0, firstBadAt: 0, pausedUntil: Number.NEGATIVE_INFINITY }
    neighbours.set(from, made)
    return made
  }

  function makeRoom(): void {
    const [oldest] = neighbours.keys()
    const [first] = [...neighbours].find(([, neighbour]) => isBlameless(neighbour)) ?? [oldest]
    neighbours.delete(first as string)
  }

  return {
    may(from, now) {
      const { unchecked, pausedUntil } = of(from)
      return unchecked < limits.unchecked && now >= pausedUntil
    },
    relayed: from => void of(from).unchecked++,
    checked(from, isGood, now) {
      const neighbour = of(from)
      neighbour.unchecked = Math.max(0, neighbour.unchecked - 1)
      if (isGood) return false
      if (neighbour.bad === 0 || now - neighbour.firstBadAt > limits.withinMs) {
        neighbour.bad = 0
        neighbour.firstBadAt = now
      }
      if (++neighbour.bad < limits.bad) return false
      neighbour.bad = 0
      const isPausedAlready = now < neighbour.pausedUntil
      neighbour.pausedUntil = now + limits.pauseMs
      return !isPausedAlready
    },
    forget(from) {
      const neighbour = neighbours.get(from)
      if (neighbour !== undefined && isBlameless(neighbour)) neighbours.delete(from)
    },
  }
}

const isBlameless = ({ bad, unchecked, pausedUntil }: Neighbour): boolean =>
  bad === 0 && unchecked === 0 && pausedUntil === Number.NEGATIVE_INFINITY
