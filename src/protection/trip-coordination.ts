// After a trip: the IED whose device tripped tells those upstream (I have it, do not duplicate) and those downstream
// (expect an outage). Generators below leave by a message of their own, `transfer-trip.ts`.
//
// An IED upstream goes on exactly as it would alone: the relay in its device runs its curve, whatever is said. All that
// an announcement adds is backup for a failed breaker: when this IED's own fault element was picked up as the
// announcement came, and a status read after the announced breaker-failure time still shows it so, it trips its own
// device. That the breaker has failed may also be said, as its IED sees it: then the wait ends sooner, after one more full
// window in which the own fault element is picked up, yet never before the breaker's own time since that pickup began,
// since no breaker fails sooner. So a forged announcement trips nothing where there is no fault, a lost one leaves the device's own time
// grading, and while the device is not read nothing is decided: there is no timer here, only what the device shows.

import { after, type Duration, duration, type Instant, instant } from '../../topology/units.ts'
import type { Tripped } from './messages.ts'

export interface TripSettings {
  /** The device that this IED operates, if it interrupts fault current. */
  readonly device: string | undefined
  readonly breakerFailureMs: number
  /** What a look at the device shows is of no less than this time. */
  readonly window: Duration
  readonly eventPrefix: string
}

interface Held {
  readonly event: string
  readonly device: string
  readonly origin: string
  readonly until: Instant
}

export interface TripState {
  readonly count: number
  /** Undefined until the device has been read since the start or its last silence: an older trip is history, not news. */
  readonly tripped: boolean | undefined
  readonly pickup: boolean
  /** Of the pickup that stands. */
  readonly pickedUpAt: Instant | undefined
  /** Announcements of devices below, while this IED's own fault element stays picked up. */
  readonly held: readonly Held[]
  readonly heard: readonly string[]
  /** Those of which only copies that may not act have come: people have been told. */
  readonly warned: readonly string[]
  /** Announcements about which it has alarmed that it can't place them; a repeat may come when it can. */
  readonly undecided: readonly string[]
}

export type TripEvent =
  | {
      readonly kind: 'status'
      /** The device was asked no earlier than this. */
      readonly at: Instant
      readonly pickup: boolean
      readonly tripped: boolean
      /** What the relay's pickup was called, when it was told of; the trip is then called so too. */
      readonly event?: string | undefined
    }
  /** The device does not answer. What it last showed is no ground for backing anybody up. */
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'announced'
      readonly message: Tripped
      readonly origin: string
      /** Where the announcing device stands for this IED's own live feeder. */
      readonly device: 'below' | 'above' | 'elsewhere' | 'unknown'
      /** False for a copy whose age is known by UTC alone: it may tell people, and nothing is held or tripped by it. */
      readonly mayAct: boolean
    }

  /** The IED of a device below says that its breaker has failed; by a copy that may act. */
  | {
      readonly kind: 'failed'
      readonly event: string
      readonly device: string
      readonly origin: string
      /** By the feeder file. */
      readonly breakerFailure: Duration
      /** For those nearer to it than this IED, which back it up first. */
      readonly nearer: Duration
    }

export type TripAction =
  | { readonly kind: 'announce'; readonly tripped: Tripped }
  | {
      readonly kind: 'told'
      readonly event: string
      readonly device: string
      readonly origin: string
      readonly holds: boolean
    }
  | { readonly kind: 'outage-expected'; readonly event: string; readonly device: string; readonly origin: string }
  | { readonly kind: 'open'; readonly cause: 'breaker-failure'; readonly event: string; readonly device: string }
  | {
      readonly kind: 'alarm'
      readonly alarm: 'undecided' | 'breaker-failure'
      readonly event: string
      readonly device: string
      readonly origin: string
    }

export const untripped: TripState = {
  count: 0,
  tripped: undefined,
  pickup: false,
  pickedUpAt: undefined,
  held: [],
  heard: [],
  warned: [],
  undecided: [],
}

const HEARD_KEPT = 64

interface Step {
  readonly state: TripState
  readonly actions: readonly TripAction[]
}

export const tripCoordination =
  (settings: TripSettings) =>
  (state: TripState, event: TripEvent, now: Instant): Step => {
    switch (event.kind) {
      case 'status':
        return see(settings, state, event)
      case 'announced':
        return hear(state, event, now)
      case 'failed':
        return hearFailed(settings, state, event, now)
      case 'silent':
        return { state: { ...state, pickup: false, pickedUpAt: undefined, tripped: undefined, held: [] }, actions: [] }
    }
  }

function see(
  settings: TripSettings,
  state: TripState,
  { at, pickup, tripped, event }: Extract<TripEvent, { kind: 'status' }>,
): Step {
  // Once the own fault element drops out, every announced breaker has done its work.
  const held = pickup ? state.held : []
  const failed = held.filter(({ until }) => until <= at)
  const pickedUpAt = pickup ? (state.pickedUpAt ?? at) : undefined
  const next = { ...state, pickup, pickedUpAt, tripped, held: held.filter(({ until }) => until > at) }
  const actions = failed.flatMap(each => backUp(settings, each))
  if (!tripped || state.tripped !== false || settings.device === undefined) return { state: next, actions }
  const count = state.count + 1
  const message: Tripped = {
    event: event ?? `${settings.eventPrefix}/${count}`,
    device: settings.device,
    breakerFailureMs: settings.breakerFailureMs,
  }
  return { state: { ...next, count }, actions: [...actions, { kind: 'announce', tripped: message }] }
}

function hear(
  state: TripState,
  { message, origin, device: where, mayAct }: Extract<TripEvent, { kind: 'announced' }>,
  now: Instant,
): Step {
  const { event, device, breakerFailureMs } = message
  // An event is its origin's: nobody else can use up its name.
  const key = `${origin} ${event}`
  if (where === 'elsewhere' || state.heard.includes(key)) return { state, actions: [] }
  if (where === 'unknown') {
    if (state.undecided.includes(key)) return { state, actions: [] }
    const undecided = [...state.undecided, key].slice(-HEARD_KEPT)
    return { state: { ...state, undecided }, actions: [{ kind: 'alarm', alarm: 'undecided', event, device, origin }] }
  }
  const isNews = !state.warned.includes(key)
  if (!mayAct) {
    if (!isNews) return { state, actions: [] }
    const warned = [...state.warned, key].slice(-HEARD_KEPT)
    const tell: TripAction =
      where === 'above'
        ? { kind: 'outage-expected', event, device, origin }
        : { kind: 'told', event, device, origin, holds: false }
    return { state: { ...state, warned }, actions: [tell] }
  }
  const next = { ...state, heard: [...state.heard, key].slice(-HEARD_KEPT) }
  if (where === 'above') {
    return { state: next, actions: isNews ? [{ kind: 'outage-expected', event, device, origin }] : [] }
  }
  const told: TripAction = { kind: 'told', event, device, origin, holds: state.pickup }
  if (!state.pickup) return { state: next, actions: isNews ? [told] : [] }
  const until = after(now, duration(breakerFailureMs))
  return {
    state: { ...next, held: [...next.held, { event, device, origin, until }].slice(-HEARD_KEPT) },
    actions: [told],
  }
}

/** The wait that its trip began ends sooner, or one begins: the trip's announcement may have been lost. */
function hearFailed(
  { window }: TripSettings,
  state: TripState,
  { event, device, origin, breakerFailure, nearer }: Extract<TripEvent, { kind: 'failed' }>,
  now: Instant,
): Step {
  if (state.pickedUpAt === undefined) return { state, actions: [] }
  const sooner = instant(Math.max(after(now, window), after(state.pickedUpAt, breakerFailure)))
  const until = after(sooner, nearer)
  const known = state.held.find(each => each.device === device)
  if (known !== undefined && known.until <= until) return { state, actions: [] }
  const others = state.held.filter(each => each !== known)
  const told: TripAction = { kind: 'told', event, device, origin, holds: true }
  return {
    state: { ...state, held: [...others, { event, device, origin, until }].slice(-HEARD_KEPT) },
    actions: [told],
  }
}

function backUp(settings: TripSettings, { event, device, origin }: Held): TripAction[] {
  const alarm: TripAction = { kind: 'alarm', alarm: 'breaker-failure', event, device, origin }
  return settings.device === undefined ? [alarm] : [alarm, { kind: 'open', cause: 'breaker-failure', event, device }]
}
