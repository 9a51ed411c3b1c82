// Whether a device that answers can be believed. Pure.
//
// Three things are looked at. A value beyond its limits, or that jumped faster than it can, is doubted; a jump until three
// looks in a row agree on where it went, since a real change stays and a torn or disturbed value does not. A register of
// energy that went backwards without having come round is doubted in the same way. And a device whose heartbeat stands
// still, or whose every value does while there is voltage, shows what was, not what is: all that it shows is old.

import type { Decoded } from './decode.ts'
import type { DeviceMap, Point } from './device-map.ts'
import { type Feed, factsOf } from './feeds.ts'
import type { Doubts, QualityDetail } from './port.ts'

/** Looks that must agree before what a value jumped to is believed. */
export const AGREEING_LOOKS = 3
/** What a single step may always be, whatever the time between: two looks may be of the same millisecond. */
const LEAST_SECONDS = 1
/** Below this share of the modulus since it came round, a register has come round; above, it went backwards. */
const ROUND_SHARE = 16n

interface Course {
  readonly value: number | bigint
  readonly at: number
  /** Where it jumped to, and how many looks have agreed on that so far. */
  readonly jump?: { readonly value: number | bigint; readonly at: number; readonly looks: number }
}

export interface Plausibility {
  readonly courses: ReadonlyMap<Feed, Course>
  readonly heartbeat?: { readonly value: unknown; readonly changedAt: number }
  /** The values that always change a little, and since when none did. */
  readonly restless?: { readonly values: ReadonlyMap<Feed, unknown>; readonly changedAt: number }
}

export const nothingSeen: Plausibility = { courses: new Map() }

export interface Look {
  readonly state: Plausibility
  readonly doubts: Doubts
}

type Judged = Pick<DeviceMap, 'points' | 'freshness'>

/** @param decoded of one poll, of one or several classes; what was not asked for is not in it. `now` in ms. */
export function plausibility({ points, freshness }: Judged) {
  const byFeed = new Map(points.map(point => [point.feeds, { point, bounds: boundsOf(point), ...followedIs(point) }]))
  return (state: Plausibility, decoded: readonly Decoded[], now: number): Look => {
    let courses: Map<Feed, Course> | undefined
    const doubts: Record<string, readonly QualityDetail[]> = {}
    const add = (feed: Feed, detail: QualityDetail): void => {
      doubts[feed] = [...(doubts[feed] ?? []), detail]
    }
    for (const each of decoded) {
      if (each.doubt !== undefined) add(each.feeds, each.doubt)
      const known = byFeed.get(each.feeds)
      if (known === undefined || each.value === undefined) continue
      const { point, bounds, isFollowed } = known
      if (typeof each.value === 'number' && (each.value < bounds[0] || each.value > bounds[1]))
        add(each.feeds, 'outOfRange')
      if (!isFollowed) continue
      const course = followed((courses ?? state.courses).get(each.feeds), point, each, now)
      if (course === undefined) continue
      courses ??= new Map(state.courses)
      courses.set(each.feeds, course)
      if (course.jump !== undefined) add(each.feeds, 'inconsistent')
    }
    const heartbeat = freshness.heartbeatMs === undefined ? undefined : heartbeatAfter(state.heartbeat, decoded, now)
    const restless = freshness.unchangedMs === undefined ? undefined : restlessAfter(state.restless, decoded, now)
    const isOld =
      isOver(heartbeat?.changedAt, freshness.heartbeatMs, now) ||
      isOver(restless?.changedAt, freshness.unchangedMs, now)
    if (isOld) for (const { feeds } of decoded) if (isShown(feeds)) add(feeds, 'oldData')
    const next = { courses: courses ?? state.courses }
    return { state: { ...next, ...(heartbeat && { heartbeat }), ...(restless && { restless }) }, doubts }
  }
}

const isShown = (feed: Feed): boolean => feed !== 'heartbeat' && factsOf(feed).kind !== 'text'

const isOver = (since: number | undefined, most: number | undefined, now: number): boolean =>
  since !== undefined && most !== undefined && now - since > most

function boundsOf({ feeds, limits }: Point): readonly [number, number] {
  const [least, most] = factsOf(feeds).limits ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  return [limits.min ?? least, limits.max ?? most]
}

const followedIs = ({ feeds, limits }: Point): { readonly isFollowed: boolean } => ({
  isFollowed: limits.maxPerSecond !== undefined || factsOf(feeds).kind === 'energy',
})

/** Only what has a greatest speed, and registers of energy, have a course. */
function followed(
  before: Course | undefined,
  point: Point,
  { value, rollsOverAt }: Decoded,
  at: number,
): Course | undefined {
  const perSecond = point.limits.maxPerSecond
  if (typeof value !== 'bigint' && (typeof value !== 'number' || perSecond === undefined)) return undefined
  const follows = (from: Pick<Course, 'value' | 'at'>): boolean =>
    typeof value === 'bigint'
      ? typeof from.value === 'bigint' && hasGrown(from.value, value, rollsOverAt)
      : Math.abs(value - Number(from.value)) <= (perSecond ?? 0) * Math.max(LEAST_SECONDS, (at - from.at) / 1000)
  if (before === undefined || follows(before)) return { value, at }
  const looks = before.jump !== undefined && follows(before.jump) ? before.jump.looks + 1 : 1
  return looks >= AGREEING_LOOKS ? { value, at } : { ...before, jump: { value, at, looks } }
}

function hasGrown(from: bigint, to: bigint, rollsOverAt: bigint | undefined): boolean {
  if (to >= from) return true
  if (rollsOverAt === undefined || from > rollsOverAt) return false
  return to + rollsOverAt - from < rollsOverAt / ROUND_SHARE
}

function heartbeatAfter(before: Plausibility['heartbeat'], decoded: readonly Decoded[], now: number) {
  const beat = decoded.find(({ feeds }) => feeds === 'heartbeat')
  if (beat === undefined) return before
  return before !== undefined && before.value === beat.value ? before : { value: beat.value, changedAt: now }
}

const RESTLESS = /^(volts|voltsLineToLine|amps|kw|kvar|frequencyHz)(\.|$)/

function restlessAfter(before: Plausibility['restless'], decoded: readonly Decoded[], now: number) {
  const seen = decoded.filter(({ feeds, value }) => RESTLESS.test(feeds) && typeof value === 'number')
  if (seen.length === 0) return before
  const values = new Map(seen.map(({ feeds, value }) => [feeds, value]))
  // A dead line's values stand still, and rightly.
  const isDead = seen.every(({ value }) => value === 0)
  const isSame =
    before !== undefined &&
    values.size === before.values.size &&
    seen.every(d => before.values.get(d.feeds) === d.value)
  return { values, changedAt: isSame && !isDead ? before.changedAt : now }
}
