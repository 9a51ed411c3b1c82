// The one desk through which every part of an agent moves one load (or generator, or capacitor): who wants what is said
// here, `precedence.ts` finds whose word counts, and the desk moves the device there.
//
//   say, release, hand, time ──► whose word counts ──► kept durably ──► operate ──► read back ──► kept
//                                      │ local, latched, inhibited            │ failed
//                                      └── held back, told once, looked at    └── tried again, if nobody ordered it:
//                                          again when that ends                   an order is tried once
//
// "Ours" says that this agent took it off. It is durable before the load goes off, and cleared when its return is
// confirmed, so that after a crash, a stop or a silent device it comes back when nobody wants it off any more. What
// somebody else had taken off is left to them.
//
// A device that moves though nobody here moved it was moved by a hand (or by its own relay): that counts as a person's
// word. Off stays so until a person says otherwise; on lasts HAND_ON_MS, since a forgotten "on" would block warnings.
// After a silence of the device nothing is concluded from what it shows: it may have lost its state, and gets it again.

import { after, duration, type Instant } from '../../../topology/units.ts'
import {
  against,
  deciding,
  type Hold,
  type Rank,
  standing,
  type Wish,
  withHold,
  withoutHold,
  wordsOfHold,
} from './precedence.ts'

export const HAND_ON_MS = duration(8 * 3_600_000)
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 10_000

export interface Bars {
  /** Somebody has blocked automatic operations here. */
  readonly inhibited: boolean
  /** What has latched and bars the way back on. */
  readonly latched: string | undefined
  /** The device's own switch says local. */
  readonly local: boolean
}

export interface LoadDeskState {
  readonly holds: readonly Hold[]
  /** It is off by this agent's doing. */
  readonly ours: boolean
  /** For whom it was taken off, and for which event. */
  readonly takenFor?: string | undefined
  readonly takenId?: string | undefined
  /** As the device last showed it; undefined while that is not known. */
  readonly shown: Wish | undefined
  /** What it showed before that is older. */
  readonly movedAt: Instant
  readonly bars: Bars
  /** Under way: what is being written or operated. */
  readonly moving:
    | { readonly to: Wish; readonly hold: Hold | undefined; readonly phase: 'keeping' | 'operating' }
    | undefined
  /** How many operations by others are under way. */
  readonly elsewhere: number
  readonly retry: { readonly to: Wish; readonly at: Instant; readonly afterMs: number } | undefined
  /** What was told last of being held back. */
  readonly heldBack: string | undefined
  readonly isSupported: boolean
}

export type LoadDeskEvent =
  | { readonly kind: 'say'; readonly hold: Hold }
  /** Ends holds. `adopt`: who takes its own off back leaves it to the desk, which brings it on when nobody wants it off. */
  | { readonly kind: 'release'; readonly ranks: readonly Rank[]; readonly by?: string; readonly adopt?: boolean }
  | { readonly kind: 'shown'; readonly wish: Wish | undefined; readonly at: Instant; readonly local: boolean }
  | { readonly kind: 'silent' }
  | { readonly kind: 'bars'; readonly inhibited: boolean; readonly latched: string | undefined }
  /** Another part of the agent operates the device itself, as protection does: it begins, and has been or may have been moved. */
  | { readonly kind: 'moves' }
  | { readonly kind: 'moved'; readonly to: Wish; readonly confirmed: boolean }
  | { readonly kind: 'kept'; readonly durable: boolean; readonly reason?: string }
  | { readonly kind: 'done' }
  /** `untouched`: the device has no such output. */
  | { readonly kind: 'failed'; readonly reason: string; readonly untouched: boolean }
  | { readonly kind: 'tick' }

export type LoadDeskAction =
  /** What `keptOf` has to survive. `answer`: an event `kept` is waited for. */
  | { readonly kind: 'keep'; readonly answer: boolean }
  | { readonly kind: 'operate'; readonly to: Wish; readonly hold: Hold | undefined }
  | { readonly kind: 'operated'; readonly to: Wish; readonly hold: Hold | undefined }
  | {
      readonly kind: 'failed'
      readonly to: Wish
      readonly hold: Hold | undefined
      readonly reason: string
      readonly first: boolean
    }
  | { readonly kind: 'held-back'; readonly to: Wish; readonly hold: Hold | undefined; readonly reason: string }
  | { readonly kind: 'shed-already'; readonly hold: Hold }
  | { readonly kind: 'by-hand'; readonly wish: Wish }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface LoadDeskStep {
  readonly state: LoadDeskState
  readonly actions: readonly LoadDeskAction[]
}

export const loadDeskStart = (kept: Pick<LoadDeskState, 'holds' | 'ours' | 'takenFor' | 'takenId'>): LoadDeskState => ({
  ...kept,
  shown: undefined,
  movedAt: -Infinity as Instant,
  bars: { inhibited: false, latched: undefined, local: false },
  moving: undefined,
  elsewhere: 0,
  retry: undefined,
  heldBack: undefined,
  isSupported: true,
})

/** Why this would not count or not be done now, in words; undefined when it would. */
export function refusalOf(
  { holds, bars, shown }: LoadDeskState,
  wanted: Pick<Hold, 'rank' | 'by' | 'wish'>,
  now: Instant,
): string | undefined {
  if (bars.local) return 'the device is switched to local control'
  const other = against(standing(holds, now, shown === 'on'), wanted)
  return other === undefined ? undefined : wordsOfHold(other)
}

export function loadDesk(state: LoadDeskState, event: LoadDeskEvent, now: Instant): LoadDeskStep {
  switch (event.kind) {
    case 'say':
      return settle({ ...state, holds: withHold(counting(state, now), event.hold), retry: undefined }, now, [keep])
    case 'release': {
      const holds = event.ranks.reduce<readonly Hold[]>((left, rank) => withoutHold(left, rank, event.by), state.holds)
      return settle({ ...state, holds, ours: state.ours || event.adopt === true, isSupported: true }, now, [keep])
    }
    case 'shown':
      return shown(state, event, now)
    case 'silent':
      return { state: { ...state, shown: undefined }, actions: [] }
    case 'bars':
      return settle({ ...state, bars: { ...state.bars, inhibited: event.inhibited, latched: event.latched } }, now)
    case 'moves':
      return { state: { ...state, elsewhere: state.elsewhere + 1 }, actions: [] }
    case 'moved': {
      const elsewhere = state.elsewhere - 1
      const next = { ...state, elsewhere, shown: event.confirmed ? event.to : undefined, movedAt: now }
      if (event.to === 'on') return settle(next, now)
      // What protection has opened the desk does not close: it is not its own, and a word from before is no reason.
      return settle(
        { ...next, ours: false, holds: next.holds.map(each => (each.wish === 'on' ? tried(each) : each)) },
        now,
        [keep],
      )
    }
    case 'kept':
      return kept(state, event, now)
    case 'done':
      return done(state, now)
    case 'failed':
      return failed(state, event, now)
    case 'tick':
      return settle(state, now)
  }
}

const counting = ({ holds, shown }: LoadDeskState, now: Instant): Hold[] => standing(holds, now, shown === 'on')
const tried = (of: Hold): Hold => ({ ...of, isTried: true })
const keep: LoadDeskAction = { kind: 'keep', answer: false }

/** Finds what to do next, if anything. */
function settle(before: LoadDeskState, now: Instant, first: readonly LoadDeskAction[] = []): LoadDeskStep {
  const holds = counting(before, now)
  const hasEnded = holds.length < before.holds.length
  const state: LoadDeskState = { ...before, holds }
  const actions = [...first, ...(hasEnded && first.length === 0 ? [keep] : [])]
  const ends = holds.flatMap(({ until }) => (until === undefined ? [] : [until])).sort((a, b) => a - b)[0]
  if (ends !== undefined) actions.push({ kind: 'wake', at: ends })
  if (state.moving !== undefined || state.elsewhere > 0) return { state, actions }
  const hold = deciding(holds)
  const to = hold?.wish ?? (state.ours ? 'on' : undefined)
  // What is ours to bring back comes back also for a word that was carried out before.
  const isDoneWith = hold?.isTried === true && !(to === 'on' && state.ours)
  if (to === undefined || isDoneWith) return { state: { ...state, heldBack: undefined }, actions }
  if (state.shown === to) return alreadySo(state, to, hold, actions)
  // After a start: what it shows is about to be known, and it is off by this agent's doing already.
  const isUnseen = state.shown === undefined && state.movedAt === -Infinity
  if (isUnseen && state.ours && to === 'off') return { state, actions }
  const bar = barOf(state.bars, to, hold)
  if (bar !== undefined) {
    const words = `${to} ${hold?.by ?? ''} ${bar}`
    if (state.heldBack === words) return { state, actions }
    return { state: { ...state, heldBack: words }, actions: [...actions, { kind: 'held-back', to, hold, reason: bar }] }
  }
  if (!state.isSupported) return { state, actions }
  const { retry } = state
  if (retry !== undefined && retry.to === to && now < retry.at) {
    return { state, actions: [...actions, { kind: 'wake', at: retry.at }] }
  }
  const free = { ...state, heldBack: undefined }
  // Off is ours durably before it is done; what is written on the way back says nothing that a crash could spoil.
  if (to === 'off' && !state.ours) {
    const moving = { to, hold, phase: 'keeping' as const }
    return {
      state: { ...free, ours: true, takenFor: hold?.by, takenId: hold?.id, moving },
      actions: [...actions, { kind: 'keep', answer: true }],
    }
  }
  return {
    state: { ...free, moving: { to, hold, phase: 'operating' } },
    actions: [...actions, { kind: 'operate', to, hold }],
  }
}

function alreadySo(
  state: LoadDeskState,
  to: Wish,
  hold: Hold | undefined,
  actions: readonly LoadDeskAction[],
): LoadDeskStep {
  const holds = to === 'on' ? state.holds.map(each => (each === hold ? tried(each) : each)) : state.holds
  const at = { ...state, holds, heldBack: undefined, retry: undefined }
  if (to === 'on' && state.ours) return { state: { ...at, ours: false }, actions: [...actions, keep] }
  if (to === 'off' && !state.ours && hold !== undefined && state.heldBack !== `already ${hold.by}`) {
    return { state: { ...at, heldBack: `already ${hold.by}` }, actions: [...actions, { kind: 'shed-already', hold }] }
  }
  return { state: to === 'off' && !state.ours ? { ...at, heldBack: state.heldBack } : at, actions }
}

/** A person's order to take it off needs no leave; whether it may come on by an order the command desk has asked before. */
function barOf({ inhibited, latched, local }: Bars, to: Wish, hold: Hold | undefined): string | undefined {
  if (local) return 'the device is switched to local control'
  if (inhibited && !(to === 'off' && hold?.order !== undefined)) return 'an inhibit stands here'
  return to === 'on' && latched !== undefined ? `${latched} has latched; reset it first` : undefined
}

function shown(
  state: LoadDeskState,
  { wish, at, local }: LoadDeskEvent & { kind: 'shown' },
  now: Instant,
): LoadDeskStep {
  const bars = state.bars.local === local ? state.bars : { ...state.bars, local }
  if (state.moving?.phase === 'operating' || state.elsewhere > 0 || at < state.movedAt)
    return { state: { ...state, bars }, actions: [] }
  const isSame = wish === state.shown
  if (isSame && bars === state.bars) return { state, actions: [] }
  const next = { ...state, bars, shown: wish }
  const isHand = !isSame && wish !== undefined && state.shown !== undefined && state.bars.latched === undefined
  if (!isHand) return settle(next, now)
  const hand: Hold = {
    rank: 'person',
    by: 'a hand at the device',
    wish,
    why: '',
    isTried: true,
    since: now,
    ...(wish === 'on' ? { until: after(now, HAND_ON_MS) } : {}),
  }
  // Back where it belongs: the hand has let go of it.
  const deviates = (deciding(withoutHold(state.holds, 'person'))?.wish ?? 'on') !== wish
  const holds = deviates ? withHold(state.holds, hand) : withoutHold(state.holds, 'person')
  const ours = state.ours && wish === 'off'
  return settle({ ...next, holds, ours }, now, [keep, { kind: 'by-hand', wish }])
}

function kept(
  state: LoadDeskState,
  { durable, reason = '' }: LoadDeskEvent & { kind: 'kept' },
  now: Instant,
): LoadDeskStep {
  const { moving } = state
  if (moving?.phase !== 'keeping') return { state, actions: [] }
  const { to, hold } = moving
  if (!durable) return failed({ ...state, ours: false }, { kind: 'failed', reason, untouched: false }, now)
  const next = { ...state, moving: undefined }
  // In the meantime somebody may have wanted it otherwise.
  if (deciding(counting(state, now))?.wish !== to) return settle(next, now)
  return { state: { ...state, moving: { ...moving, phase: 'operating' } }, actions: [{ kind: 'operate', to, hold }] }
}

function done(state: LoadDeskState, now: Instant): LoadDeskStep {
  const { moving } = state
  if (moving === undefined) return { state, actions: [] }
  const { to, hold } = moving
  const ours = to === 'off'
  // "On" is carried out once: what goes off afterwards without the desk has its reasons.
  const holds = state.holds.map(each => (to === 'on' && each.wish === 'on' ? tried(each) : each))
  const next = { ...state, holds, ours, shown: to, movedAt: now, moving: undefined, retry: undefined }
  return settle(next, now, [...(ours ? [] : [keep]), { kind: 'operated', to, hold }])
}

function failed(
  state: LoadDeskState,
  { reason, untouched }: LoadDeskEvent & { kind: 'failed' },
  now: Instant,
): LoadDeskStep {
  const { moving, retry } = state
  if (moving === undefined) return { state, actions: [] }
  const { to, hold } = moving
  const afterMs = retry?.to === to ? Math.min(LAST_RETRY_MS, retry.afterMs * 2) : FIRST_RETRY_MS
  const said: LoadDeskAction = { kind: 'failed', to, hold, reason, first: retry?.to !== to }
  // An order that failed: "on" is forgotten, "off" stands, and neither is tried again behind the back of who ordered.
  const holds =
    hold?.order === undefined
      ? state.holds
      : to === 'on'
        ? state.holds.filter(each => each.order !== hold.order)
        : state.holds.map(each => (each.order === hold.order ? { ...each, isTried: true } : each))
  return settle(
    {
      ...state,
      holds,
      // What was not confirmed may have been done, so it is put back afterwards; what the device cannot do was not.
      ours: state.ours && !(untouched && to === 'off'),
      isSupported: state.isSupported && !untouched,
      shown: undefined,
      movedAt: now,
      moving: undefined,
      retry: { to, at: after(now, duration(afterMs)), afterMs },
    },
    now,
    [said, keep],
  )
}
