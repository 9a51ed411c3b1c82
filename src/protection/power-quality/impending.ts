// 'Impending': something is about to happen here, and what can still be done about it must be done now.
//
//   collapse           the voltage falls through 0.7 per unit within half a cycle, before an RMS over a cycle can show it; or
//                      it goes down steadily and is on its way out of the band within the horizon
//   ownPickup          the own relay has picked up: what it sees is cleared in a moment, by it or by one below
//   upstreamPickup     the relay of a device through which this place is fed has picked up: as above, and what it trips
//                      leaves this place dark
//   upstreamTrip       a device through which this place is fed has tripped: it is, or will be, without voltage
//   neighbourWarning   a neighbour warns of a disturbance upstream of this place, which is not seen here yet
//   frequencyFalling   at this rate the frequency reaches the point where load is shed within the horizon
//
//   nothing ── a sign ──► impending ── the sign is gone, or was not renewed for `hold` ──► nothing
//
// A sign that only comes and is never taken back, such as a message, ends by itself: silence keeps nothing impending.

import { after, type Duration, duration, type Instant, since } from '../../../topology/units.ts'
import { isWorse } from '../alert.ts'
import type { ImpendingCause, QualitySeverity } from './event.ts'
import type { ExcursionAction } from './excursion.ts'

export interface Sign {
  readonly cause: ImpendingCause
  readonly isThere: boolean
  readonly severity: QualitySeverity
  readonly channels?: readonly string[]
  /** Of nominal. */
  readonly extremePu?: number
  /** Since when; the moment that it is heard by default. */
  readonly since?: Instant
  /** How long it counts when it is not renewed. */
  readonly hold?: Duration
}

interface Running {
  readonly id: string
  readonly startedAt: Instant
  readonly detectedAt: Instant
  readonly until: Instant
  readonly severity: QualitySeverity
  readonly channels: readonly string[]
  readonly extremePu?: number
}

export interface ImpendingState {
  readonly count: number
  readonly running: ReadonlyMap<ImpendingCause, Running>
}

export const nothingImpending: ImpendingState = { count: 0, running: new Map() }

/** What is impending happens within seconds or not at all. */
const HOLD = duration(5000)

type Step = { readonly state: ImpendingState; readonly actions: readonly ExcursionAction[] }

export const impending =
  (hold: Duration = HOLD) =>
  (state: ImpendingState, event: { kind: 'sign'; sign: Sign } | { kind: 'tick' }, now: Instant): Step => {
    if (event.kind === 'tick') {
      const late = [...state.running].filter(([, { until }]) => until <= now)
      return late.length === 0 ? { state, actions: [] } : end(state, late, now)
    }
    const { sign } = event
    const known = state.running.get(sign.cause)
    if (!sign.isThere) return known === undefined ? { state, actions: [] } : end(state, [[sign.cause, known]], now)
    const until = after(now, sign.hold ?? hold)
    return known === undefined ? begin(state, sign, until, now) : goOn(state, known, sign, until)
  }

const shared = (cause: ImpendingCause, running: Running) => ({
  id: running.id,
  kind: 'impending' as const,
  cause,
  severity: running.severity,
  channels: running.channels,
  startedAt: running.startedAt,
  detectedAt: running.detectedAt,
  ...(running.extremePu === undefined ? {} : { extremePu: running.extremePu }),
})

function begin(state: ImpendingState, sign: Sign, until: Instant, now: Instant): Step {
  const count = state.count + 1
  const running: Running = {
    id: `impending-${count}`,
    startedAt: sign.since ?? now,
    detectedAt: now,
    until,
    severity: sign.severity,
    channels: sign.channels ?? [],
    ...(sign.extremePu === undefined ? {} : { extremePu: sign.extremePu }),
  }
  return {
    state: { count, running: new Map(state.running).set(sign.cause, running) },
    actions: [{ phase: 'begins', ...shared(sign.cause, running) }],
  }
}

function goOn(state: ImpendingState, known: Running, sign: Sign, until: Instant): Step {
  const worsens = isWorse(sign.severity, known.severity)
  const lowest = Math.min(sign.extremePu ?? Number.POSITIVE_INFINITY, known.extremePu ?? Number.POSITIVE_INFINITY)
  const next: Running = {
    ...known,
    until,
    severity: worsens ? sign.severity : known.severity,
    channels: [...new Set([...known.channels, ...(sign.channels ?? [])])].sort(),
    ...(Number.isFinite(lowest) ? { extremePu: lowest } : {}),
  }
  return {
    state: { ...state, running: new Map(state.running).set(sign.cause, next) },
    actions: worsens ? [{ phase: 'worsens', ...shared(sign.cause, next) }] : [],
  }
}

function end(state: ImpendingState, which: readonly (readonly [ImpendingCause, Running])[], now: Instant): Step {
  const running = new Map(state.running)
  const actions = which.map(([cause, known]): ExcursionAction => {
    running.delete(cause)
    const durationMs = Math.max(0, since(known.startedAt, now))
    return { phase: 'ends', ...shared(cause, known), durationMs, outerDurationMs: durationMs }
  })
  return { state: { ...state, running }, actions }
}
