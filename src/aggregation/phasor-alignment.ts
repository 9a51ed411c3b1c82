// Phasors of many places on one time axis.
//
// Time is cut into moments, so many a second, counted in UTC. What the places measured at one moment arrives over different
// ways, sooner or later. A moment is complete when each place has sent its frame, or when the wait is over that began with
// the first one; it is then handed on once, with those that are there. Later ones are dropped and counted.
//
// Times are what the places say. One that lies about them fills moments of its own, which hold nobody else up: how many each
// place may hold open is bounded, and so is the memory of what is over.

import type { Duration, Instant } from '../../topology/units.ts'
import { after } from '../../topology/units.ts'
import type { PlacePhasors } from './phasor-message.ts'

export interface AlignmentSettings {
  readonly places: readonly string[]
  readonly framesPerSecond: number
  readonly wait: Duration
}

interface OpenMoment {
  readonly until: Instant
  readonly frames: ReadonlyMap<string, PlacePhasors>
}

/** Why frames were not used, counted. */
export interface AlignmentCounts {
  /** Their moment was over. */
  readonly late: number
  /** A second one for the same moment. */
  readonly doubled: number
  /** Between two moments. */
  readonly offGrid: number
  /** The place held too many moments open. */
  readonly crowded: number
}

export interface AlignmentState {
  readonly open: ReadonlyMap<number, OpenMoment>
  /** Moments that are over, oldest first. */
  readonly over: readonly number[]
  readonly counts: AlignmentCounts
}

export const alignmentStart: AlignmentState = {
  open: new Map(),
  over: [],
  counts: { late: 0, doubled: 0, offGrid: 0, crowded: 0 },
}

export type AlignmentEvent =
  | { readonly kind: 'frame'; readonly from: string; readonly frame: PlacePhasors }
  | { readonly kind: 'tick' }

/** One moment. A place that is not among the frames has not sent its own in time. */
export interface AlignedMoment {
  readonly utcMicros: number
  readonly frames: ReadonlyMap<string, PlacePhasors>
}

export type AlignmentAction =
  | { readonly kind: 'row'; readonly moment: AlignedMoment }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface AlignmentStep {
  readonly state: AlignmentState
  readonly actions: readonly AlignmentAction[]
}

/** How far a frame may be from its moment: at 0.1 Hz from nominal, 1 ms turns an angle by 0.04 degrees. */
const OFF_GRID_MICROS = 1000
const MOST_OPEN_OF_A_PLACE = 64
const MOST_OVER = 1024

/** The number of the moment, or undefined between two of them. */
export function momentAt(utcMicros: number, framesPerSecond: number): number | undefined {
  const moment = Math.round((utcMicros * framesPerSecond) / 1e6)
  return Math.abs(utcMicros - microsOf(moment, framesPerSecond)) <= OFF_GRID_MICROS ? moment : undefined
}

const microsOf = (moment: number, framesPerSecond: number): number => Math.round((moment * 1e6) / framesPerSecond)

export const phasorAlignment =
  (settings: AlignmentSettings) =>
  (state: AlignmentState, event: AlignmentEvent, now: Instant): AlignmentStep =>
    event.kind === 'frame' ? take(settings, state, event, now) : endThoseDue(settings, state, now)

function take(
  settings: AlignmentSettings,
  state: AlignmentState,
  { from, frame }: { readonly from: string; readonly frame: PlacePhasors },
  now: Instant,
): AlignmentStep {
  const { places, framesPerSecond, wait } = settings
  if (!places.includes(from)) return { state, actions: [] }
  const moment = momentAt(frame.utcMicros, framesPerSecond)
  if (moment === undefined) return dropped(state, 'offGrid')
  if (state.over.includes(moment)) return dropped(state, 'late')
  const known = state.open.get(moment)
  if (known?.frames.has(from)) return dropped(state, 'doubled')
  if (heldOpenBy(state, from) >= MOST_OPEN_OF_A_PLACE) return dropped(state, 'crowded')

  const until = known?.until ?? after(now, wait)
  const frames = new Map(known?.frames).set(from, frame)
  const open = new Map(state.open).set(moment, { until, frames })
  if (frames.size === places.length) return end(settings, { ...state, open }, [moment])
  return { state: { ...state, open }, actions: known === undefined ? [{ kind: 'wake', at: until }] : [] }
}

const dropped = (state: AlignmentState, why: keyof AlignmentCounts): AlignmentStep => ({
  state: { ...state, counts: { ...state.counts, [why]: state.counts[why] + 1 } },
  actions: [],
})

function heldOpenBy({ open }: AlignmentState, place: string): number {
  let count = 0
  for (const { frames } of open.values()) if (frames.has(place)) count++
  return count
}

function endThoseDue(settings: AlignmentSettings, state: AlignmentState, now: Instant): AlignmentStep {
  const due = [...state.open].filter(([, { until }]) => until <= now).map(([moment]) => moment)
  return end(settings, state, due)
}

function end({ framesPerSecond }: AlignmentSettings, state: AlignmentState, moments: readonly number[]): AlignmentStep {
  if (moments.length === 0) return { state, actions: [] }
  const inOrder = [...moments].sort((a, b) => a - b)
  const actions = inOrder.map((moment): AlignmentAction => {
    const frames = state.open.get(moment)?.frames ?? new Map()
    return { kind: 'row', moment: { utcMicros: microsOf(moment, framesPerSecond), frames } }
  })
  const open = new Map(state.open)
  for (const moment of moments) open.delete(moment)
  return { state: { ...state, open, over: [...state.over, ...inOrder].slice(-MOST_OVER) }, actions }
}
