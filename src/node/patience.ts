// How long an answer is waited for, by peer: as long as a link with seconds of delay and 20 kbit/s takes for what is
// usually asked, once a shorter time has shown itself to be too short. So a silent peer is given up soon at first, and a
// slow link gets its answers through from the second or third question on.

export interface Patience {
  /** For the next question. */
  timeoutMs(peerId: string): number
  /** Whether earlier answers did not come in the shortest time. */
  isSlow(peerId: string): boolean
  answered(peerId: string, tookMs: number): void
  unanswered(peerId: string): void
}

/** Peers beyond that begin anew. */
const KEPT = 1024

export function patience(shortestMs: number, longestMs: number): Patience {
  const known = new Map<string, number>()
  const set = (peerId: string, ms: number): void => {
    known.delete(peerId)
    if (ms <= shortestMs) return
    known.set(peerId, Math.min(ms, longestMs))
    if (known.size > KEPT) for (const oldest of [...known.keys()].slice(0, known.size - KEPT)) known.delete(oldest)
  }
  return {
    timeoutMs: peerId => known.get(peerId) ?? shortestMs,
    isSlow: peerId => known.has(peerId),
    // Not at once back to the shortest: four times what this one took leaves room for one with more in it.
    answered: (peerId, tookMs) => set(peerId, 4 * tookMs),
    unanswered: peerId => set(peerId, 2 * (known.get(peerId) ?? shortestMs)),
  }
}
