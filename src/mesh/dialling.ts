// Whom to dial, and when: the decisions, without a socket.
//
// Not everybody: the neighbours that this agent holds links to, the configured seeds and the back ends, each until it is
// reached; of the rest only so many that gossip has ways enough. So what a publication and the connections cost does not
// grow with the feeder. Whoever is needed beyond that is dialled when something is asked of it.
//
// Not all at once: each contact waits longer after each failure, with jitter, and however many are due, an agent begins
// no more than `perSecond` dials a second. When 200 agents lose power and return together, that is what the network
// carries at the most; `test/mesh/dialling.test.ts` prints the course.

import { type addressBook, type Contact, LAST_RETRY_MS } from './address-book.ts'

export interface DialSettings {
  /** Dials that an agent begins in a second, in the long run, and at once after a quiet time. */
  readonly perSecond: number
  readonly burst: number
  /** Peers that are looked for beyond those that are wanted: gossip keeps a mesh of three among them. */
  readonly others: number
  /** Connected peers beyond which nobody is dialled but who is wanted. */
  readonly maxPeers: number
}

export const dialDefaults: DialSettings = { perSecond: 4, burst: 8, others: 16, maxPeers: 64 }

/** To which the wait for those grows that are not wanted in particular. */
const OTHERS_LAST_RETRY_MS = 60_000

export interface DialView {
  /** Connected, or being dialled. */
  isTaken(contact: Contact): boolean
  /** Held neighbours. */
  readonly wanted: ReadonlySet<string>
  isBackEnd(peerId: string): boolean
  /** Connected peers. */
  readonly peers: number
}

/** Lower is earlier. */
function rank({ peerId }: Contact, { wanted, isBackEnd }: DialView): number {
  if (peerId === undefined) return 1 // a seed: somebody meant it to be tried
  if (wanted.has(peerId)) return 0
  return isBackEnd(peerId) ? 1 : 2
}

export function dialling(book: ReturnType<typeof addressBook>, settings: DialSettings = dialDefaults) {
  let tokens = settings.burst
  let filledAt: number | undefined

  function fill(now: number): void {
    const earned = ((now - (filledAt ?? now)) * settings.perSecond) / 1000
    tokens = Math.min(settings.burst, tokens + earned)
    filledAt = now
  }

  return {
    /** The contacts to dial now, the most wanted first; they count as tried. */
    choose(view: DialView, now: number): Contact[] {
      fill(now)
      if (tokens < 1) return []
      const due = book
        .due(now)
        .filter(contact => !view.isTaken(contact))
        .map(contact => ({ contact, rank: rank(contact, view) }))
        .sort((a, b) => a.rank - b.rank)
      const chosen: Contact[] = []
      let peers = view.peers
      for (const { contact, rank: order } of due) {
        if (tokens < 1) break
        if (order === 2 && peers >= Math.min(settings.maxPeers, settings.others + view.wanted.size)) break
        tokens--
        peers++
        book.trying(contact, now, order === 2 ? OTHERS_LAST_RETRY_MS : LAST_RETRY_MS)
        chosen.push(contact)
      }
      return chosen
    },
  }
}

/**
 * How long one address may take. Where there are others, short at first, so that one that leads nowhere holds up nobody for
 * long; doubled with each failure, so that a link with seconds of delay gets through at the third or fourth try. The only
 * one gets longer from the start: giving up a handshake that a busy processor is late with means beginning it anew.
 */
export const addressPatienceMs = (failures: number, addresses: number): number =>
  Math.min(16_000, (addresses > 1 ? 1000 : 5000) * 2 ** Math.min(failures, 4))
