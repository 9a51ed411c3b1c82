// Bulk goes in small pieces, and waits between them. A piece costs the processors at both ends some tenths of a
// millisecond, and while it lasts no protection message is read or written there. So one piece is let go at a time, over
// all transfers of this peer, and Node reads its sockets in between. While protection talks, the pieces are smaller and
// the pauses longer: what is left is some 20 Mbit/s, which is more than most feeders' links have.

export interface Pace {
  /** The largest piece to let go. */
  readonly bytes: number
  /** How long to wait before it, ms; 0: let everything that is due run first. */
  readonly waitMs: number
}

/**
 * Whoever has heard or said something of protection within this may hear a question at any moment, and says its own state
 * more often. A back-end peer hears none, and is not held back.
 */
export const PROTECTION_TALKS_MS = 60_000
const AT_REST: Pace = { bytes: 8 * 1024, waitMs: 0 }
const HELD_BACK: Pace = { bytes: 4 * 1024, waitMs: 1 }

/** @param protectionMs when a protection message was last sent or heard, on the clock of `now`; undefined: never */
export const paceAt = (protectionMs: number | undefined, now: number): Pace =>
  protectionMs !== undefined && now - protectionMs < PROTECTION_TALKS_MS ? HELD_BACK : AT_REST

export interface BulkPace {
  /** A protection message was sent or heard. */
  protection(): void
  /** Resolves when the next piece may go, with how large it may be. Turns are taken in the order of the calls. */
  turn(): Promise<number>
  /** Resolves at once unless protection talks: for what asks for more bulk. */
  breath(): Promise<void>
}

export function bulkPace(now: () => number): BulkPace {
  let protectionMs: number | undefined
  let last: Promise<unknown> = Promise.resolve()

  const pause = ({ waitMs }: Pace): Promise<void> =>
    new Promise(resume => (waitMs === 0 ? setImmediate(resume) : setTimeout(resume, waitMs)))

  return {
    protection() {
      protectionMs = now()
    },
    turn() {
      const mine = last.then(async () => {
        await pause(paceAt(protectionMs, now()))
        return paceAt(protectionMs, now()).bytes
      })
      last = mine
      return mine
    },
    async breath() {
      const pace = paceAt(protectionMs, now())
      if (pace.waitMs > 0) await pause(pace)
    },
  }
}
