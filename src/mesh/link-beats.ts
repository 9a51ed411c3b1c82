// The beats of one way to a neighbour: when the next is due, when the last was echoed, and what they measure.
//
// A beat goes each `beatMs`. While one stays out for longer than it should, five go in that time, so that a few lost
// packets are told from a lost neighbour within `silenceMs`; after ten seconds of silence one in two seconds suffices.
//
// On a link whose round trip is long, beats keep pace with that: two are under way at a time. Four a second would take a
// third of 20 kbit/s, and tell no sooner. One long round trip changes nothing, only eight in a row.

export interface BeatSettings {
  readonly beatMs: number
  readonly silenceMs: number
}

export interface Beats {
  /** @param every the way is spare now, and one beat in so many suffices */
  isDue(now: number, every?: number): boolean
  /** @param isCounted false for a beat that only looks for a way: its loss says nothing of the link */
  sent(number: number, now: number, isCounted?: boolean): void
  /** @returns its round trip, or undefined when no such beat is out */
  echoed(number: number, now: number): number | undefined
  /** When the next one is due. */
  dueAt(now: number, every?: number): number
  /** A beat is on its way, or lost, and its neighbour is not taken for gone yet. */
  isOut(now: number): boolean
  /** Undefined before the first echo. */
  readonly lastEcho: number | undefined
  readonly rttMs: number | undefined
  /** A beat each so many milliseconds: `beatMs`, more on a slow link. What is silence there grows likewise. */
  readonly paceMs: number
  /** The least of the last few: one echo that came late, as when a processor was busy, says nothing of the way. */
  readonly leastRttMs: number | undefined
  /** Of the last minute. */
  p99(now: number): number | undefined
  lossShare(now: number): number | undefined
}

const MINUTE = 60_000
/** More than a minute of fast beats at the default. The oldest give way, and all that are older than a minute. */
const KEPT = 2048
/** A beat whose echo takes longer counts as lost. */
const LOST_AFTER_MS = 5000
/** Two seconds of beats at the default: a way that has become slower is known by then. */
const RECENT = 8
/** Also the gap after ten seconds of silence. */
const SLOWEST_MS = 2000

interface Beat {
  readonly number: number
  readonly sentAt: number
  readonly isCounted: boolean
  rttMs: number | undefined
}

export function beats({ beatMs, silenceMs }: BeatSettings): Beats {
  const kept: Beat[] = []
  const out = new Map<number, Beat>()
  let lastEcho: number | undefined
  let rttMs: number | undefined
  let lastSent = Number.NEGATIVE_INFINITY
  /** Round trips of the last few echoes. */
  const recent: number[] = []
  let paceMs = beatMs
  /** When the first of those that are out without any echo since was sent. */
  let outSince: number | undefined

  function isOverdue(now: number): boolean {
    return outSince !== undefined && now - outSince > Math.max(paceMs / 5, 2 * (rttMs ?? 0))
  }
  const since = (now: number): Beat[] => kept.filter(({ sentAt }) => now - sentAt <= MINUTE)

  const isLong = (now: number): boolean => outSince !== undefined && now - outSince > 10_000

  function gapAt(now: number, every: number): number {
    if (isLong(now)) return Math.max(paceMs, SLOWEST_MS)
    return isOverdue(now) ? paceMs / 5 : paceMs * every
  }

  return {
    // Nearly: the look that asks comes when some beat is due, or each `beatMs` / 5, give or take a little.
    isDue: (now, every = 1) => now - lastSent >= gapAt(now, every) * 0.9,
    dueAt: (now, every = 1) => lastSent + gapAt(now, every),
    sent(number, now, isCounted = true) {
      const beat: Beat = { number, sentAt: now, isCounted, rttMs: undefined }
      kept.push(beat)
      out.set(number, beat)
      while (kept.length > KEPT || now - (kept[0] as Beat).sentAt > MINUTE) out.delete((kept.shift() as Beat).number)
      lastSent = now
      outSince ??= now
    },
    echoed(number, now) {
      const beat = out.get(number)
      if (beat === undefined) return undefined
      out.delete(number)
      beat.rttMs = now - beat.sentAt
      rttMs = beat.rttMs
      recent.push(rttMs)
      if (recent.length > RECENT) recent.shift()
      if (recent.length === RECENT) paceMs = Math.max(beatMs, Math.min(SLOWEST_MS, Math.min(...recent) / 2))
      lastEcho = now
      outSince = undefined
      for (const [earlier, { sentAt }] of out) {
        if (now - sentAt > Math.max(silenceMs, LOST_AFTER_MS)) out.delete(earlier)
        else if (sentAt > beat.sentAt) outSince ??= sentAt
      }
      return rttMs
    },
    isOut: now => outSince !== undefined && !isLong(now),
    get lastEcho() {
      return lastEcho
    },
    get rttMs() {
      return rttMs
    },
    get paceMs() {
      return paceMs
    },
    get leastRttMs() {
      return recent.length === 0 ? undefined : Math.min(...recent)
    },
    p99(now) {
      const trips = since(now).flatMap(beat => (beat.rttMs === undefined ? [] : [beat.rttMs]))
      trips.sort((a, b) => a - b)
      return trips[Math.ceil(trips.length * 0.99) - 1]
    },
    lossShare(now) {
      const decided = since(now).filter(
        ({ isCounted, rttMs: trip, sentAt }) =>
          isCounted && (trip !== undefined || now - sentAt > Math.max((silenceMs * paceMs) / beatMs, 3 * (rttMs ?? 0))),
      )
      if (decided.length === 0) return undefined
      return decided.filter(beat => beat.rttMs === undefined).length / decided.length
    },
  }
}
