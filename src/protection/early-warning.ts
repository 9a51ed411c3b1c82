// At every IED: what to do about a warning from upstream.
//
//   idle ── warning, downstream ──► reacting ── all-clear of every event, or time-out ──► giving back ──► idle
//                                      └──────── a person ends it ─────────────────────────────────────────┘
//
// The receiver's own live feeder decides whether it is downstream of the disturbed section; while it can't be decided the
// IED alarms and does not act. An event is acted on once, however many copies come by however many ways. An event is its
// origin's: under the same name another origin's is another event, so an all-clear counts from the warning's origin alone. Nothing heard for `hold` ends the reaction: silence never keeps a load shed.
// An origin whose warnings this IED's own measurements never confirm is ignored after `unconfirmedLimit` of them, with an
// alarm, until a person resets it: a lying or broken neighbour can shed a load that many times and no more. Nor can it keep a load
// shed by repeating a warning that was true once: `longestUnconfirmed` after the own voltage has come back it ends.
//
// What was done is given back once, after the last event: not before it has lasted `minOff`, and each IED a little later than
// the next (`stagger`), so that not all loads of a feeder return at one moment. What came back stays for `minOn`. Attached
// computers hear the all-clear at once: it is news, not an operation.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import type { Severity, WarningKind } from './messages.ts'
import { addedTo, type Doing, doingNothing, type WarningPolicy, wantedBy, wordsOfDoing } from './warning-policy.ts'

export type { Reaction } from './warning-policy.ts'

export interface EarlyWarningSettings extends WarningPolicy {
  /** A reaction ends this long after the last copy of its warning. */
  readonly hold?: Duration
  readonly unconfirmedLimit?: number
  /** However often it is repeated, a warning ends so long after it began, or after the own measurements confirmed it last. */
  readonly longestUnconfirmed?: Duration
  /** What was shed, transferred or started stays so for at least this long. */
  readonly minOff?: Duration
  /** What came back is not shed again before this: 0 where a warning must never wait. */
  readonly minOn?: Duration
  /** This IED's place in the row in which loads return. */
  readonly stagger?: Duration
}

interface Running {
  readonly event: string
  readonly origin: string
  readonly section: string
  /** When it began, or the own sag that confirmed it ended. */
  readonly since: Instant
  readonly until: Instant
  readonly confirmed: boolean
  /** A trip above was announced, which nobody clears: its end by time is no alarm. */
  readonly announced: boolean
}

export interface EarlyWarningState {
  /** By origin and event, as are the lists below. */
  readonly running: ReadonlyMap<string, Running>
  /** Ended events, newest last, so that a late copy starts nothing. */
  readonly ended: readonly string[]
  /** Events about which it has alarmed that it can't decide. */
  readonly undecided: readonly string[]
  /** The most that was done since the first of the running events, as far as it has not been given back. */
  readonly done: Doing
  /** The load is off by this IED's own doing. True at the start when the one before it ended in a reaction. */
  readonly shed: boolean
  /** When something was shed, transferred or started last, and when it was given back. */
  readonly doneAt?: Instant | undefined
  readonly gaveBackAt?: Instant | undefined
  /** When it is given back. */
  readonly backAt?: Instant | undefined
  /** Shedding that waits for `minOn`. */
  readonly shedLater?: { readonly at: Instant; readonly upTo: number; readonly event: string } | undefined
  /** The worst that attached computers have been told. */
  readonly told?: Severity | undefined
  /** They have been told when it arrives: a copy whose age was not measured does not say. */
  readonly toldWhen?: boolean
  /** A person wants no reactions. */
  readonly ignores: boolean
  readonly unconfirmed: ReadonlyMap<string, number>
  readonly ownSag: boolean
}

export interface Heard {
  readonly event: string
  readonly origin: string
  readonly section: string
  readonly severity: Severity
  readonly kind?: WarningKind
  /** From now on, ms. */
  readonly arrivesInMs?: number | undefined
  readonly lastsMs?: number | undefined
}

export type EarlyWarningEvent =
  | ({ readonly kind: 'warning'; readonly downstream: 'yes' | 'no' | 'unknown' } & Omit<Heard, 'kind'> & {
        readonly of?: WarningKind
      })
  /** A device through which this place is fed has tripped; `section` is that device. */
  | ({ readonly kind: 'announced' } & Pick<Heard, 'event' | 'origin' | 'section'>)
  | { readonly kind: 'all-clear'; readonly event: string; readonly origin: string }
  | { readonly kind: 'own-sag'; readonly present: boolean }
  | { readonly kind: 'tick' }
  | { readonly kind: 'reset'; readonly origin: string }
  /** A person ends all reactions, at once. */
  | { readonly kind: 'end-now' }
  /** A person wants warnings recorded only, or heeded again. */
  | { readonly kind: 'ignore'; readonly stands: boolean }

export type EarlyWarningAction =
  | {
      readonly kind: 'warned'
      readonly event: string
      readonly origin: string
      readonly section: string
      readonly severity: Severity
      readonly of: WarningKind
      readonly reaction: string
      /** A trip above was announced: this is no warning of somebody who observes. */
      readonly announced: boolean
      readonly arrivesInMs?: number | undefined
      readonly lastsMs?: number | undefined
    }
  | { readonly kind: 'operate'; readonly operation: 'shed'; readonly upTo: number; readonly event: string }
  | { readonly kind: 'operate'; readonly operation: 'open' | 'transfer' | 'start'; readonly event: string }
  | { readonly kind: 'operate'; readonly operation: 'restore' | 'transfer-back' | 'stop' }
  | {
      readonly kind: 'tell-hosts'
      readonly event: string
      readonly severity: Severity
      readonly of: WarningKind
      readonly arrivesInMs?: number | undefined
      readonly lastsMs?: number | undefined
    }
  | { readonly kind: 'clear-hosts' }
  | {
      readonly kind: 'alarm'
      readonly alarm: 'undecided' | 'origin-ignored' | 'ended-by-time-out'
      readonly origin: string
      readonly section: string
    }
  | { readonly kind: 'own-measurement'; readonly event: string }
  | { readonly kind: 'ended'; readonly event: string; readonly by: EndedBy }
  | { readonly kind: 'wake'; readonly at: Instant }

type EndedBy = 'all-clear' | 'time-out' | 'person'

export const calm: EarlyWarningState = {
  running: new Map(),
  ended: [],
  undecided: [],
  done: doingNothing,
  shed: false,
  ignores: false,
  unconfirmed: new Map(),
  ownSag: false,
}

/** Running, ended or undecided events kept; older copies are past every lifetime. What is beyond starts nothing. */
const KEPT = 64
/** Origins whose unconfirmed warnings are counted: more than a feeder has observers above one place. */
const KEPT_ORIGINS = 256

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
        return hear(settings, state, { ...event, of: event.of ?? 'sag', announced: false }, now)
      case 'announced':
        return hear(
          settings,
          state,
          { ...event, severity: 'catastrophic', of: 'trip', downstream: 'yes', announced: true },
          now,
        )
      case 'all-clear': {
        const key = keyOf(event)
        if (state.running.has(key)) return end(settings, state, [key], 'all-clear', now)
        // It may overtake the warning's first copy, which then must start nothing.
        return stay({ ...state, ended: remembering(state.ended, [key]) })
      }
      case 'own-sag':
        return measure(state, event.present, now)
      case 'tick':
        return tick(settings, state, now)
      case 'reset': {
        const unconfirmed = new Map(state.unconfirmed)
        unconfirmed.delete(event.origin)
        return stay({ ...state, unconfirmed })
      }
      case 'end-now':
        return endNow(settings, state, now)
      case 'ignore': {
        const next = { ...state, ignores: event.stands }
        return event.stands ? endNow(settings, next, now) : stay(next)
      }
    }
  }

const isIgnored = (
  { unconfirmedLimit = 5 }: EarlyWarningSettings,
  unconfirmed: ReadonlyMap<string, number>,
  origin: string,
): boolean => (unconfirmed.get(origin) ?? 0) >= unconfirmedLimit

interface HeardHere extends Omit<Heard, 'kind'> {
  readonly of: WarningKind
  readonly downstream: 'yes' | 'no' | 'unknown'
  readonly announced: boolean
}

function hear(settings: EarlyWarningSettings, state: EarlyWarningState, event: HeardHere, now: Instant): Step {
  const { hold = duration(5000), longestUnconfirmed = duration(30_000) } = settings
  const { event: id, origin, section, severity, of, announced } = event
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
  const wanted = state.ignores ? doingNothing : wantedBy(settings, severity, of, announced)
  if (announced && wordsOfDoing(wanted) === 'none') return stay(state)
  const since = known?.since ?? now
  const confirmed = known?.confirmed ?? state.ownSag
  const end = after(now, hold)
  const latest = after(since, longestUnconfirmed)
  const until = (confirmed && state.ownSag) || end < latest ? end : latest
  const running = new Map(state.running).set(key, { event: id, origin, section, since, until, confirmed, announced })
  const course = { arrivesInMs: event.arrivesInMs, lastsMs: event.lastsMs }
  const actions: EarlyWarningAction[] = []
  if (known === undefined) {
    const reaction = state.ignores ? 'ignored' : wordsOfDoing(wanted)
    actions.push({ kind: 'warned', event: id, origin, section, severity, of, reaction, announced, ...course })
  }
  // A warning that grows worse may ask for more than its first copy did; it never asks for less.
  const { added, all } = addedTo(state.done, wanted)
  let next: EarlyWarningState = { ...state, running, done: all, backAt: undefined }
  const isNews = state.told === undefined || (state.told === 'severe' && severity === 'catastrophic')
  // The copy that came first may not have known the time that is left: then one that does is news, once.
  const saysWhen = event.arrivesInMs !== undefined
  const isFirstToSay = saysWhen && all.hosts && state.told !== undefined && state.toldWhen !== true
  if ((added.hosts && isNews) || isFirstToSay) {
    const worst = state.told ?? severity
    const told = worst === 'catastrophic' ? worst : severity
    next = { ...next, told, toldWhen: saysWhen }
    actions.push({ kind: 'tell-hosts', event: id, severity: told, of, ...course })
  }
  if (added.shedUpTo !== undefined) {
    const shed = shedNowOrLater(settings, next, added.shedUpTo, id, now)
    next = shed.state
    actions.push(...shed.actions)
  }
  for (const operation of ['open', 'transfer', 'start'] as const) {
    if (!added[operation]) continue
    if (operation !== 'open') next = { ...next, doneAt: now }
    actions.push({ kind: 'operate', operation, event: id })
  }
  actions.push({ kind: 'wake', at: until })
  return { state: next, actions }
}

function shedNowOrLater(
  { minOn = duration(0) }: EarlyWarningSettings,
  state: EarlyWarningState,
  upTo: number,
  event: string,
  now: Instant,
): Step {
  const at = state.gaveBackAt === undefined ? now : after(state.gaveBackAt, minOn)
  if (at > now && !state.shed) {
    return { state: { ...state, shedLater: { at, upTo, event } }, actions: [{ kind: 'wake', at }] }
  }
  return {
    state: { ...state, shed: true, doneAt: now, shedLater: undefined },
    actions: [{ kind: 'operate', operation: 'shed', upTo, event }],
  }
}

/** This IED's own voltage element picked up or dropped out. */
function measure(state: EarlyWarningState, present: boolean, now: Instant): Step {
  if (present === state.ownSag) return stay(state)
  const running = new Map(state.running)
  if (!present) {
    for (const [key, entry] of running) if (entry.confirmed) running.set(key, { ...entry, since: now })
    return stay({ ...state, running, ownSag: false })
  }
  const actions: EarlyWarningAction[] = []
  for (const [key, entry] of running) {
    if (entry.confirmed) continue
    running.set(key, { ...entry, confirmed: true })
    actions.push({ kind: 'own-measurement', event: entry.event })
  }
  return { state: { ...state, running, ownSag: true }, actions }
}

function tick(settings: EarlyWarningSettings, state: EarlyWarningState, now: Instant): Step {
  if (state.running.size === 0) {
    return state.backAt !== undefined && now < state.backAt ? stay(state) : giveBack(state, now)
  }
  const late = [...state.running].filter(([, { until }]) => until <= now).map(([key]) => key)
  if (late.length > 0) return end(settings, state, late, 'time-out', now)
  const { shedLater } = state
  if (shedLater === undefined || now < shedLater.at) return stay(state)
  return shedNowOrLater(settings, state, shedLater.upTo, shedLater.event, now)
}

function end(
  settings: EarlyWarningSettings,
  state: EarlyWarningState,
  keys: readonly string[],
  by: EndedBy,
  now: Instant,
): Step {
  const running = new Map(state.running)
  const unconfirmed = new Map(state.unconfirmed)
  const actions: EarlyWarningAction[] = []
  for (const key of keys) {
    const entry = running.get(key)
    if (entry === undefined) continue
    running.delete(key)
    const { event, origin, section, confirmed, announced } = entry
    const ignored = isIgnored(settings, unconfirmed, origin) // only a person lifts that
    if (confirmed && !ignored) unconfirmed.delete(origin)
    // What a person ended may still have been confirmed later.
    if (!confirmed && by !== 'person' && (unconfirmed.has(origin) || unconfirmed.size < KEPT_ORIGINS)) {
      unconfirmed.set(origin, (unconfirmed.get(origin) ?? 0) + 1)
    }
    actions.push({ kind: 'ended', event, by })
    if (by === 'time-out' && !announced) actions.push({ kind: 'alarm', alarm: 'ended-by-time-out', origin, section })
    if (!ignored && isIgnored(settings, unconfirmed, origin)) {
      actions.push({ kind: 'alarm', alarm: 'origin-ignored', origin, section })
    }
  }
  const next = { ...state, running, unconfirmed, ended: remembering(state.ended, keys) }
  if (running.size > 0) return { state: next, actions }
  const over = overFor(settings, next, by, now)
  return { state: over.state, actions: [...actions, ...over.actions] }
}

/** No event runs any more. */
function overFor(settings: EarlyWarningSettings, state: EarlyWarningState, by: EndedBy, now: Instant): Step {
  const { minOff = duration(0), stagger = duration(0) } = settings
  const actions: EarlyWarningAction[] = state.told === undefined ? [] : [{ kind: 'clear-hosts' }]
  // What was opened stays open, and the next warning opens it again.
  const done = { ...state.done, open: false, hosts: false }
  const next: EarlyWarningState = { ...state, done, told: undefined, toldWhen: false, shedLater: undefined }
  const earliest = state.doneAt === undefined ? now : after(state.doneAt, minOff)
  const inTurn = after(now, stagger)
  const at = by === 'person' ? now : earliest > inTurn ? earliest : inTurn
  const isOwed = state.shed || done.transfer || done.start
  if (!isOwed || at <= now) {
    const back = giveBack(next, now)
    return { state: back.state, actions: [...actions, ...back.actions] }
  }
  return { state: { ...next, backAt: at }, actions: [...actions, { kind: 'wake', at }] }
}

function endNow(settings: EarlyWarningSettings, state: EarlyWarningState, now: Instant): Step {
  if (state.running.size > 0) return end(settings, state, [...state.running.keys()], 'person', now)
  return giveBack(state, now)
}

/** A generator or capacitor that was opened stays open: its own controller decides when it may enter service again. */
function giveBack(state: EarlyWarningState, now: Instant): Step {
  const { transfer, start } = state.done
  const actions: EarlyWarningAction[] = [
    ...(state.shed ? [{ kind: 'operate', operation: 'restore' } as const] : []),
    ...(transfer ? [{ kind: 'operate', operation: 'transfer-back' } as const] : []),
    ...(start ? [{ kind: 'operate', operation: 'stop' } as const] : []),
  ]
  return {
    state: {
      ...state,
      done: doingNothing,
      shed: false,
      backAt: undefined,
      shedLater: undefined,
      ...(actions.length > 0 ? { gaveBackAt: now } : {}),
    },
    actions,
  }
}
