// When a record is due for its back ends, by its class.
//
//   realTime    as soon as it is durable, each by itself
//   event       at once too, but a burst of them within a second is one delivery
//   scheduled   with the next round, or at the end of each period, or at times of the day (UTC)
//   polled      when somebody asks for data; it never begins a delivery itself
//
// Records go in the order of the ledger, and a receipt is for all up to a record. So one that is due takes those before
// it along, whatever their class: a mode says how long a record may wait, not that it must.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import { type RecordClass, recordClasses } from './record.ts'

export type ClassMode =
  | { readonly mode: 'realTime' | 'event' | 'polled' }
  | {
      readonly mode: 'scheduled'
      readonly everySeconds?: number | undefined
      readonly at?: readonly string[] | undefined
    }

export type ClassModes = { readonly [each in RecordClass]: ClassMode }

/**
 * What is rare, and tells of somebody's hand. Events come in crowds, from all IEDs at once and when protection needs the
 * processor: they go with the next round.
 */
const atOnce: ReadonlySet<RecordClass> = new Set(['tamper'])

/** What happens is said at once; what is measured goes with the next round. */
export const defaultModes = Object.fromEntries(
  recordClasses.map(each => [each, { mode: atOnce.has(each) ? 'event' : 'scheduled' }]),
) as unknown as ClassModes

/** Between two deliveries that events begin. */
export const EVENT_GAP = duration(1_000)

export interface ReleaseState {
  /** Records up to this one are due. */
  readonly upTo: number
  /** By class, the last record that waits, and until when. Never more entries than classes. */
  readonly waiting: ReadonlyMap<RecordClass, { readonly number: number; readonly dueAt: Instant }>
  /** When events may begin a delivery again. */
  readonly nextEventAt: Instant | undefined
  readonly isEventHeld: boolean
}

export type ReleaseEvent =
  | { readonly kind: 'appended'; readonly number: number; readonly recordClass: RecordClass; readonly utcMs: number }
  /** Somebody asks for data: all up to this record. */
  | { readonly kind: 'asked'; readonly head: number }
  | { readonly kind: 'tick' }

export interface ReleaseStep {
  readonly state: ReleaseState
  readonly actions: readonly ({ readonly kind: 'sendNow' } | { readonly kind: 'wake'; readonly at: Instant })[]
}

/** What an earlier life left is due at once: how long it waited is not known. */
export const releaseStart = (head: number): ReleaseState => ({
  upTo: head,
  waiting: new Map(),
  nextEventAt: undefined,
  isEventHeld: false,
})

export const release =
  (modes: ClassModes) =>
  (state: ReleaseState, event: ReleaseEvent, now: Instant): ReleaseStep => {
    switch (event.kind) {
      case 'asked':
        return settle({ ...state, upTo: Math.max(state.upTo, event.head) }, true, now)
      case 'appended':
        return appended(modes[event.recordClass], state, event, now)
      case 'tick':
        return settle(state, false, now)
    }
  }

function appended(
  mode: ClassMode,
  state: ReleaseState,
  { number, recordClass, utcMs }: Extract<ReleaseEvent, { kind: 'appended' }>,
  now: Instant,
): ReleaseStep {
  switch (mode.mode) {
    case 'realTime':
      return settle({ ...state, upTo: Math.max(state.upTo, number) }, true, now)
    case 'event':
      return settle({ ...state, upTo: Math.max(state.upTo, number), isEventHeld: true }, false, now)
    case 'polled':
      return settle(state, false, now)
    case 'scheduled': {
      const wait = untilDue(mode, utcMs)
      if (wait === 0) return settle({ ...state, upTo: Math.max(state.upTo, number) }, false, now)
      const dueAt = state.waiting.get(recordClass)?.dueAt ?? after(now, wait)
      return settle({ ...state, waiting: new Map(state.waiting).set(recordClass, { number, dueAt }) }, false, now)
    }
  }
}

/** Measured once, on UTC; waited for on the monotonic clock, so that a clock that steps back holds nothing up. */
export function untilDue({ everySeconds, at }: Extract<ClassMode, { mode: 'scheduled' }>, utcMs: number): Duration {
  const waits: number[] = []
  if (everySeconds !== undefined) waits.push(everySeconds * 1000 - (utcMs % (everySeconds * 1000)))
  for (const time of at ?? []) {
    const [hours = 0, minutes = 0] = time.split(':').map(Number)
    const wait = (hours * 60 + minutes) * 60_000 - (utcMs % DAY_MS)
    waits.push(wait > 0 ? wait : wait + DAY_MS)
  }
  return duration(waits.length === 0 ? 0 : Math.min(...waits))
}

const DAY_MS = 86_400_000

function settle(state: ReleaseState, isAsked: boolean, now: Instant): ReleaseStep {
  const due = [...state.waiting.values()].filter(({ dueAt }) => now >= dueAt)
  const upTo = Math.max(state.upTo, ...due.map(({ number }) => number))
  const waiting = new Map([...state.waiting].filter(([, { number, dueAt }]) => now < dueAt && number > upTo))
  const isEventDue = state.isEventHeld && (state.nextEventAt === undefined || now >= state.nextEventAt)
  const next: ReleaseState = {
    upTo,
    waiting,
    nextEventAt: isEventDue ? after(now, EVENT_GAP) : state.nextEventAt,
    isEventHeld: state.isEventHeld && !isEventDue,
  }
  const deadlines = [...waiting.values()].map(({ dueAt }) => dueAt)
  if (next.isEventHeld && next.nextEventAt !== undefined) deadlines.push(next.nextEventAt)
  const first = deadlines.sort((one, other) => one - other)[0]
  return {
    state: next,
    actions: [
      ...(isAsked || isEventDue ? [{ kind: 'sendNow' } as const] : []),
      ...(first === undefined ? [] : [{ kind: 'wake', at: first } as const]),
    ],
  }
}
