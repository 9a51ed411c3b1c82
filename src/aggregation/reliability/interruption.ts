// Interruptions of the supply at one place: when the voltage of all its phases was gone, as the IED there knows it.
//
// An IED writes a record whenever what it knows of its supply changes: live, dead, or not known. Each record says how long
// the state before was known to hold. So a kill in the middle of an outage, a device that was silent or a lost record never
// makes a point in time of what is an interval: both bounds stay, and the time about which nothing is known is left out of
// what was observed. What is planned is kept, and kept apart.

/** When something happened: not before, not after. */
export interface TimeBounds {
  readonly notBeforeUtcMs: number
  readonly notAfterUtcMs: number
}

export type Phase = 'a' | 'b' | 'c'

export interface Interruption {
  readonly ied: string
  /** The middle of the bounds where there are bounds. */
  readonly startUtcMs: number
  /** Absent while it lasts. */
  readonly endUtcMs?: number
  /** Where the moment is not known to a second. */
  readonly startBounds?: TimeBounds
  readonly endBounds?: TimeBounds
  readonly phases: readonly Phase[]
  readonly planned: boolean
  /** The zone that was isolated, where the IED knew it. */
  readonly zone?: string
  readonly cause?: string
}

export type SupplyState = 'live' | 'dead' | 'unknown'

/** From this moment on the supply is so; the state before was known to hold until `knownUntilUtcMs`. */
export interface SupplyMark {
  readonly state: SupplyState
  readonly utcMs: number
  readonly knownUntilUtcMs: number
  readonly phases: readonly Phase[]
  readonly planned?: boolean
  readonly zone?: string
  readonly cause?: string
}

export interface Span {
  readonly fromUtcMs: number
  readonly toUtcMs: number
}

export interface SupplyHistory {
  /** In order of their starts. */
  readonly interruptions: readonly Interruption[]
  /** Neither live nor dead for sure: not observed. */
  readonly unknown: readonly Span[]
  /** From the first mark to the moment that was asked for; undefined without marks. */
  readonly watched: Span | undefined
}

/** A gap in the knowledge that is no longer than this is a poll's, and leaves a point in time. */
export const SURE_MS = 2000
/** IEEE 1366: longer is sustained, up to here momentary. */
export const MOMENTARY_MS = 300_000

/**
 * What the marks of one IED say, up to `untilUtcMs`. Marks come in the order of the ledger; a clock that was set back between
 * two of them makes the later one begin where the earlier one did, so that no time counts twice.
 */
export function supplyHistory(ied: string, marks: Iterable<SupplyMark>, untilUtcMs: number): SupplyHistory {
  const interruptions: Interruption[] = []
  const unknown: Span[] = []
  let open: { mark: SupplyMark; start: TimeBounds } | undefined
  let previous: SupplyMark | undefined
  let first: number | undefined

  function end(bounds: TimeBounds | undefined): void {
    if (open === undefined) return
    const { mark, start } = open
    open = undefined
    interruptions.push({
      ied,
      startUtcMs: middle(start),
      ...(bounds === undefined ? {} : { endUtcMs: Math.max(middle(start), middle(bounds)) }),
      ...(isSure(start) ? {} : { startBounds: start }),
      ...(bounds === undefined || isSure(bounds) ? {} : { endBounds: bounds }),
      phases: mark.phases,
      planned: mark.planned === true,
      ...(mark.zone === undefined ? {} : { zone: mark.zone }),
      ...(mark.cause === undefined ? {} : { cause: mark.cause }),
    })
  }

  for (const given of marks) {
    if (given.utcMs > untilUtcMs) break
    const before: number = previous?.utcMs ?? given.utcMs
    const utcMs = Math.max(before, given.utcMs)
    const known = Math.min(utcMs, Math.max(before, given.knownUntilUtcMs))
    const mark: SupplyMark = { ...given, utcMs, knownUntilUtcMs: known }
    first ??= utcMs
    // It is not known since when: the change lies anywhere between the last sure moment and this one.
    const since = previous?.state === 'unknown' ? lastKnown(unknown, previous) : known
    const bounds = { notBeforeUtcMs: Math.min(since, utcMs), notAfterUtcMs: utcMs }
    if (previous !== undefined && previous.state !== 'unknown' && utcMs - known > SURE_MS)
      unknown.push({ fromUtcMs: known, toUtcMs: utcMs })
    if (previous?.state === 'unknown' && utcMs > previous.utcMs)
      unknown.push({ fromUtcMs: previous.utcMs, toUtcMs: utcMs })
    if (mark.state === 'dead' && open === undefined) open = { mark, start: bounds }
    else if (mark.state === 'dead' && open !== undefined) open = { ...open, mark: { ...open.mark, ...definedOf(mark) } }
    else if (mark.state === 'live') end(bounds)
    previous = mark
  }
  if (first === undefined || previous === undefined) return { interruptions: [], unknown: [], watched: undefined }
  if (previous.state === 'unknown' && untilUtcMs > previous.utcMs)
    unknown.push({ fromUtcMs: previous.utcMs, toUtcMs: untilUtcMs })
  end(undefined)
  return {
    interruptions,
    unknown: joined(unknown),
    watched: { fromUtcMs: first, toUtcMs: Math.max(first, untilUtcMs) },
  }
}

/** Zone, cause and plan that a later mark of the same outage knows. */
const definedOf = ({ zone, cause, planned }: SupplyMark): Partial<SupplyMark> => ({
  ...(zone === undefined ? {} : { zone }),
  ...(cause === undefined ? {} : { cause }),
  ...(planned === undefined ? {} : { planned }),
})

const middle = ({ notBeforeUtcMs, notAfterUtcMs }: TimeBounds): number =>
  notAfterUtcMs - notBeforeUtcMs <= SURE_MS ? notAfterUtcMs : Math.round((notBeforeUtcMs + notAfterUtcMs) / 2)
const isSure = ({ notBeforeUtcMs, notAfterUtcMs }: TimeBounds): boolean => notAfterUtcMs - notBeforeUtcMs <= SURE_MS

function lastKnown(unknown: readonly Span[], previous: SupplyMark): number {
  const gap = unknown.at(-1)
  return gap !== undefined && gap.toUtcMs === previous.utcMs ? gap.fromUtcMs : previous.knownUntilUtcMs
}

/** Overlapping and touching spans as one. */
export function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const span of [...spans].sort((one, other) => one.fromUtcMs - other.fromUtcMs)) {
    const last = result.at(-1)
    if (last !== undefined && span.fromUtcMs <= last.toUtcMs)
      result[result.length - 1] = { fromUtcMs: last.fromUtcMs, toUtcMs: Math.max(last.toUtcMs, span.toUtcMs) }
    else result.push(span)
  }
  return result
}

/** What of a span lies within another. */
export const overlapMs = (one: Span, other: Span): number =>
  Math.max(0, Math.min(one.toUtcMs, other.toUtcMs) - Math.max(one.fromUtcMs, other.fromUtcMs))

/** What of a span lies within others, which are in order and apart: as `joined` gives them. A search, for there may be thousands. */
export function overlapWithMs(inOrder: readonly Span[], span: Span): number {
  let [low, high] = [0, inOrder.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((inOrder[middle] as Span).toUtcMs > span.fromUtcMs) high = middle
    else low = middle + 1
  }
  let sum = 0
  for (let at = low; at < inOrder.length && (inOrder[at] as Span).fromUtcMs < span.toUtcMs; at++)
    sum += overlapMs(inOrder[at] as Span, span)
  return sum
}

/** How long it lasted, or has lasted by then. */
export const lengthMs = ({ startUtcMs, endUtcMs }: Interruption, untilUtcMs: number): number =>
  Math.max(0, (endUtcMs ?? untilUtcMs) - startUtcMs)

/** Exactly five minutes are momentary, one millisecond more is sustained. */
export const isSustained = (of: Interruption, untilUtcMs: number): boolean => lengthMs(of, untilUtcMs) > MOMENTARY_MS
