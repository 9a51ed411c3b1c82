// State that is said again and again, as GOOSE does (IEC 61850-8-1): each message carries the sender's whole state, with a
// state number that grows with each change and a sequence number that counts the repeats of one state. After a change it
// is repeated at once and then with growing gaps, up to a heartbeat; so a lost message costs time only. Each message says
// for how long it may be believed: three gaps, and not less than slow links need. A receiver that hears nothing for that
// long knows that it knows nothing, and takes what is safe when nothing is known.
//
//   gap      T1   2 T1   4 T1  ...  T0  T0  T0
//   said  *    *      *          *         *   *     * = sequence 0, 1, 2, ... of one state
//
// What is heard counts only when (boot epoch, state number, sequence number) is greater than before: the epoch first,
// since a restarted sender begins its states anew. A test set's messages count for who is in test itself, and only they do.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'

export interface RepeatSettings {
  /** From a change to its first repeat; then twice as long each time. */
  readonly firstGap: Duration
  /** The longest gap. */
  readonly heartbeat: Duration
  /** The least that a message is believed. Lifetimes of a few milliseconds would not outlast a slow link. */
  readonly leastLifetime: Duration
}

const LIFETIME_GAPS = 3

/** What of a message the mechanism needs. */
export interface Stamp {
  readonly stateNumber: number
  readonly sequenceNumber: number
}

// The sender ------------------------------------------------------------------------------------------------------------

export interface Saying<T> {
  readonly said: (Stamp & { readonly value: T; readonly gap: Duration; readonly next: Instant }) | undefined
}
export const silent: Saying<never> = { said: undefined }

export type SayEvent<T> =
  /** The state as it is; nothing happens when it is what it was. */
  | { readonly kind: 'state'; readonly value: T }
  /** Somebody is there who may not have heard: once more, outside the sequence of gaps. */
  | { readonly kind: 'again' }
  | { readonly kind: 'tick' }

export type SayAction<T> =
  | ({ readonly kind: 'say'; readonly value: T; readonly lifetime: Duration; readonly repeat: boolean } & Stamp)
  | { readonly kind: 'wake'; readonly at: Instant }

export const sayState =
  <T>({ firstGap, heartbeat, leastLifetime }: RepeatSettings, isSame: (one: T, other: T) => boolean = Object.is) =>
  (state: Saying<T>, event: SayEvent<T>, now: Instant): { state: Saying<T>; actions: readonly SayAction<T>[] } => {
    const { said } = state
    const say = (value: T, stamp: Stamp, gap: Duration): SayAction<T> => {
      const lifetime = duration(Math.max(LIFETIME_GAPS * gap, leastLifetime))
      return { kind: 'say', value, lifetime, repeat: stamp.sequenceNumber > 0, ...stamp }
    }
    switch (event.kind) {
      case 'state': {
        if (said !== undefined && isSame(said.value, event.value)) return { state, actions: [] }
        const stamp = { stateNumber: (said?.stateNumber ?? 0) + 1, sequenceNumber: 0 }
        const next = after(now, firstGap)
        return {
          state: { said: { ...stamp, value: event.value, gap: firstGap, next } },
          actions: [say(event.value, stamp, firstGap), { kind: 'wake', at: next }],
        }
      }
      case 'again': {
        if (said === undefined) return { state, actions: [] }
        const stamp = { stateNumber: said.stateNumber, sequenceNumber: said.sequenceNumber + 1 }
        return { state: { said: { ...said, ...stamp } }, actions: [say(said.value, stamp, said.gap)] }
      }
      case 'tick': {
        if (said === undefined || now < said.next) return { state, actions: [] }
        const stamp = { stateNumber: said.stateNumber, sequenceNumber: said.sequenceNumber + 1 }
        const gap = duration(Math.min(2 * said.gap, heartbeat))
        const next = after(now, gap)
        return {
          state: { said: { ...stamp, value: said.value, gap, next } },
          actions: [say(said.value, stamp, gap), { kind: 'wake', at: next }],
        }
      }
    }
  }

// The receiver ----------------------------------------------------------------------------------------------------------

export interface Hearing<T> {
  readonly heard: (Stamp & { readonly epoch: number; readonly value: T; readonly until: Instant }) | undefined
  /** What was heard last has expired. */
  readonly expired: boolean
}
export const nothingHeard: Hearing<never> = { heard: undefined, expired: false }

export type HearEvent<T> =
  | ({
      readonly kind: 'heard'
      readonly epoch: number
      readonly value: T
      readonly lifetime: Duration
      readonly test: boolean
    } & Stamp)
  | { readonly kind: 'tick' }

export type HearAction<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** The value is the fail-safe one now. */
  | { readonly kind: 'expired'; readonly value: T }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface HearSettings<T> {
  /** What the state is taken for when nothing is known of it: not tripped, not blocked, not permitted, unknown. */
  readonly failSafe: T
  /** Whether this receiver is in test. */
  readonly test?: boolean
  readonly isSame?: (one: T, other: T) => boolean
}

export const hearState =
  <T>({ failSafe, test = false, isSame = Object.is }: HearSettings<T>) =>
  (state: Hearing<T>, event: HearEvent<T>, now: Instant): { state: Hearing<T>; actions: readonly HearAction<T>[] } => {
    const { heard, expired } = state
    if (event.kind === 'tick') {
      if (heard === undefined || expired || now < heard.until) return { state, actions: [] }
      return { state: { heard, expired: true }, actions: [{ kind: 'expired', value: failSafe }] }
    }
    if (event.test !== test || (heard !== undefined && !isGreater(event, heard))) return { state, actions: [] }
    const { epoch, stateNumber, sequenceNumber, value } = event
    const until = after(now, event.lifetime)
    const isNews = heard === undefined || expired || !isSame(heard.value, value)
    return {
      state: { heard: { epoch, stateNumber, sequenceNumber, value, until }, expired: false },
      actions: [...(isNews ? [{ kind: 'value', value } as const] : []), { kind: 'wake', at: until }],
    }
  }

type Numbered = Stamp & { readonly epoch: number }

const isGreater = (one: Numbered, other: Numbered): boolean =>
  (one.epoch - other.epoch || one.stateNumber - other.stateNumber || one.sequenceNumber - other.sequenceNumber) > 0

/** When what is said once is repeated, ms after it: gaps that double, the last one at `until` at the latest. */
export function repeatTimes(firstGapMs: number, untilMs: number): number[] {
  const times: number[] = []
  for (let at = firstGapMs, gap = firstGapMs; at <= untilMs; gap *= 2, at += gap) times.push(at)
  return times
}
