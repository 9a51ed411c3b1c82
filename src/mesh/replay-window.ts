// Which (epoch, sequence) pairs of one origin have been seen. A greater epoch starts anew, a smaller one is old.
// Messages arrive out of order by three ways, so a window of the last sequences is kept, not the greatest alone.

export type Freshness = 'new' | 'duplicate' | 'old'

export interface ReplayWindow {
  readonly epoch: number
  readonly greatest: number
  /** Sequences in (greatest − WINDOW, greatest] that were seen. */
  readonly seen: ReadonlySet<number>
}

/** Sequences further back than this are refused as old: they can't be told from replays. */
export const WINDOW = 1024

export const emptyWindow: ReplayWindow = { epoch: -1, greatest: -1, seen: new Set() }

export function freshness(window: ReplayWindow, epoch: number, sequence: number): Freshness {
  if (epoch < window.epoch) return 'old'
  if (epoch > window.epoch) return 'new'
  if (sequence <= window.greatest - WINDOW) return 'old'
  return window.seen.has(sequence) ? 'duplicate' : 'new'
}

/** The window once a `new` pair has been taken. */
export function take(window: ReplayWindow, epoch: number, sequence: number): ReplayWindow {
  if (epoch > window.epoch) return { epoch, greatest: sequence, seen: new Set([sequence]) }
  const greatest = Math.max(window.greatest, sequence)
  const seen = window.seen as Set<number>
  seen.add(sequence)
  if (seen.size > 2 * WINDOW) for (const old of seen) if (old <= greatest - WINDOW) seen.delete(old)
  return { epoch, greatest, seen }
}
