// Which of several loads are off, because energy is dear or demand would pass its limit. Pure; the shell says what the
// price and the demand are, and moves the loads, at home through the load desk, elsewhere by orders.
//
//   on ──price over the limit of this time of day, for those that heed it──► off
//   on ──demand at the window's end over the limit: least important first──► off
//   off ──reason over, long enough off, its turn──► on
//
// - A load goes off only after `minOnMs` on and comes on only after `minOffMs` off. That protects the equipment, and goes
//   before the limit.
// - Of equals, the one that has been on longest goes off first, and when they are off for long, they take turns.
// - Coming on is staggered: each has its own delay, by its name, and one goes after the other, `gapMs` apart. For demand it
//   also has to fit: predicted demand with this load on stays `marginKw` below the limit. So nothing flaps.
// - What was shed is given `settleMs` to show in the measurement before more is shed for the same.
// - A price or demand that is not known takes nothing off. What is off for it stays so for `blindMs`, and then comes on.

import type { Instant } from '../../../topology/units.ts'

export type Reason = 'price' | 'demand'

export interface ControlledLoad {
  readonly name: string
  readonly kw: number
  /** 1 is the most important, 9 the least. */
  readonly priority: number
  readonly minOnMs: number
  readonly minOffMs: number
  readonly heeds: ReadonlySet<Reason>
}

export interface ControlSettings {
  readonly loads: readonly ControlledLoad[]
  /** Loads come on within so long after the reason is over. */
  readonly spreadMs: number
  readonly gapMs: number
  readonly settleMs: number
  readonly blindMs: number
  /** Equals take turns after so long. */
  readonly rotateMs: number
}

export interface LoadState {
  readonly off: ReadonlySet<Reason>
  /** Since when it is on or off. */
  readonly since: Instant
  /** Since when no reason for it to be off is left; only while it is off. */
  readonly freeSince?: Instant
}

export interface ControlState {
  readonly loads: ReadonlyMap<string, LoadState>
  readonly lastOn: Instant
  /** Since when this is not known. */
  readonly blind: Readonly<Partial<Record<Reason, Instant>>>
}

export interface ControlEvent {
  readonly price: 'over' | 'within' | 'unknown'
  /** `tooMuchKw`: to be shed now for the window to end at its limit, 0 or less when nothing. Headroom: what may come on. */
  readonly demand: { readonly tooMuchKw: number; readonly headroomKw: number } | 'unknown' | 'unlimited'
}

export type ControlAction =
  | { readonly kind: 'off'; readonly load: string; readonly reasons: readonly Reason[] }
  | { readonly kind: 'on'; readonly load: string; readonly after: Reason | undefined }

export interface ControlStep {
  readonly state: ControlState
  readonly actions: readonly ControlAction[]
}

const NEVER = Number.NEGATIVE_INFINITY as Instant

/** @param off as it was before a restart; how long it was so is not known, and counts from now */
export function controlStart(
  { loads }: ControlSettings,
  off: ReadonlyMap<string, ReadonlySet<Reason>>,
  now: Instant,
): ControlState {
  const states = loads.map(({ name }): [string, LoadState] => {
    const reasons = off.get(name)
    return [name, reasons === undefined ? { off: new Set(), since: NEVER } : { off: reasons, since: now }]
  })
  return { loads: new Map(states), lastOn: NEVER, blind: {} }
}

export const loadControl =
  (settings: ControlSettings) =>
  (state: ControlState, event: ControlEvent, now: Instant): ControlStep => {
    const seen: ControlState = {
      ...state,
      blind: {
        ...blindSince(state, 'price', event.price === 'unknown', now),
        ...blindSince(state, 'demand', event.demand === 'unknown', now),
      },
    }
    const isKept = (reason: Reason): boolean => {
      const since = seen.blind[reason]
      return since !== undefined && now - since < settings.blindMs
    }
    const priced = byPrice(settings, seen, event.price === 'over', now)
    const shed = byDemand(settings, priced.state, event.demand, now)
    const turned = shed.actions.length > 0 ? shed : takeTurns(settings, shed.state, event.demand, now)
    const freed = freeOf(turned.state, reason => !isKept(reason) && !lasts(reason, event), now)
    const back = shed.actions.length > 0 ? { state: freed, actions: [] } : bringOn(settings, freed, event, now)
    return { state: back.state, actions: [...priced.actions, ...turned.actions, ...back.actions] }
  }

/** For demand each load is asked for when it comes on: whether it fits. */
const lasts = (reason: Reason, { price }: ControlEvent): boolean => reason === 'price' && price === 'over'

function blindSince({ blind }: ControlState, reason: Reason, isBlind: boolean, now: Instant): ControlState['blind'] {
  return isBlind ? { [reason]: blind[reason] ?? now } : {}
}

function byPrice({ loads }: ControlSettings, state: ControlState, isOver: boolean, now: Instant): ControlStep {
  if (!isOver) return { state, actions: [] }
  return takeOff(
    state,
    loads.filter(
      each => each.heeds.has('price') && !stateOf(state, each).off.has('price') && mayGoOff(state, each, now),
    ),
    'price',
    now,
  )
}

function byDemand(
  settings: ControlSettings,
  state: ControlState,
  demand: ControlEvent['demand'],
  now: Instant,
): ControlStep {
  if (typeof demand === 'string' || demand.tooMuchKw <= 0) return { state, actions: [] }
  const { loads, settleMs } = settings
  // What has just gone off, for whatever reason, does not show yet.
  const onItsWay = loads.filter(each => isOff(state, each) && now - stateOf(state, each).since < settleMs)
  let left = demand.tooMuchKw - onItsWay.reduce((sum, { kw }) => sum + kw, 0)
  const chosen: ControlledLoad[] = []
  for (const each of inOrderOfShedding(settings, state)) {
    if (left <= 0) break
    if (isOff(state, each) || !mayGoOff(state, each, now)) continue
    chosen.push(each)
    left -= each.kw
  }
  return takeOff(state, chosen, 'demand', now)
}

/** One pair at a time: the one that has been off longest comes on for the equal that has been on longest. */
function takeTurns(
  settings: ControlSettings,
  state: ControlState,
  demand: ControlEvent['demand'],
  now: Instant,
): ControlStep {
  if (typeof demand === 'string') return { state, actions: [] }
  for (const tired of inOrderOfReturn(settings, state)) {
    const { off, since } = stateOf(state, tired)
    if (off.size !== 1 || !off.has('demand') || now - since < Math.max(settings.rotateMs, tired.minOffMs)) continue
    // With room for it it comes on anyway.
    if (demand.headroomKw >= tired.kw) return { state, actions: [] }
    const other = inOrderOfShedding(settings, state).find(
      each =>
        each.priority === tired.priority &&
        !isOff(state, each) &&
        mayGoOff(state, each, now) &&
        now - stateOf(state, each).since >= settings.rotateMs &&
        each.kw + Math.max(0, demand.headroomKw) >= tired.kw,
    )
    if (other === undefined) continue
    const gone = takeOff(state, [other], 'demand', now)
    const back = comeOn(gone.state, tired, 'demand', now)
    return { state: back.state, actions: [...gone.actions, ...back.actions] }
  }
  return { state, actions: [] }
}

function freeOf(state: ControlState, isOver: (reason: Reason) => boolean, now: Instant): ControlState {
  const loads = new Map(state.loads)
  for (const [name, each] of state.loads) {
    if (each.off.size === 0) continue
    const isFree = [...each.off].every(isOver)
    const { freeSince, ...rest } = each
    loads.set(name, isFree ? { ...rest, freeSince: freeSince ?? now } : rest)
  }
  return { ...state, loads }
}

/** At most one, the most important first, so that each shows in the measurement before the next. */
function bringOn(settings: ControlSettings, state: ControlState, { demand }: ControlEvent, now: Instant): ControlStep {
  if (now - state.lastOn < settings.gapMs) return { state, actions: [] }
  for (const each of inOrderOfReturn(settings, state)) {
    const { off, since, freeSince } = stateOf(state, each)
    if (freeSince === undefined || now - since < each.minOffMs) continue
    if (now - freeSince < staggerMs(each.name, settings.spreadMs)) continue
    if (typeof demand === 'object' && each.heeds.has('demand') && demand.headroomKw < each.kw) continue
    return comeOn(state, each, [...off][0], now)
  }
  return { state, actions: [] }
}

// Parts -----------------------------------------------------------------------------------------------------------------

const stateOf = ({ loads }: ControlState, { name }: ControlledLoad): LoadState =>
  loads.get(name) ?? { off: new Set(), since: NEVER }
const isOff = (state: ControlState, load: ControlledLoad): boolean => stateOf(state, load).off.size > 0
const mayGoOff = (state: ControlState, load: ControlledLoad, now: Instant): boolean =>
  isOff(state, load) || now - stateOf(state, load).since >= load.minOnMs

function takeOff(state: ControlState, chosen: readonly ControlledLoad[], reason: Reason, now: Instant): ControlStep {
  const loads = new Map(state.loads)
  const actions: ControlAction[] = []
  for (const each of chosen) {
    const { off, since } = stateOf(state, each)
    const reasons = new Set([...off, reason])
    loads.set(each.name, { off: reasons, since: off.size === 0 ? now : since })
    actions.push({ kind: 'off', load: each.name, reasons: [...reasons] })
  }
  return { state: { ...state, loads }, actions }
}

function comeOn(state: ControlState, { name }: ControlledLoad, after: Reason | undefined, now: Instant): ControlStep {
  const loads = new Map(state.loads).set(name, { off: new Set<Reason>(), since: now })
  return { state: { ...state, loads, lastOn: now }, actions: [{ kind: 'on', load: name, after }] }
}

type Order = (one: ControlledLoad, other: ControlledLoad) => number

const inOrderOfShedding = (settings: ControlSettings, state: ControlState): ControlledLoad[] =>
  sorted(settings, state, (one, other) => other.priority - one.priority)
const inOrderOfReturn = (settings: ControlSettings, state: ControlState): ControlledLoad[] =>
  sorted(settings, state, (one, other) => one.priority - other.priority).filter(each => isOff(state, each))

/** By importance; of equals the one that has been as it is for longest, then by name. */
function sorted({ loads }: ControlSettings, state: ControlState, byPriority: Order): ControlledLoad[] {
  const since = (of: ControlledLoad): number => Math.max(-Number.MAX_VALUE, stateOf(state, of).since)
  return [...loads].sort(
    (one, other) => byPriority(one, other) || since(one) - since(other) || (one.name < other.name ? -1 : 1),
  )
}

/** Spread over the time by its name (FNV-1a): the same each time, another one for the neighbour. */
export function staggerMs(name: string, spreadMs: number): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return Math.floor((hash / 2 ** 32) * spreadMs)
}
