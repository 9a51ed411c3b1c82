// When a unit that did not answer may be asked again. Pure.
//
// Each unanswered request keeps a shared bus for the whole time-out. So a unit beside which there are others is asked less
// and less often while it stays silent, and costs the others at most about a twentieth of their time. The first time-out
// is free, since a request or its answer may just be lost. On a serial line nothing in an answer says to which request it
// belongs, so there a unit is left alone for the length of a time-out, in which an answer that comes late is thrown away.

export interface Patience {
  /** Requests in a row without an answer. */
  readonly silences: number
  readonly notBefore: number
}

export interface LineFacts {
  readonly timeoutMs: number
  readonly isSerial: boolean
  /** More than one unit was ever asked on it. */
  readonly isShared: boolean
}

export const patient: Patience = { silences: 0, notBefore: Number.NEGATIVE_INFINITY }

/** A time-out, or a gateway's word that the unit is silent. */
export function afterSilence({ silences }: Patience, line: LineFacts, now: number): Patience {
  return { silences: silences + 1, notBefore: now + pauseMs(silences + 1, line) }
}

function pauseMs(silences: number, { timeoutMs, isSerial, isShared }: LineFacts): number {
  const late = isSerial ? timeoutMs : 0
  if (!isShared || silences < 2) return late
  const longest = Math.max(5_000, 20 * timeoutMs)
  return Math.max(late, Math.min(longest, timeoutMs * 2 ** Math.min(silences - 1, 20)))
}
