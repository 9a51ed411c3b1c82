// By which way a frame goes to a neighbour.
//
//   datagram   while beats over UDP are echoed
//   both       in doubt: an echo is missing. The receiver drops the second copy
//   stream     no echo over UDP for `silenceMs`, or never one: UDP is blocked, or no keys are agreed
//
// Neither echoed for `silenceMs`: the neighbour is silent. What is sent meanwhile still goes by whatever is open, because
// nothing is lost by trying.

export interface WayFacts {
  /** Keys are agreed and confirmed. */
  readonly hasKeys: boolean
  readonly isStreamOpen: boolean
  /** Monotonic, ms: when each way's beats were last echoed. */
  readonly datagramEcho: number | undefined
  readonly streamEcho: number | undefined
}

export interface Ways {
  readonly datagram: boolean
  readonly stream: boolean
}

export interface WaySettings {
  /** A way whose last echo is so long ago is in doubt. */
  readonly doubtMs: number
  readonly silenceMs: number
}

export const BY_DATAGRAM: Ways = { datagram: true, stream: false }
const BY_STREAM: Ways = { datagram: false, stream: true }
export const BY_BOTH: Ways = { datagram: true, stream: true }
export const BY_NONE: Ways = { datagram: false, stream: false }

export function waysNow(facts: WayFacts, now: number, { doubtMs, silenceMs }: WaySettings): Ways {
  const { hasKeys, isStreamOpen, datagramEcho } = facts
  if (!hasKeys) return isStreamOpen ? BY_STREAM : BY_NONE
  const quiet = datagramEcho === undefined ? Number.POSITIVE_INFINITY : now - datagramEcho
  if (quiet <= doubtMs || !isStreamOpen) return BY_DATAGRAM
  return quiet <= silenceMs ? BY_BOTH : BY_STREAM
}

/** Undefined while nothing was ever heard of it. */
export function livenessNow(facts: WayFacts, now: number, { silenceMs }: WaySettings): 'up' | 'silent' | undefined {
  const { datagramEcho, streamEcho } = facts
  if (datagramEcho === undefined && streamEcho === undefined) return undefined
  const latest = Math.max(datagramEcho ?? Number.NEGATIVE_INFINITY, streamEcho ?? Number.NEGATIVE_INFINITY)
  return now - latest <= silenceMs ? 'up' : 'silent'
}
