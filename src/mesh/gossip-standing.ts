// What a neighbour's rejected gossip costs it: gossipsub takes this into its score. libp2p's own count of invalid messages
// weighs only where each topic has parameters of its own, which for its other counts want many messages to be right.
//
// Gossipsub takes ten points of it for each point here. Below -10 it sends the peer no gossip, below -50 it publishes
// nothing to it, below -80 it reads nothing of it: so after nine rejected messages. Half of it is forgiven every ten seconds.

import { MOST_REMEMBERED } from './most-peers.ts'

export interface GossipStanding {
  rejected(peerId: string): void
  /** Zero, or below. */
  score(peerId: string): number
}

const HALVES_EVERY_MS = 10_000
const WORST = 64
/** The one whose last rejected message is the oldest goes first. */
const KEPT = MOST_REMEMBERED

export function gossipStanding(now: () => number): GossipStanding {
  const rejects = new Map<string, { readonly count: number; readonly at: number }>()
  const count = (peerId: string): number => {
    const known = rejects.get(peerId)
    return known === undefined ? 0 : known.count * 0.5 ** ((now() - known.at) / HALVES_EVERY_MS)
  }
  return {
    rejected(peerId) {
      const next = Math.min(WORST, count(peerId) + 1)
      rejects.delete(peerId)
      const [oldest] = rejects.keys()
      if (rejects.size >= KEPT && oldest !== undefined) rejects.delete(oldest)
      rejects.set(peerId, { count: next, at: now() })
    },
    score: peerId => 0 - count(peerId),
  }
}
