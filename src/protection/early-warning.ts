// At every IED: what to do about a warning from upstream.
//
//   idle ── warning, downstream ──► reacting ── all-clear of every event, or time-out ──► idle
//
// The receiver's own live feeder decides whether it is downstream of the disturbed section; while it can't be decided the
// IED alarms and does not act. An event is acted on once, however many copies come by however many ways. An event is its
// origin's: under the same name another origin's is another event, so an all-clear counts from the warning's origin alone. Nothing heard for `hold` ends the reaction: silence never keeps a load shed.
// An origin whose warnings this IED's own measurements never confirm is ignored after `unconfirmedLimit` of them, with an
// alarm, until a person resets it: a lying or broken neighbour can shed a load that many times and no more.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import type { Severity } from './messages.ts'

/** What this IED does: drop its sheddable load, open what it operates, or only record it. */
export type Reaction = 'shed' | 'open' | 'none'

export interface EarlyWarningSettings {
  readonly reactions: Readonly<Record<Severity, Reaction>>
  /** A reaction ends this long after the last copy of its warning. */
  readonly hold?: Duration
  readonly unconfirmedLimit?: number
  /** However often it is repeated, a warning that the own measurements never confirm ends after this. */
  readonly longestUnconfirmed?: Duration
}

interface Running {
  readonly event: string
  readonly origin: string
  readonly section: string
  readonly since: Instant
  readonly until: Instant
  readonly confirmed: boolean
}

export interface EarlyWarningState {
  /** By origin and event, as are the lists below. */
  readonly running: ReadonlyMap<string, Running>
  /** Ended events, newest last, so that a late copy starts nothing. */
  readonly ended: readonly string[]
  /** Events about which it has alarmed that it can't decide. */
  readonly undecided: readonly string[]
  /** The most that was done since the first of the running events. */
  readonly reaction: Reaction
  /** The load is off by this IED's own doing. True at the start when the one before it ended in a reaction. */
  readonly shed: boolean
  readonly unconfirmed: ReadonlyMap<string, number>
  readonly ownSag: boolean
}

export type EarlyWarningEvent =
  | {
      readonly kind: 'warning'
      readonly event: string
      readonly origin: string
      readonly section: string
      readonly severity: Severity
      readonly downstream: 'yes' | 'no' | 'unknown'
    }
  | { readonly kind: 'all-clear'; readonly event: string; readonly origin: string }
  | { readonly kind: 'own-sag'; readonly present: boolean }
  | { readonly kind: 'tick' }
  | { readonly kind: 'reset'; readonly origin: string }

export type EarlyWarningAction =
  | {
      readonly kind: 'warned'
      readonly event: string
      readonly origin: string
      readonly section: string
      readonly severity: Severity
      readonly reaction: Reaction
    }
  | { readonly kind: 'operate'; readonly operation: 'shed' | 'restore' | 'open' }
  | {
      readonly kind: 'alarm'
      readonly alarm: 'undecided' | 'origin-ignored' | 'ended-by-time-out'
      readonly origin: string
      readonly section: string
    }
  | { readonly kind: 'own-measurement'; readonly event: string }
  | { readonly kind: 'ended'; readonly event: string; readonly by: 'all-clear' | 'time-out' }
  | { readonly kind: 'wake'; readonly at: Instant }

export const calm: EarlyWarningState = {
  running: new Map(),
  ended: [],
  undecided: [],
  reaction: 'none',
  shed: false,
  unconfirmed: new Map(),
  ownSag: false,
}

/** Running, ended or undecided events kept; older copies are past every lifetime. What is beyond starts nothing. */
const KEPT = 64

const STRENGTH: Readonly<Record<Reaction, number>> = { none: 0, shed: 1, open: 2 }

const keyOf = ({ origin, event }: { readonly origin: string; readonly event: string }): string => `${origin} ${event}`
const remembering = (keys: readonly string[], more: readonly string[]): string[] => [...keys, ...more].slice(-KEPT)

interface Step {
  readonly state: EarlyWarningState
  readonly actions: readonly EarlyWarningAction[]
}
const stay = (state: EarlyWarningState): Step => ({ state, actions: [] })

export const earlyWarning =
  (settings: EarlyWarningSettings) =>
  (state: EarlyWarningState, event: EarlyWarningEvent, now: Instant): Step => {
    switch (event.kind) {
      case 'warning':
        return hear(settings, state, event, now)
      case 'all-clear': {
        const key = keyOf(event)
        if (state.running.has(key)) return end(settings, state, [key], 'all-clear')
        // It may overtake the warning's first copy, which then must start nothing.
        return stay({ ...state, ended: remembering(state.ended, [key]) })
      }
      case 'own-sag':
        return measure(state, event.present)
      case 'tick': {
        if (state.running.size === 0) return restore(state)
        const late = [...state.running].filter(([, { until }]) => until <= now).map(([key]) => key)
        return late.length === 0 ? stay(state) : end(settings, state, late, 'time-out')
      }
      case 'reset': {
        const unconfirmed = new Map(state.unconfirmed)
        unconfirmed.delete(event.origin)
        return stay({ ...state, unconfirmed })
      }
    }
  }

const isIgnored = (
  { unconfirmedLimit = 5 }: EarlyWarningSettings,
  unconfirmed: ReadonlyMap<string, number>,
  origin: string,
): boolean => (unconfirmed.get(origin) ?? 0) >= unconfirmedLimit

function hear(
  settings: EarlyWarningSettings,
  state: EarlyWarningState,
  event: Extract<EarlyWarningEvent, { kind: 'warning' }>,
  now: Instant,
): Step {
  const { reactions, hold = duration(5000), longestUnconfirmed = duration(30_000) } = settings
  const { event: id, origin, section, severity } = event
  const key = keyOf(event)
  if (event.downstream === 'no' || state.ended.includes(key)) return stay(state)
  const known = state.running.get(key)
  if (known === undefined && event.downstream === 'unknown') {
    // A repeat may come when it can be decided.
    if (state.undecided.includes(key)) return stay(state)
    const undecided = remembering(state.undecided, [key])
    return { state: { ...state, undecided }, actions: [{ kind: 'alarm', alarm: 'undecided', origin, section }] }
  }
  if (known === undefined && isIgnored(settings, state.unconfirmed, origin)) {
    const ended = remembering(state.ended, [key])
    return { state: { ...state, ended }, actions: [{ kind: 'alarm', alarm: 'origin-ignored', origin, section }] }
  }
  if (known === undefined && state.running.size >= KEPT) return stay(state)
  const since = known?.since ?? now
  const confirmed = known?.confirmed ?? state.ownSag
  const end = after(now, hold)
  const latest = after(since, longestUnconfirmed)
  const until = confirmed || end < latest ? end : latest
  const running = new Map(state.running).set(key, { event: id, origin, section, since, until, confirmed })
  const wanted = reactions[severity]
  const actions: EarlyWarningAction[] = []
  if (known === undefined) actions.push({ kind: 'warned', event: id, origin, section, severity, reaction: wanted })
  // A warning that grows worse may ask for more than its first copy did; it never asks for less.
  const asksForMore = STRENGTH[wanted] > STRENGTH[state.reaction]
  if (asksForMore && wanted !== 'none') actions.push({ kind: 'operate', operation: wanted })
  actions.push({ kind: 'wake', at: until })
  const reaction = asksForMore ? wanted : state.reaction
  return { state: { ...state, running, reaction, shed: state.shed || reaction === 'shed' }, actions }
}

/** This IED's own voltage element picked up or dropped out. */
function measure(state: EarlyWarningState, present: boolean): Step {
  if (!present || state.ownSag) return stay({ ...state, ownSag: present })
  const running = new Map(state.running)
  const actions: EarlyWarningAction[] = []
  for (const [key, entry] of running) {
    if (entry.confirmed) continue
    running.set(key, { ...entry, confirmed: true })
    actions.push({ kind: 'own-measurement', event: entry.event })
  }
  return { state: { ...state, running, ownSag: true }, actions }
}

function end(
  settings: EarlyWarningSettings,
  state: EarlyWarningState,
  keys: readonly string[],
  by: 'all-clear' | 'time-out',
): Step {
  const running = new Map(state.running)
  const unconfirmed = new Map(state.unconfirmed)
  const actions: EarlyWarningAction[] = []
  for (const key of keys) {
    const entry = running.get(key)
    if (entry === undefined) continue
    running.delete(key)
    const { event, origin, section, confirmed } = entry
    const ignored = isIgnored(settings, unconfirmed, origin) // only a person lifts that
    if (confirmed && !ignored) unconfirmed.delete(origin)
    if (!confirmed) unconfirmed.set(origin, (unconfirmed.get(origin) ?? 0) + 1)
    actions.push({ kind: 'ended', event, by })
    if (by === 'time-out') actions.push({ kind: 'alarm', alarm: 'ended-by-time-out', origin, section })
    if (!ignored && isIgnored(settings, unconfirmed, origin)) {
      actions.push({ kind: 'alarm', alarm: 'origin-ignored', origin, section })
    }
  }
  const next = { ...state, running, unconfirmed, ended: remembering(state.ended, keys) }
  if (running.size > 0) return { state: next, actions }
  const over = restore(next)
  return { state: over.state, actions: [...actions, ...over.actions] }
}

/** A generator or capacitor that was opened stays open: its own controller decides when it may enter service again. */
const restore = (state: EarlyWarningState): Step => ({
  state: { ...state, reaction: 'none', shed: false },
  actions: state.shed ? [{ kind: 'operate', operation: 'restore' }] : [],
})
