// Which (epoch, sequence) pairs of one origin have been seen. A greater epoch starts anew, a smaller one is old.
// Messages arrive out of order by three ways, so a window of the last sequences is kept, not the greatest alone: one bit
// each, in a ring.

export type Freshness = 'new' | 'duplicate' | 'old'

/** Sequences this far behind the greatest are refused as old: they can't be told from replays. */
export const WINDOW = 1024

export interface ReplayMark {
  readonly epoch: number
  readonly greatest: number
}

export interface ReplayWindow {
  /** Says what the pair is, and remembers it when it is new. */
  take(epoch: number, sequence: number): Freshness
  /** Says what the pair is, and remembers nothing. */
  look(epoch: number, sequence: number): Freshness
  /** What to persist. A window made from it refuses everything up to it. */
  mark(): ReplayMark
}

export function replayWindow(from: ReplayMark = { epoch: -1, greatest: -1 }): ReplayWindow {
  let { epoch, greatest } = from
  // After a restart it is not known which of the earlier sequences came: all of them count as old.
  let floor = greatest
  const seen = new Uint8Array(WINDOW / 8)

  const isSeen = (sequence: number): boolean => ((seen[(sequence % WINDOW) >> 3] ?? 0) & (1 << (sequence & 7))) !== 0
  function remember(sequence: number): Freshness {
    const index = (sequence % WINDOW) >> 3
    seen[index] = (seen[index] ?? 0) | (1 << (sequence & 7))
    return 'new'
  }
  function advanceTo(sequence: number): void {
    if (sequence - greatest >= WINDOW) seen.fill(0)
    else for (let s = greatest + 1; s <= sequence; s++) forget(s)
    greatest = sequence
  }
  function forget(sequence: number): void {
    const index = (sequence % WINDOW) >> 3
    seen[index] = (seen[index] ?? 0) & ~(1 << (sequence & 7))
  }

  function look(e: number, s: number): Freshness {
    if (e < epoch || (e === epoch && s <= Math.max(floor, greatest - WINDOW))) return 'old'
    return e === epoch && s <= greatest && isSeen(s) ? 'duplicate' : 'new'
  }

  return {
    look,
    take(e, s) {
      const freshness = look(e, s)
      if (freshness !== 'new') return freshness
      if (e > epoch) {
        epoch = e
        greatest = s
        floor = -1
        seen.fill(0)
        return remember(s)
      }
      if (s > greatest) advanceTo(s)
      return remember(s)
    },
    mark: () => ({ epoch, greatest }),
  }
}
