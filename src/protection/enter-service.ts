// A generator that protection has taken off comes back ("enter service", IEEE 1547-2018 4.10).
//
//   in service ── taken off by protection ──► waiting ── good for all of the wait, nothing bars it ──► closing ──► ramping
//                                      ▲          │ any bad or missing value, any bar: the wait begins anew
//                                      └──────────┘
//
// Only what protection has taken off comes back: what a person or its own controller has opened stays theirs. Good is what
// this IED measures itself, at each look; a value that is missing, late or doubted is not good. Nothing that is said over the mesh
// shortens the wait; a transfer trip that stands bars the closing. A restart begins the wait anew. After `tries` closings
// that the device did not confirm it is left to a person.

import { after, type Duration, type Instant } from '../../topology/units.ts'

export interface EnterServiceSettings {
  /** Per unit of nominal, all phases. */
  readonly leastPu: number
  readonly greatestPu: number
  readonly leastHz: number
  readonly greatestHz: number
  readonly wait: Duration
  /** How long its own controller then takes to its full power. */
  readonly ramp: Duration
  /** Without a value for so long the wait begins anew. */
  readonly stale: Duration
  readonly tries: number
}

export type EnterServiceState =
  | { readonly phase: 'in-service'; readonly rampUntil?: Instant | undefined }
  /** Open, and not ours to close. */
  | { readonly phase: 'left-alone' }
  | {
      readonly phase: 'waiting'
      readonly failures: number
      /** Since when all has been good; absent while it is not. */
      readonly goodSince?: Instant | undefined
      readonly lastAt?: Instant | undefined
      readonly bars: ReadonlySet<string>
    }
  | {
      readonly phase: 'closing'
      readonly failures: number
      readonly bars: ReadonlySet<string>
      /** Why it must not be told to close any more, if it has not been told yet: see `mayNotClose`. */
      readonly spoiled?: string
    }

export interface EnterSeen {
  readonly least?: number | undefined
  readonly greatest?: number | undefined
  readonly hz?: number | undefined
}

export type EnterServiceEvent =
  | ({ readonly kind: 'measured' } & EnterSeen)
  /** The own elements see a sag, no voltage, or a fault: at once, whatever was measured last. */
  | { readonly kind: 'disturbed' }
  /** Protection has opened it. */
  | { readonly kind: 'taken-off' }
  /** A person has opened or closed it, or it stands open for a reason that is not known here. */
  | { readonly kind: 'let-go' }
  | { readonly kind: 'position'; readonly closed: boolean }
  /** Something keeps it from closing, or does so no longer. */
  | { readonly kind: 'bar'; readonly name: string; readonly stands: boolean }
  /** `tried`: the device was told to, and did not. Otherwise something held it back. */
  | { readonly kind: 'not-closed'; readonly tried: boolean }
  | { readonly kind: 'tick' }

export type EnterServiceAction =
  | { readonly kind: 'close' }
  | { readonly kind: 'waits'; readonly until: Instant }
  | { readonly kind: 'begins-anew'; readonly why: string }
  | { readonly kind: 'in-service'; readonly rampUntil: Instant }
  | { readonly kind: 'given-up' }
  /** It is owed, or no longer: kept over a restart. */
  | { readonly kind: 'keep'; readonly owed: boolean }
  | { readonly kind: 'wake'; readonly at: Instant }

interface Step {
  readonly state: EnterServiceState
  readonly actions: readonly EnterServiceAction[]
}
const stay = (state: EnterServiceState): Step => ({ state, actions: [] })

/** @param owed as it was kept: the start before this one was waiting */
export const enterServiceStart = (owed: boolean): EnterServiceState =>
  owed ? { phase: 'waiting', failures: 0, bars: new Set() } : { phase: 'left-alone' }

export const enterService =
  (settings: EnterServiceSettings) =>
  (state: EnterServiceState, event: EnterServiceEvent, now: Instant): Step => {
    switch (event.kind) {
      case 'taken-off':
        if (state.phase === 'waiting' || state.phase === 'closing') return beginAnew(state, 'it was taken off again')
        return {
          state: { phase: 'waiting', failures: 0, bars: new Set() },
          actions: [{ kind: 'keep', owed: true }],
        }
      case 'let-go':
        if (state.phase === 'in-service' || state.phase === 'left-alone') return stay(state)
        return { state: { phase: 'left-alone' }, actions: [{ kind: 'keep', owed: false }] }
      case 'position':
        return position(settings, state, event.closed, now)
      case 'bar':
        return bar(state, event.name, event.stands)
      case 'disturbed':
        return beginAnew(state, 'the own elements have seen a disturbance')
      case 'measured':
        return measure(settings, state, event, now)
      case 'not-closed': {
        if (state.phase !== 'closing') return stay(state)
        const failures = state.failures + (event.tried ? 1 : 0)
        if (failures < settings.tries) return stay({ phase: 'waiting', failures, bars: state.bars })
        return { state: { phase: 'left-alone' }, actions: [{ kind: 'given-up' }, { kind: 'keep', owed: false }] }
      }
      case 'tick':
        if (state.phase === 'in-service' && state.rampUntil !== undefined && now >= state.rampUntil) {
          return stay({ phase: 'in-service' })
        }
        if (state.phase !== 'waiting' || state.lastAt === undefined) return stay(state)
        return now - state.lastAt > settings.stale ? beginAnew(state, 'nothing is measured') : stay(state)
    }
  }

function position({ ramp }: EnterServiceSettings, state: EnterServiceState, closed: boolean, now: Instant): Step {
  if (!closed) return state.phase === 'in-service' ? stay({ phase: 'left-alone' }) : stay(state)
  if (state.phase === 'in-service') return stay(state)
  if (state.phase === 'left-alone') return stay({ phase: 'in-service' })
  const rampUntil = after(now, ramp)
  return {
    state: { phase: 'in-service', rampUntil },
    actions: [
      { kind: 'in-service', rampUntil },
      { kind: 'keep', owed: false },
      { kind: 'wake', at: rampUntil },
    ],
  }
}

function bar(state: EnterServiceState, name: string, stands: boolean): Step {
  if (state.phase !== 'waiting' && state.phase !== 'closing') return stay(state)
  if (state.bars.has(name) === stands) return stay(state)
  const bars = new Set(state.bars)
  if (stands) bars.add(name)
  else bars.delete(name)
  const next = { ...state, bars }
  return stands ? beginAnew(next, name) : stay(next)
}

/**
 * Asked at the last moment before the device is told to close: a synchronising relay may have been waited for, and a
 * transfer trip, a tag or a sag have come meanwhile. @returns why not; undefined when it may
 */
export const mayNotClose = (state: EnterServiceState): string | undefined =>
  state.phase === 'closing' ? state.spoiled : 'it is not to come back any more'

/** What has been told to close is closing: the device has its own interlocks by then, and opens again by its own elements. */
function beginAnew(state: EnterServiceState, why: string): Step {
  if (state.phase === 'closing') return stay({ ...state, spoiled: state.spoiled ?? why })
  if (state.phase !== 'waiting') return stay(state)
  const { goodSince, ...rest } = state
  return { state: rest, actions: goodSince === undefined ? [] : [{ kind: 'begins-anew', why }] }
}

function measure(settings: EnterServiceSettings, state: EnterServiceState, seen: EnterSeen, now: Instant): Step {
  if (state.phase === 'closing') {
    const why = badnessOf(settings, seen)
    return why === undefined ? stay(state) : beginAnew(state, why)
  }
  if (state.phase !== 'waiting') return stay(state)
  const { wait, stale } = settings
  const wake: EnterServiceAction = { kind: 'wake', at: after(now, (stale + 1) as Duration) }
  const late = state.goodSince !== undefined && state.lastAt !== undefined && now - state.lastAt > stale
  const heard = { ...state, lastAt: now }
  const bad = late ? 'nothing was measured for a while' : badnessOf(settings, seen)
  if (bad !== undefined) {
    const anew = beginAnew(heard, bad)
    return { state: anew.state, actions: [...anew.actions, wake] }
  }
  if (state.bars.size > 0) return { state: heard, actions: [wake] }
  const goodSince = state.goodSince ?? now
  const until = after(goodSince, wait)
  if (now >= until) {
    return { state: { phase: 'closing', failures: state.failures, bars: state.bars }, actions: [{ kind: 'close' }] }
  }
  const begins: EnterServiceAction[] = state.goodSince === undefined ? [{ kind: 'waits', until }] : []
  return { state: { ...heard, goodSince }, actions: [...begins, wake] }
}

function badnessOf(settings: EnterServiceSettings, { least, greatest, hz }: EnterSeen): string | undefined {
  const { leastPu, greatestPu, leastHz, greatestHz } = settings
  if (!isWithin(least, leastPu, greatestPu)) return wordsOf('voltage', least, 'pu')
  if (!isWithin(greatest, leastPu, greatestPu)) return wordsOf('voltage', greatest, 'pu')
  return isWithin(hz, leastHz, greatestHz) ? undefined : wordsOf('frequency', hz, 'Hz')
}

const isWithin = (value: number | undefined, least: number, greatest: number): boolean =>
  value !== undefined && value >= least && value <= greatest
const wordsOf = (what: string, value: number | undefined, unit: string): string =>
  value === undefined || !Number.isFinite(value)
    ? `the ${what} is not known`
    : `the ${what} is ${Math.round(value * 1000) / 1000} ${unit}`
