// Which counters of one key have been taken: a sliding window as of RFC 4303 section 3.4.3. Asking and marking are two
// steps, because only a datagram whose tag has been verified may move it.

/** Datagrams this far behind the greatest can't be told from replays, and are refused. A multiple of 32. */
export const COUNTER_WINDOW = 1024

export interface CounterWindow {
  /** Neither taken yet, nor too old to know. */
  isFresh(counter: number): boolean
  /** @param counter a fresh one */
  take(counter: number): void
  /** -1 before the first. */
  readonly greatest: number
}

export function counterWindow(): CounterWindow {
  const taken = new Uint32Array(COUNTER_WINDOW / 32)
  let greatest = -1
  const word = (counter: number): number => (counter % COUNTER_WINDOW) >>> 5
  const bit = (counter: number): number => 1 << (counter % 32)

  return {
    isFresh(counter) {
      if (counter > greatest) return true
      return counter > greatest - COUNTER_WINDOW && ((taken[word(counter)] ?? 0) & bit(counter)) === 0
    },
    take(counter) {
      if (counter - greatest >= COUNTER_WINDOW) taken.fill(0)
      else
        for (let passed = greatest + 1; passed < counter; passed++)
          taken[word(passed)] = (taken[word(passed)] ?? 0) & ~bit(passed)
      taken[word(counter)] = (taken[word(counter)] ?? 0) | bit(counter)
      if (counter > greatest) greatest = counter
    },
    get greatest() {
      return greatest
    },
  }
}
