// Which (epoch, sequence) pairs of one origin have been seen. A greater epoch starts anew, a smaller one is old.
// Messages arrive out of order by three ways, so a window of the last sequences is kept, not the greatest alone.

export type Freshness = 'new' | 'duplicate' | 'old'

/** Sequences further back than this are refused as old: they can't be told from replays. */
export const WINDOW = 1024

export interface ReplayMark {
  readonly epoch: number
  readonly greatest: number
}

export interface ReplayWindow {
  /** Says what the pair is, and remembers it when it is new. */
  take(epoch: number, sequence: number): Freshness
  /** What to persist. A window made from it refuses everything up to it. */
  mark(): ReplayMark
}

export function replayWindow(from: ReplayMark = { epoch: -1, greatest: -1 }): ReplayWindow {
  let { epoch, greatest } = from
  // After a restart it is not known which of the earlier sequences came: all of them count as old.
  let floor = greatest
  let seen = new Set<number>()
  return {
    take(e, s) {
      if (e < epoch || (e === epoch && s <= floor)) return 'old'
      if (e > epoch) {
        epoch = e
        greatest = s
        floor = s - WINDOW
        seen = new Set([s])
        return 'new'
      }
      if (seen.has(s)) return 'duplicate'
      seen.add(s)
      greatest = Math.max(greatest, s)
      if (seen.size > 2 * WINDOW) {
        floor = Math.max(floor, greatest - WINDOW)
        for (const old of seen) if (old <= floor) seen.delete(old)
      }
      return 'new'
    },
    mark: () => ({ epoch, greatest }),
  }
}
