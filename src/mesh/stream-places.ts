// How many answers stream at once. Each holds a producer and a window of bytes; whoever comes when all places are taken is
// refused with a reason, and not queued: it knows better than this peer when to ask again.

export const STREAMS_PER_PEER = 4
export const STREAMS_IN_ALL = 32

export interface StreamPlaces {
  /** @returns what gives the place back (idempotent), or why there is none */
  take(peerId: string): (() => void) | string
}

export function streamPlaces(perPeer = STREAMS_PER_PEER, inAll = STREAMS_IN_ALL): StreamPlaces {
  const taken = new Map<string, number>()
  let all = 0
  return {
    take(peerId) {
      const own = taken.get(peerId) ?? 0
      if (own >= perPeer) return `${own} answers stream to you already, want ${perPeer} at once at the most`
      if (all >= inAll)
        return `${all} answers stream from here already, want ${inAll} at once at the most: ask again later`
      taken.set(peerId, own + 1)
      all++
      let given = true
      return () => {
        if (!given) return
        given = false
        all--
        const left = (taken.get(peerId) ?? 1) - 1
        if (left === 0) taken.delete(peerId)
        else taken.set(peerId, left)
      }
    },
  }
}
