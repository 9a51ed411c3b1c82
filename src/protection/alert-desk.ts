// The alert desk: which alerts there are at a peer, its own and those that it heard of from IEDs, and who is told of what.
//
//            raise                      acknowledge
//   ──► standing ────► (again: counted) ───────► standing, acknowledged ──┐ clear
//          │ clear                                                        ▼
//          └──► cleared: shown until somebody acknowledges it ────────► over: kept while there is room
//
// What has only happened (a trip) is `momentary`, and waits for its acknowledgement likewise. `status` and `warning` wait
// for nobody.
//
// - A condition that is said again while it stands, or before it was acknowledged, is the same alert: counted, not told
//   again; told at once when it has become worse, which ends its acknowledgement too.
// - Nobody acknowledges it: it is said again to its recipients (`repeatMs`), and once to those above them (`escalate`).
//   Both stop when its condition is over, for what stood; a trip is repeated until somebody has seen it.
// - A storm: of one IED, and of one kind of it, only so many new alerts a minute. The rest are counted in one alert about
//   the storm.
// - There is room for so many. What is over gives way first, then what no longer stands, then the least severe, then the
//   oldest; and what is less than all that is there is not taken up. So no flood of small things hides a standing alarm.
//
// Nothing here operates anything: an alert that is lost, doubled or forged costs attention, never a trip.

import { type Instant, instant } from '../../topology/units.ts'
import {
  type Alert,
  type Condition,
  isFor,
  isOver,
  isWorse,
  needsAcknowledgement,
  type Recipient,
  type Route,
  recipientsOf,
  severities,
} from './alert.ts'

/** `again` comes at most every `AGAIN_MS` for one alert. */
export type Notice = 'raised' | 'again' | 'worse' | 'cleared' | 'acknowledged' | 'repeated' | 'escalated'

/** One alert is found by its id, or by its condition. */
export type Which = { readonly id: string } | { readonly ied: string; readonly key: string }

export type AlertEvent =
  | {
      readonly kind: 'raise'
      readonly ied: string
      readonly condition: Condition
      readonly utcMs: number
      /** It has one already: another peer raised it. */
      readonly id?: string
    }
  | { readonly kind: 'clear'; readonly which: Which; readonly utcMs: number }
  | { readonly kind: 'acknowledge'; readonly id: string; readonly by: string; readonly utcMs: number }
  | { readonly kind: 'tick'; readonly utcMs: number }

export type AlertAction =
  | { readonly kind: 'notice'; readonly notice: Notice; readonly alert: Alert; readonly to: readonly Recipient[] }
  /** As it is now, over restarts. */
  | { readonly kind: 'keep'; readonly alert: Alert }
  | { readonly kind: 'forget'; readonly id: string }
  | { readonly kind: 'wake'; readonly at: Instant }

interface Entry {
  readonly alert: Alert
  /** By route: when it is due there. */
  readonly repeatAt: ReadonlyMap<Route, Instant>
  readonly escalateAt: ReadonlyMap<Route, Instant>
  readonly toldAt: Instant
}

/** New alerts of one kind at one IED, in a window that began then. */
interface Rate {
  readonly since: Instant
  readonly made: number
  readonly suppressed: number
  /** Since the storm began. */
  readonly total: number
  readonly ied: string
  readonly kind: string
}

export interface AlertState {
  readonly entries: ReadonlyMap<string, Entry>
  readonly rates: ReadonlyMap<string, Rate>
  readonly next: number
  /** Nothing is due before this; infinite when nothing will be. */
  readonly due: number
}

export interface AlertSettings {
  /** Begins all ids of this start: `<ied>/<epoch>`. */
  readonly idPrefix: string
  readonly routes: readonly Route[]
}

export const MAX_ALERTS = 1000
/** Of one IED: a peer that collects from many does not lose theirs to one that lies. */
export const MAX_OF_ONE_IED = 250
export const MAX_NEW_A_MINUTE = 20
export const MAX_NEW_OF_ONE_IED = 100
const ANY_KIND = 'any'
const WINDOW_MS = 60_000
const AGAIN_MS = 10_000
/** IEDs times kinds under watch at once; beyond it the oldest windows are forgotten. */
const MAX_RATES = 500
export const STORM = 'alert-storm'

export interface AlertStep {
  readonly state: AlertState
  readonly actions: readonly AlertAction[]
}

export const noAlerts: AlertState = {
  entries: new Map(),
  rates: new Map(),
  next: 1,
  due: Number.POSITIVE_INFINITY,
}

export function alertDesk({ idPrefix, routes }: AlertSettings) {
  /** What was kept before a restart; how long they have waited already is not known, so their times begin anew. */
  function restored(kept: Iterable<Alert>, now: Instant): AlertStep {
    const entries = new Map<string, Entry>()
    for (const alert of kept) entries.set(alert.id, { ...timed(alert, now), toldAt: now })
    return withWake({ ...noAlerts, entries }, [])
  }

  function step(state: AlertState, event: AlertEvent, now: Instant): AlertStep {
    switch (event.kind) {
      case 'raise':
        return raise(state, event, now)
      case 'clear':
        return clear(state, event.which, event.utcMs, now)
      case 'acknowledge':
        return acknowledge(state, event, now)
      case 'tick':
        return tick(state, event.utcMs, now)
    }
  }

  function raise(state: AlertState, event: AlertEvent & { kind: 'raise' }, now: Instant): AlertStep {
    const { ied, condition, utcMs, id } = event
    const known = id === undefined ? find(state, { ied, key: condition.key }) : state.entries.get(id)
    if (known !== undefined && isSame(known.alert, condition)) return again(state, known, condition, utcMs, now)
    const rate = rateOf(state, ied, condition.kind, now)
    const all = rateOf(state, ied, ANY_KIND, now)
    const full = rate.made >= MAX_NEW_A_MINUTE ? rate : all.made >= MAX_NEW_OF_ONE_IED ? all : undefined
    if (full !== undefined && condition.kind !== STORM) return suppress(state, full, condition, utcMs, now)
    const { lasts, ...about } = condition
    const alert: Alert = {
      ...about,
      id: id ?? `${idPrefix}/${state.next}`,
      ied,
      phase: lasts ? 'standing' : 'momentary',
      raisedUtcMs: utcMs,
      lastUtcMs: utcMs,
      count: 1,
      escalatedTo: [],
    }
    const roomy = makeRoom(state, alert)
    if (roomy === undefined) return suppress(state, rate, condition, utcMs, now)
    const entry = { ...timed(alert, now), toldAt: now }
    const counted = { ...rate, made: rate.made + 1 }
    const next: AlertState = {
      entries: new Map(roomy.state.entries).set(alert.id, entry),
      rates: withRate(withRate(roomy.state.rates, counted), { ...all, made: all.made + 1 }),
      next: id === undefined ? state.next + 1 : state.next,
      due: Math.min(state.due, dueAt(counted)),
    }
    const woken: AlertAction[] = next.due < state.due ? [{ kind: 'wake', at: instant(next.due) }] : []
    return withWake(next, [...roomy.actions, notice('raised', alert), { kind: 'keep', alert }, ...woken], entry)
  }

  function again(state: AlertState, entry: Entry, condition: Condition, utcMs: number, now: Instant): AlertStep {
    const { acknowledged, clearedUtcMs: _, ...before } = entry.alert
    const worse = isWorse(condition.severity, before.severity)
    const wasCleared = before.phase === 'cleared'
    const alert: Alert = {
      ...before,
      ...(worse
        ? { severity: condition.severity, text: condition.text, fields: condition.fields, escalatedTo: [] }
        : { ...(acknowledged === undefined ? {} : { acknowledged }) }),
      phase: condition.lasts ? 'standing' : 'momentary',
      lastUtcMs: utcMs,
      count: before.count + 1,
    }
    const isTold = worse || now - entry.toldAt >= AGAIN_MS
    const next: Entry = worse || wasCleared ? { ...timed(alert, now), toldAt: now } : { ...entry, alert }
    const told = isTold ? { ...next, toldAt: now } : next
    return withWake(
      withEntry(state, told),
      [
        ...(isTold ? [notice(worse ? 'worse' : 'again', alert)] : []),
        // A count alone is not worth a write: what is said 50 times a second must not wear out the disk.
        ...(isTold || wasCleared ? [{ kind: 'keep' as const, alert }] : []),
      ],
      told,
    )
  }

  function clear(state: AlertState, which: Which, utcMs: number, now: Instant): AlertStep {
    const entry = find(state, which)
    if (entry?.alert.phase !== 'standing') return stay(state)
    const alert: Alert = { ...entry.alert, phase: 'cleared', clearedUtcMs: utcMs }
    const cleared = { ...timed(alert, now), toldAt: now }
    return withWake(withEntry(state, cleared), [notice('cleared', alert), { kind: 'keep', alert }], cleared)
  }

  function acknowledge(state: AlertState, event: AlertEvent & { kind: 'acknowledge' }, now: Instant): AlertStep {
    const entry = state.entries.get(event.id)
    if (entry === undefined || entry.alert.acknowledged !== undefined) return stay(state)
    const alert: Alert = { ...entry.alert, acknowledged: { by: event.by, utcMs: event.utcMs } }
    const seen = { ...timed(alert, now), toldAt: now }
    return withWake(withEntry(state, seen), [notice('acknowledged', alert), { kind: 'keep', alert }], seen)
  }

  function tick(state: AlertState, utcMs: number, now: Instant): AlertStep {
    let next = state
    const actions: AlertAction[] = []
    for (const entry of state.entries.values()) {
      const due = dueOf(entry, now)
      if (due === undefined) continue
      next = withEntry(next, due.entry)
      actions.push(...due.actions)
    }
    for (const rate of state.rates.values()) {
      if (now < dueAt(rate)) continue // as the wake was reckoned: a difference may round to less than the window
      const ended = windowEnds(next, rate, utcMs, now)
      next = ended.state
      actions.push(...ended.actions)
    }
    return withWake(next, actions)
  }

  function dueOf(entry: Entry, now: Instant): { entry: Entry; actions: AlertAction[] } | undefined {
    const repeats = [...entry.repeatAt].filter(([, at]) => now >= at).map(([route]) => route)
    const escalates = [...entry.escalateAt].filter(([, at]) => now >= at).map(([route]) => route)
    if (repeats.length + escalates.length === 0) return undefined
    const repeatAt = new Map(entry.repeatAt)
    const escalateAt = new Map(entry.escalateAt)
    for (const route of repeats) repeatAt.set(route, instant(now + (route.repeatMs as number)))
    for (const route of escalates) escalateAt.delete(route)
    const above = escalates.flatMap(({ escalate }) => (escalate === undefined ? [] : [escalate.to]))
    const alert = { ...entry.alert, escalatedTo: [...entry.alert.escalatedTo, ...above] }
    const to = repeats.map(route => route.to)
    return {
      entry: { ...entry, alert, repeatAt, escalateAt },
      actions: [
        ...(to.length === 0 ? [] : [{ kind: 'notice' as const, notice: 'repeated' as const, alert, to }]),
        ...(above.length === 0 ? [] : [{ kind: 'notice' as const, notice: 'escalated' as const, alert, to: above }]),
        ...(above.length === 0 ? [] : [{ kind: 'keep' as const, alert }]),
      ],
    }
  }

  // Storms -------------------------------------------------------------------------------------------------------------

  function suppress(state: AlertState, rate: Rate, condition: Condition, utcMs: number, now: Instant): AlertStep {
    const counted = { ...rate, suppressed: rate.suppressed + 1, total: rate.total + 1 }
    const next = { ...state, rates: withRate(state.rates, counted) }
    if (condition.kind === STORM) return withWake(next, [], counted) // no room even for that
    if (rate.suppressed > 0) return withWake(next, [], counted)
    const { ied, kind } = rate
    const storm: Condition = {
      kind: STORM,
      key: `storm/${kind}`,
      severity: condition.severity,
      text: `too many alerts (of kind: ${kind}) for a minute, or for the room that there is: further ones are only counted`,
      fields: { of: kind, suppressed: counted.total },
      lasts: true,
    }
    return raise(next, { kind: 'raise', ied, condition: storm, utcMs }, now)
  }

  /** The storm's alert gets the count, and is cleared once a whole window has suppressed nothing. */
  function windowEnds(state: AlertState, rate: Rate, utcMs: number, now: Instant): AlertStep {
    const rates = new Map(state.rates)
    rates.delete(rateKey(rate.ied, rate.kind))
    const storm = find(state, { ied: rate.ied, key: `storm/${rate.kind}` })
    if (storm?.alert.phase !== 'standing') return { state: { ...state, rates }, actions: [] }
    if (rate.suppressed === 0) {
      return clear({ ...state, rates }, { id: storm.alert.id }, utcMs, now)
    }
    const alert = { ...storm.alert, fields: { ...storm.alert.fields, suppressed: rate.total } }
    const next = { ...rate, since: now, made: 0, suppressed: 0 }
    return {
      state: withEntry({ ...state, rates: withRate(rates, next) }, { ...storm, alert }),
      actions: [{ kind: 'keep', alert }],
    }
  }

  function rateOf({ rates }: AlertState, ied: string, kind: string, now: Instant): Rate {
    const rate = rates.get(rateKey(ied, kind))
    if (rate !== undefined && (now < dueAt(rate) || rate.suppressed > 0)) return rate
    return { since: now, made: 0, suppressed: 0, total: rate?.total ?? 0, ied, kind }
  }

  // Room ---------------------------------------------------------------------------------------------------------------

  /** @returns undefined when all that is there counts for more than the new one */
  function makeRoom(state: AlertState, alert: Alert): AlertStep | undefined {
    const all = [...state.entries.values()]
    const own = all.filter(entry => entry.alert.ied === alert.ied)
    const among = own.length >= MAX_OF_ONE_IED ? own : all.length >= MAX_ALERTS ? all : undefined
    if (among === undefined) return stay(state)
    const victim = among.reduce((least, entry) => (compare(entry.alert, least.alert) < 0 ? entry : least))
    if (worth(victim.alert) > worth(alert)) return undefined
    const entries = new Map(state.entries)
    entries.delete(victim.alert.id)
    return { state: { ...state, entries }, actions: [{ kind: 'forget', id: victim.alert.id }] }
  }

  // Parts --------------------------------------------------------------------------------------------------------------

  const notice = (what: Notice, alert: Alert): AlertAction => ({
    kind: 'notice',
    notice: what,
    alert,
    to: recipientsOf(routes, alert),
  })

  function timed(alert: Alert, now: Instant): Omit<Entry, 'toldAt'> {
    const waits = alert.acknowledged === undefined && needsAcknowledgement(alert) && alert.phase !== 'cleared'
    const its = waits ? routes.filter(route => isFor(route, alert)) : []
    const repeatAt = new Map<Route, Instant>()
    const escalateAt = new Map<Route, Instant>()
    for (const route of its) {
      if (route.repeatMs !== undefined) repeatAt.set(route, instant(now + route.repeatMs))
      if (route.escalate !== undefined && alert.escalatedTo.length === 0) {
        escalateAt.set(route, instant(now + route.escalate.afterMs))
      }
    }
    return { alert, repeatAt, escalateAt }
  }

  return { step, restored }
}

/** The same alert: its condition stands, or nobody has seen the last time yet. */
function isSame(alert: Alert, { lasts }: Condition): boolean {
  if (alert.phase === 'standing') return lasts
  return alert.acknowledged === undefined
}

function find({ entries }: AlertState, which: Which): Entry | undefined {
  if ('id' in which) return entries.get(which.id)
  let found: Entry | undefined
  for (const entry of entries.values()) {
    if (entry.alert.key === which.key && entry.alert.ied === which.ied) found = entry // the latest
  }
  return found
}

const rateKey = (ied: string, kind: string): string => `${ied} ${kind}`

function withRate(rates: AlertState['rates'], rate: Rate): AlertState['rates'] {
  const next = new Map(rates)
  next.delete(rateKey(rate.ied, rate.kind))
  next.set(rateKey(rate.ied, rate.kind), rate)
  for (const key of next.keys()) {
    if (next.size <= MAX_RATES) break
    next.delete(key)
  }
  return next
}

const withEntry = (state: AlertState, entry: Entry): AlertState => ({
  ...state,
  entries: new Map(state.entries).set(entry.alert.id, entry),
})

/** How much it counts: what stands before what does not, and within that by severity. */
const worth = (alert: Alert): number => {
  const stage = isOver(alert) ? 0 : alert.phase !== 'standing' ? 1 : alert.acknowledged === undefined ? 3 : 2
  return stage * severities.length + severities.indexOf(alert.severity)
}

const compare = (one: Alert, other: Alert): number => worth(one) - worth(other) || one.lastUtcMs - other.lastUtcMs

const stay = (state: AlertState): AlertStep => ({ state, actions: [] })

/** Wakes at the next moment at which something is due: whatever has changed can only have made that earlier. */
function withWake(state: AlertState, actions: readonly AlertAction[], changed?: Entry | Rate): AlertStep {
  const due = changed === undefined ? earliest(state) : Math.min(state.due, dueAt(changed))
  if (due === Number.POSITIVE_INFINITY || (changed !== undefined && due === state.due)) {
    return { state: { ...state, due }, actions }
  }
  return { state: { ...state, due }, actions: [...actions, { kind: 'wake', at: instant(due) }] }
}

function earliest({ entries, rates }: AlertState): number {
  let at = Number.POSITIVE_INFINITY
  for (const entry of entries.values()) at = Math.min(at, dueAt(entry))
  for (const rate of rates.values()) at = Math.min(at, dueAt(rate))
  return at
}

const dueAt = (of: Entry | Rate): number =>
  'since' in of ? of.since + WINDOW_MS : Math.min(...of.repeatAt.values(), ...of.escalateAt.values())

/** The latest last. */
export const alertsOf = ({ entries }: AlertState): Alert[] => [...entries.values()].map(({ alert }) => alert)
