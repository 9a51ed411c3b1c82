// What bulk transfers achieve with each peer, smoothed. Small ones are left out: they show the round trip.

const LEAST_BYTES = 4096
const PEERS_KEPT = 256
/** Weight of the latest transfer. */
const LATEST = 0.3

export interface RateMeter {
  took(peerId: string, bytes: number, ms: number): void
  bitsPerSecond(peerId: string): number | undefined
}

/** Of peers beyond a number, the one that was measured first is forgotten. */
export function rateMeter(): RateMeter {
  const rates = new Map<string, number>()
  return {
    took(peerId, bytes, ms) {
      if (bytes < LEAST_BYTES || !(ms > 0)) return
      const rate = (bytes * 8000) / ms
      const before = rates.get(peerId)
      if (before === undefined && rates.size >= PEERS_KEPT) rates.delete(rates.keys().next().value as string)
      rates.set(peerId, before === undefined ? rate : before + LATEST * (rate - before))
    },
    bitsPerSecond: peerId => rates.get(peerId),
  }
}
