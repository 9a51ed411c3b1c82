// A peripheral with limits: a temperature probe on a motor, a level or door contact. It warns, and trips what it watches.
//
//   normal ──at warnAt for the delay──► near ──at tripAt for the delay──► over: trips, and latches
//     ▲                                                                    │
//     └───────────── below the limit by the hysteresis, and reset ─────────┘
//
// - It trips on values alone, never on silence: a value that is absent, doubted, beyond what the probe can show, or frozen
//   is none. Silence does not count as time below the limit either, up to GAP_MS: a value that comes and goes does not put
//   the trip off. So a delay is over at the first good value after it, one poll later at the most.
// - A probe without a good value for `brokenAfterMs` is broken. That is an alarm, and by the setting a trip.
// - What has tripped is latched: nothing closes it again by itself, or by order, before a person has reset it (`manual`) or
//   it is back below the limit (`auto`). The latch outlives a restart.
// - While it is beyond the limit and the device does not show that it is off, it is tripped again: at once when somebody
//   closed it, and with growing pauses when the trip did not succeed.
// - A trip needs nobody: not the mesh, nor the disk, and no inhibit holds it back.

import { type Instant, instant } from '../../topology/units.ts'

export interface PeripheralSettings {
  readonly name: string
  readonly unit: string
  /** Digital: the limits are 0 or 1, and `above` says which of them is the bad one. */
  readonly above: boolean
  readonly warnAt?: number | undefined
  readonly tripAt?: number | undefined
  readonly hysteresis: number
  /** What the probe can show. */
  readonly range: readonly [min: number, max: number]
  readonly delayMs: number
  readonly brokenAfterMs: number
  /** A probe that has shown one value for so long is broken. Not looked at when absent: some are steady. */
  readonly frozenAfterMs?: number | undefined
  /** Whether there is something to trip. */
  readonly trips: boolean
  readonly reset: 'manual' | 'auto'
  readonly tripsWhenBroken: boolean
}

interface Channel {
  /** Since when good values have been beyond the limit. */
  readonly since?: Instant
  /** For the whole delay. */
  readonly stands: boolean
}

export interface PeripheralState {
  readonly near: Channel
  readonly over: Channel
  /** The last good value. */
  readonly value?: number
  readonly goodAt?: Instant
  readonly changedAt?: Instant
  /** Since when there is none, of a device that answers. */
  readonly badSince?: Instant
  readonly broken?: string
  /** Since when a broken one gives good values again. */
  readonly healingSince?: Instant
  /** What it watches is off, as the device last showed it; absent while that is not known. */
  readonly isOff?: boolean
  readonly latched: boolean
  /** A trip is under way, or has failed and is tried again then. */
  readonly trying?: 'now' | Instant
  readonly tries: number
}

export type PeripheralEvent =
  /** As measured; `why` when it is absent or doubted. */
  | { readonly kind: 'value'; readonly value: number | undefined; readonly why?: string }
  /** The device does not answer. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'off'; readonly isOff: boolean | undefined }
  | { readonly kind: 'tripped'; readonly confirmed: boolean }
  | { readonly kind: 'reset' }
  | { readonly kind: 'tick' }

export type Matter = 'near' | 'over' | 'broken'

export type PeripheralAction =
  | { readonly kind: 'tell'; readonly matter: Matter; readonly phase: 'begins' | 'ends'; readonly words: string }
  | { readonly kind: 'trip'; readonly cause: 'over' | 'broken' }
  | { readonly kind: 'latch'; readonly stands: boolean }
  | { readonly kind: 'answer'; readonly done: boolean; readonly words: string }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface PeripheralStep {
  readonly state: PeripheralState
  readonly actions: readonly PeripheralAction[]
}

const GAP_MS = 10_000
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 10_000

const idle: Channel = { stands: false }
/** @param latched as it was kept before the restart */
export const peripheralStart = (latched: boolean): PeripheralState => ({ near: idle, over: idle, latched, tries: 0 })

export function peripheral(settings: PeripheralSettings) {
  const { name, unit, above, warnAt, tripAt, hysteresis, range, delayMs, brokenAfterMs, frozenAfterMs } = settings
  const gapMs = Math.max(GAP_MS, delayMs)
  const shown = (value: number): string => (unit === '' ? String(value) : `${Math.round(value * 10) / 10} ${unit}`)

  function step(state: PeripheralState, event: PeripheralEvent, now: Instant): PeripheralStep {
    switch (event.kind) {
      case 'value': {
        const why = badValue(event.value, event.why)
        return concluded(state, why === undefined ? good(state, event.value as number, now) : bad(state, why, now), now)
      }
      case 'silent': {
        // What the device shows is not known any more. Its silence is an alarm of its own.
        const { badSince: _, healingSince: __, isOff: ___, ...rest } = state
        return concluded(state, rest, now)
      }
      case 'off': {
        const { isOff: _, ...rest } = state
        return concluded(state, event.isOff === undefined ? rest : { ...rest, isOff: event.isOff }, now)
      }
      case 'tripped': {
        if (state.trying !== 'now') return { state, actions: [] }
        const { trying: _, ...rest } = state
        if (event.confirmed) return concluded(state, { ...rest, isOff: true, tries: 0 }, now)
        const pauseMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** state.tries)
        return concluded(state, { ...rest, trying: instant(now + pauseMs), tries: Math.min(10, state.tries + 1) }, now)
      }
      case 'reset':
        return reset(state, now)
      case 'tick':
        return concluded(state, state, now)
    }
  }

  function badValue(value: number | undefined, why: string | undefined): string | undefined {
    if (why !== undefined) return why
    if (value === undefined) return 'it gives no value'
    if (!Number.isFinite(value)) return 'it gives no number'
    if (value < range[0] || value > range[1]) {
      return `it shows ${shown(value)}, which is beyond what it can measure (${range[0]} to ${range[1]})`
    }
    return undefined
  }

  // Values -------------------------------------------------------------------------------------------------------------

  function good(state: PeripheralState, value: number, now: Instant): PeripheralState {
    const { badSince: _, ...rest } = state
    const changedAt = state.value === value && state.changedAt !== undefined ? state.changedAt : now
    if (frozenAfterMs !== undefined && now - changedAt >= frozenAfterMs) {
      const { healingSince: __, ...frozen } = rest
      const words = `it has shown ${shown(value)} for ${Math.round(frozenAfterMs / 1000)} s`
      return { ...frozen, value, changedAt, near: idle, over: idle, broken: state.broken ?? words }
    }
    const isGap = state.goodAt !== undefined && now - state.goodAt > gapMs
    const next = {
      ...rest,
      value,
      changedAt,
      goodAt: now,
      near: channel(isGap && !state.near.stands ? idle : state.near, warnAt, value, now),
      over: channel(isGap && !state.over.stands ? idle : state.over, tripAt, value, now),
    }
    if (state.broken === undefined) return next
    const healingSince = state.healingSince ?? now
    if (now - healingSince < brokenAfterMs) return { ...next, healingSince }
    const { broken: _broken, healingSince: _healing, ...healed } = next
    return healed
  }

  function channel({ since, stands }: Channel, limit: number | undefined, value: number, now: Instant): Channel {
    if (limit === undefined) return idle
    const margin = since === undefined ? 0 : hysteresis
    const isBeyond = above ? value >= limit - margin : value <= limit + margin
    if (!isBeyond) return idle
    const began = since ?? now
    return { since: began, stands: stands || now - began >= delayMs }
  }

  function bad(state: PeripheralState, why: string, now: Instant): PeripheralState {
    const { healingSince: _, ...rest } = state
    const badSince = state.badSince ?? now
    if (state.broken !== undefined || now - badSince < brokenAfterMs) return { ...rest, badSince }
    return { ...rest, badSince, broken: why, near: idle, over: idle }
  }

  // Conclusions --------------------------------------------------------------------------------------------------------

  function concluded(before: PeripheralState, given: PeripheralState, now: Instant): PeripheralStep {
    let state = given
    const actions: PeripheralAction[] = []
    const cause =
      state.over.stands && state.goodAt === now
        ? ('over' as const)
        : settings.tripsWhenBroken && state.broken !== undefined
          ? ('broken' as const)
          : undefined
    if (settings.trips && cause !== undefined && !state.latched) {
      state = { ...state, latched: true }
      actions.push({ kind: 'latch', stands: true })
    } else if (settings.reset === 'auto' && state.latched && isBelow(state, now)) {
      state = { ...state, latched: false }
      actions.push({ kind: 'latch', stands: false })
    }
    if (state.isOff === true && state.trying !== 'now') {
      const { trying: _, ...rest } = state
      state = { ...rest, tries: 0 }
    }
    const isWanted = settings.trips && state.isOff !== true && (cause !== undefined || typeof state.trying === 'number')
    if (isWanted && state.trying !== 'now' && (state.trying === undefined || now >= state.trying)) {
      actions.push({ kind: 'trip', cause: cause ?? (state.broken === undefined ? 'over' : 'broken') })
      state = { ...state, trying: 'now' }
    } else if (typeof state.trying === 'number' && state.trying !== before.trying) {
      actions.push({ kind: 'wake', at: state.trying })
    }
    return { state, actions: [...told(before, state), ...actions] }
  }

  const isBelow = ({ over, broken, goodAt }: PeripheralState, now: Instant): boolean =>
    !over.stands && over.since === undefined && broken === undefined && goodAt === now

  const matterOf = ({ latched, over, near }: PeripheralState): 'over' | 'near' | undefined =>
    latched || over.stands ? 'over' : near.stands ? 'near' : undefined

  function told(before: PeripheralState, after: PeripheralState): PeripheralAction[] {
    const actions: PeripheralAction[] = []
    if (before.broken === undefined && after.broken !== undefined) {
      actions.push({ kind: 'tell', matter: 'broken', phase: 'begins', words: `${name}: ${after.broken}` })
    }
    if (before.broken !== undefined && after.broken === undefined) {
      actions.push({ kind: 'tell', matter: 'broken', phase: 'ends', words: `${name}: it gives values again` })
    }
    const [was, is] = [matterOf(before), matterOf(after)]
    if (was !== is) {
      // From near to over it is one matter that grows worse.
      if (was !== undefined && is !== 'over')
        actions.push({ kind: 'tell', matter: was, phase: 'ends', words: wordsOf(after, was) })
      if (is !== undefined) actions.push({ kind: 'tell', matter: is, phase: 'begins', words: wordsOf(after, is) })
    }
    return actions
  }

  function wordsOf({ value, over, near, broken }: PeripheralState, matter: 'over' | 'near'): string {
    if (broken !== undefined) return `${name}: ${broken}`
    if (value === undefined) return `${name}: it has tripped before, and has not been reset`
    const limit = matter === 'over' ? tripAt : warnAt
    const isBeyond = (matter === 'over' ? over : near).stands
    const side = isBeyond ? (above ? 'at or above' : 'at or below') : above ? 'below' : 'above'
    return limit === undefined ? `${name}: ${shown(value)}` : `${name}: ${shown(value)}, ${side} ${shown(limit)}`
  }

  /** By a person, who may end it for a broken probe too: what it cannot show must not keep the device off for ever. */
  function reset(state: PeripheralState, now: Instant): PeripheralStep {
    const answer = (done: boolean, words: string): PeripheralAction => ({ kind: 'answer', done, words })
    if (!state.latched) return { state, actions: [answer(true, `${name} is not latched`)] }
    if (state.over.stands) {
      const value = state.value === undefined ? '' : `it shows ${shown(state.value)}`
      return { state, actions: [answer(false, `${name} is still beyond its limit: ${value}`)] }
    }
    if (state.broken !== undefined && settings.tripsWhenBroken) {
      return { state, actions: [answer(false, `${name} is broken, which trips it by its setting: ${state.broken}`)] }
    }
    const { trying: _, ...rest } = state
    const next = { ...rest, latched: false, tries: 0 }
    const { actions } = concluded(state, next, now)
    return { state: next, actions: [{ kind: 'latch', stands: false }, ...actions, answer(true, `${name} is reset`)] }
  }

  return step
}

/** What restarts must be told again: the matter that a kept latch stands for. */
export const standingAtStart = (settings: Pick<PeripheralSettings, 'name'>): PeripheralAction => ({
  kind: 'tell',
  matter: 'over',
  phase: 'begins',
  words: `${settings.name}: it has tripped before, and has not been reset`,
})
