// The sequence of events of one IED: what it saw, heard, decided and did, in the order in which that happened.
//
// What comes in is numbered and stamped. A flood must neither fill the ledger nor push out what this IED did itself, so
// what is its own (its device, its operations) and what others made it hear have so many entries in ten seconds each.
// What comes beyond that is counted, and one entry, the gap, says so: after the ten seconds, or at the end. An entry is never
// lost without a gap that counts it; numbers have no gaps of their own.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export type Plain = string | number | boolean

/** Whose doing it is: `own` comes from the own device or agent, `heard` is there because of others. */
export type Origin = 'own' | 'heard'

export interface Happening {
  readonly event: string
  readonly origin: Origin
  /** When it happened here, not when it was told of. */
  readonly at: Instant
  readonly fields: Readonly<Record<string, Plain>>
}

export interface Numbered extends Happening {
  /** From 1, over restarts too. */
  readonly number: number
}

interface Window {
  readonly until: Instant
  readonly passed: number
  readonly held: number
}

export interface SequenceState {
  readonly next: number
  readonly windows: { readonly [origin in Origin]?: Window }
}

export type SequenceEvent =
  | { readonly kind: 'happened'; readonly happening: Happening }
  | { readonly kind: 'tick' }
  /** So many entries could not be kept: the next one says so. */
  | { readonly kind: 'not-kept'; readonly count: number }
  | { readonly kind: 'stop' }

export type SequenceAction =
  | { readonly kind: 'keep'; readonly entry: Numbered }
  | { readonly kind: 'wake'; readonly at: Instant }

interface Step {
  readonly state: SequenceState
  readonly actions: readonly SequenceAction[]
}

/** A trip with all its shots is some thirty entries at its own IED; an outage of a large feeder is heard of in more. */
export const IN_A_WINDOW: Readonly<Record<Origin, number>> = { own: 120, heard: 120 }
export const WINDOW: Duration = duration(10_000)
export const GAP = 'gap'

/** @param last number that was used before, 0 for none */
export const beginSequence = (last: number): SequenceState => ({ next: last + 1, windows: {} })

export function sequenceOfEvents(state: SequenceState, event: SequenceEvent, now: Instant): Step {
  switch (event.kind) {
    case 'happened':
      return happened(closed(state, now, false), event.happening, now)
    case 'tick':
      return closed(state, now, false)
    case 'not-kept':
      return event.count === 0
        ? { state, actions: [] }
        : gap({ state, actions: [] }, 'own', event.count, now, 'not kept')
    case 'stop':
      return closed(state, now, true)
  }
}

function happened({ state, actions }: Step, happening: Happening, now: Instant): Step {
  const { origin } = happening
  const open = state.windows[origin]
  const window = open ?? { until: after(now, WINDOW), passed: 0, held: 0 }
  const wake: SequenceAction[] = open === undefined ? [{ kind: 'wake', at: window.until }] : []
  if (window.passed >= IN_A_WINDOW[origin]) {
    const counted = { ...window, held: window.held + 1 }
    return { state: withWindow(state, origin, counted), actions: [...actions, ...wake] }
  }
  const passed = withWindow(state, origin, { ...window, passed: window.passed + 1 })
  return keep({ state: passed, actions: [...actions, ...wake] }, happening)
}

/** Ends the windows that are over, or all of them, and says what they held back. */
function closed(state: SequenceState, now: Instant, all: boolean): Step {
  let step: Step = { state, actions: [] }
  for (const origin of ['own', 'heard'] as const) {
    const window = step.state.windows[origin]
    if (window === undefined || (!all && now < window.until)) continue
    const { [origin]: _, ...rest } = step.state.windows
    step = { ...step, state: { ...step.state, windows: rest } }
    if (window.held > 0) step = gap(step, origin, window.held, now, 'too many at once')
  }
  return step
}

const gap = (step: Step, origin: Origin, count: number, at: Instant, because: string): Step =>
  keep(step, { event: GAP, origin, at, fields: { count, because } })

function keep({ state, actions }: Step, happening: Happening): Step {
  const entry: Numbered = { number: state.next, ...happening }
  return { state: { ...state, next: state.next + 1 }, actions: [...actions, { kind: 'keep', entry }] }
}

const withWindow = (state: SequenceState, origin: Origin, window: Window): SequenceState => ({
  ...state,
  windows: { ...state.windows, [origin]: window },
})
