// One kind of event of one or more channels: a value leaves its band and comes back.
//
//   calm ── any channel (or: all of them) beyond ──► running ── all (or: any) back ──► calm
//
// Band and hysteresis are the caller's, in `isBeyond`. A channel that is no longer measured counts no more; when it was
// beyond, the event that it leaves ends without anybody knowing how it went on, and says so.

import { type Instant, since } from '../../../topology/units.ts'
import { isWorse } from '../alert.ts'
import type {
  PowerQualityBegins,
  PowerQualityEnds,
  PowerQualityKind,
  PowerQualityWorsens,
  QualitySeverity,
} from './event.ts'

export interface ExcursionSettings {
  readonly kind: PowerQualityKind
  /** A polyphase sag begins with `any` channel; an interruption needs them `all`. */
  readonly begins: 'any' | 'all'
  /** `was`: whether it was so before, for the hysteresis. */
  readonly isBeyond: (value: number, was: boolean) => boolean
  /** Whether the first is farther off than the second. */
  readonly isFarther: (value: number, than: number) => boolean
  readonly severityOf: (extreme: number, durationMs: number) => QualitySeverity
  /** While it lasts it is judged as if it lasted at least so long. */
  readonly assumedMs: number
}

/** One value of one channel, measured over a window. */
export interface Measured {
  readonly channel: string
  readonly value: number
  readonly from: Instant
  readonly to: Instant
}

/** An event before the monitor adds the time of day and the resolution. */
export type Draft<T> = Omit<T, 'startedUtcMs' | 'resolution'>
export type ExcursionAction = Draft<PowerQualityBegins> | Draft<PowerQualityWorsens> | Draft<PowerQualityEnds>

interface Running {
  readonly id: string
  readonly startedAt: Instant
  readonly detectedAt: Instant
  readonly channels: readonly string[]
  readonly extreme: number
  readonly severity: QualitySeverity
}

export interface ExcursionState {
  readonly count: number
  /** Channels that are measured, and since when each is beyond. */
  readonly known: ReadonlyMap<string, Instant | undefined>
  readonly running: Running | undefined
}

export const noExcursion: ExcursionState = { count: 0, known: new Map(), running: undefined }

interface Step {
  readonly state: ExcursionState
  readonly actions: readonly ExcursionAction[]
}
const NOTHING: readonly ExcursionAction[] = []

/** The value is a number. Windows come in the order of their ends. */
export function excursion(settings: ExcursionSettings) {
  const { kind, begins, isBeyond, isFarther, severityOf, assumedMs } = settings

  const isOn = (known: ReadonlyMap<string, Instant | undefined>): boolean => {
    let beyond = 0
    for (const since of known.values()) if (since !== undefined) beyond++
    return begins === 'any' ? beyond > 0 : beyond > 0 && beyond === known.size
  }

  const shared = (running: Running) => ({
    id: running.id,
    kind,
    severity: running.severity,
    channels: running.channels,
    startedAt: running.startedAt,
    detectedAt: running.detectedAt,
    extremePu: running.extreme,
  })

  function begin(state: ExcursionState, { channel, value, from, to }: Measured): Step {
    const count = state.count + 1
    const channels =
      begins === 'any'
        ? [channel]
        : [...state.known]
            .filter(([, at]) => at !== undefined)
            .map(([name]) => name)
            .sort()
    const severity = severityOf(value, assumedMs)
    const running = { id: `${kind}-${count}`, startedAt: from, detectedAt: to, channels, extreme: value, severity }
    return { state: { ...state, count, running }, actions: [{ phase: 'begins', ...shared(running) }] }
  }

  function goOn(state: ExcursionState, running: Running, { channel, value, to }: Measured): Step {
    const isNew = state.known.get(channel) !== undefined && !running.channels.includes(channel)
    const channels = isNew ? [...running.channels, channel].sort() : running.channels
    const extreme = isFarther(value, running.extreme) ? value : running.extreme
    const judged = severityOf(extreme, Math.max(assumedMs, since(running.startedAt, to)))
    const worsens = isWorse(judged, running.severity)
    if (!isNew && extreme === running.extreme && !worsens) return { state, actions: NOTHING }
    const next = { ...running, channels, extreme, severity: worsens ? judged : running.severity }
    const actions: ExcursionAction[] = worsens ? [{ phase: 'worsens', ...shared(next) }] : []
    return { state: { ...state, running: next }, actions }
  }

  function end(state: ExcursionState, running: Running, from: Instant, to: Instant, isCutOff = false): Step {
    const durationMs = Math.max(0, since(running.startedAt, from))
    const action: ExcursionAction = {
      phase: 'ends',
      ...shared({ ...running, severity: severityOf(running.extreme, durationMs) }),
      durationMs,
      // No less than the other one, also where a clock stepped back.
      outerDurationMs: Math.max(durationMs, since(running.startedAt, to)),
      ...(isCutOff ? { isCutOff } : {}),
    }
    return { state: { ...state, running: undefined }, actions: [action] }
  }

  return {
    hear(state: ExcursionState, measured: Measured): Step {
      const { channel, value, from, to } = measured
      const was = state.known.get(channel)
      const beyond = isBeyond(value, was !== undefined)
      const isAsBefore = beyond === (was !== undefined) && state.known.has(channel)
      const known = isAsBefore ? state.known : new Map(state.known).set(channel, beyond ? from : undefined)
      const next = isAsBefore ? state : { ...state, known }
      const on = isOn(known)
      if (next.running === undefined) return on ? begin(next, measured) : { state: next, actions: NOTHING }
      return on ? goOn(next, next.running, measured) : end(next, next.running, from, to)
    },
    /** This channel is not measured any more. */
    lose(state: ExcursionState, channel: string, at: Instant): Step {
      if (!state.known.has(channel)) return { state, actions: NOTHING }
      const known = new Map(state.known)
      known.delete(channel)
      const next = { ...state, known }
      if (state.running === undefined || isOn(known)) return { state: next, actions: NOTHING }
      return end(next, state.running, at, at, true)
    },
  }
}
