// What grows worse slowly at one IED: the trend of each measure, and when to say so.
//
// Time goes by in slots, ten minutes each, and periods, a day each. Whether a limit is crossed is judged slot by slot, by the
// median of the last three, so that one odd value says nothing. The trend is of whole periods, since within a day load swings
// more than anything creeps: a period's level is the value that a twentieth of its slots exceeded, and the slope over the
// periods is the median of the slopes of all pairs (Theil-Sen), which up to three tenths of wrong values do not move far.
// A creeping measure is one whose trend crosses its limit within the horizon. Each state is left later than it is entered.
//
// It says and alerts, and operates nothing. A silent device gives slots without values: those count for nothing, and what
// stands then stands until there are new ones.

import { type DegradationMeasure, degradationMeasures, isCounted, type Levels } from './degradation-measures.ts'

export interface DegradationSettings {
  readonly limits: Readonly<Record<DegradationMeasure, number>>
  readonly slotsPerPeriod: number
  /** In how many periods the trend must cross the limit to be told. */
  readonly horizonPeriods: number
}

/** `sound`: neither. `creeping`: it crosses its limit within the horizon. `beyond`: it has. */
export const degradationStates = ['sound', 'creeping', 'beyond'] as const
export type DegradationState = (typeof degradationStates)[number]

export interface Finding {
  readonly measure: DegradationMeasure
  readonly level: number
  /** The trend; undefined while there are too few periods. */
  readonly perPeriod: number | undefined
  readonly state: DegradationState
  /** UTC, ms: when it came into this state. */
  readonly sinceUtcMs: number
}

interface Course {
  /** Of the period under way. */
  readonly slots: readonly number[]
  /** The last few, whatever the period. */
  readonly latest: readonly number[]
  /** Of periods gone by, the oldest first. */
  readonly periods: readonly number[]
  readonly finding: Finding | undefined
}

export interface DegradationCourse {
  /** Of the period under way. */
  readonly slot: number
  readonly courses: { readonly [measure in DegradationMeasure]?: Course }
}
export const noDegradation: DegradationCourse = { slot: 0, courses: {} }

export type DegradationAction =
  /** A state is another than before. */
  | { readonly kind: 'changed'; readonly finding: Finding; readonly was: DegradationState }
  /** A period is over: what is known outlasts a restart if it is kept now. */
  | { readonly kind: 'keep' }

/** Days; older ones give way. */
const PERIODS_KEPT = 60
const LEAST_PERIODS = 4
const LATEST = 3
/** What is exceeded by the rest of a period's slots is its odd values. */
const SHARE = 0.95
/** A state is left below so much of what brought it about. */
const LEFT_BELOW = 0.9
/** What is far from its limit creeps nowhere, whatever a line through it says. */
const NEAR = 0.25

/** One slot is over. @param levels of this slot; counts are those of this slot alone */
export const degradation =
  (settings: DegradationSettings) =>
  (
    state: DegradationCourse,
    levels: Levels,
    utcMs: number,
  ): { state: DegradationCourse; actions: readonly DegradationAction[] } => {
    const isLast = state.slot + 1 >= settings.slotsPerPeriod
    const courses: { [measure in DegradationMeasure]?: Course } = {}
    const actions: DegradationAction[] = []
    for (const measure of degradationMeasures) {
      const before = state.courses[measure]
      const value = levels[measure]
      if (before === undefined && value === undefined) continue
      const next = judged(follow(before ?? NOTHING, value, measure, isLast), measure, settings, utcMs)
      courses[measure] = next
      const was = before?.finding?.state ?? 'sound'
      if (next.finding !== undefined && next.finding.state !== was)
        actions.push({ kind: 'changed', finding: next.finding, was })
    }
    if (isLast) actions.push({ kind: 'keep' })
    return { state: { slot: isLast ? 0 : state.slot + 1, courses }, actions }
  }

const NOTHING: Course = { slots: [], latest: [], periods: [], finding: undefined }

function follow(course: Course, value: number | undefined, measure: DegradationMeasure, isLast: boolean): Course {
  const known = value !== undefined && Number.isFinite(value)
  const slots = known ? [...course.slots, value] : course.slots
  const latest = known ? [...course.latest, value].slice(-LATEST) : course.latest
  if (!isLast) return { ...course, slots, latest }
  const periods = slots.length === 0 ? course.periods : [...course.periods, levelOf(slots, measure)]
  return { ...course, slots: [], latest, periods: periods.slice(-PERIODS_KEPT) }
}

function levelOf(slots: readonly number[], measure: DegradationMeasure): number {
  if (isCounted(measure)) return slots.reduce((sum, each) => sum + each, 0)
  const sorted = [...slots].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * SHARE))] as number
}

function judged(course: Course, measure: DegradationMeasure, settings: DegradationSettings, utcMs: number): Course {
  const level = presentLevel(course, measure)
  if (level === undefined) return course
  const perPeriod = slopeOf(course.periods)
  const before = course.finding
  const state = stateOf(before?.state ?? 'sound', level, course.periods.at(-1), perPeriod, {
    limit: settings.limits[measure],
    horizon: settings.horizonPeriods,
  })
  const sinceUtcMs = before?.state === state ? before.sinceUtcMs : utcMs
  return { ...course, finding: { measure, level, perPeriod, state, sinceUtcMs } }
}

function presentLevel({ slots, latest, periods }: Course, measure: DegradationMeasure): number | undefined {
  if (!isCounted(measure)) return latest.length < LATEST ? undefined : median(latest)
  if (slots.length === 0 && periods.length === 0) return undefined
  // The period under way has had less time; its count is at least what it is by now.
  return Math.max(
    slots.reduce((sum, each) => sum + each, 0),
    slots.length === 0 ? (periods.at(-1) ?? 0) : 0,
  )
}

function stateOf(
  before: DegradationState,
  level: number,
  latestPeriod: number | undefined,
  perPeriod: number | undefined,
  { limit, horizon }: { readonly limit: number; readonly horizon: number },
): DegradationState {
  if (level >= limit || (before === 'beyond' && level >= LEFT_BELOW * limit)) return 'beyond'
  if (perPeriod === undefined || latestPeriod === undefined || perPeriod <= 0) return 'sound'
  const isNear = latestPeriod >= NEAR * limit
  const reached = latestPeriod + perPeriod * horizon
  const enough = before === 'creeping' ? LEFT_BELOW * limit : limit
  return isNear && reached >= enough ? 'creeping' : 'sound'
}

/** Theil-Sen: the median of the slopes between all pairs. */
export function slopeOf(periods: readonly number[]): number | undefined {
  if (periods.length < LEAST_PERIODS) return undefined
  const slopes: number[] = []
  for (let one = 0; one < periods.length; one++)
    for (let other = one + 1; other < periods.length; other++)
      slopes.push(((periods[other] as number) - (periods[one] as number)) / (other - one))
  return median(slopes)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

export const findingsOf = ({ courses }: DegradationCourse): readonly Finding[] =>
  degradationMeasures.flatMap(measure => courses[measure]?.finding ?? [])
