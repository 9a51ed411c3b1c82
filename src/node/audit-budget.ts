// How much of what should stand in the audit log goes there one by one.
//
// A flood of refused strangers must not fill the disk, nor push out what a person did. So each kind of entry, allowed and
// refused apart, has so many records a minute of its own. What comes beyond is counted: the record after the last one says
// that counting begins, and at the end of the minute one says how many there were and gives a few of their subjects. What
// could not be written is counted too, and said with the next record that can be.

import { after, type Duration, duration, type Instant } from '../../topology/units.ts'
import type { AuditEntry, AuditKind } from './component.ts'

export const PER_MINUTE = 60
const WINDOW: Duration = duration(60_000)
const SUBJECTS_KEPT = 8

/** What stands in the ledger: an entry, or so many that were counted. */
export interface AuditRecord {
  readonly kind: AuditKind
  readonly subject: string
  readonly allowed: boolean
  readonly words: string
  /** How many entries the record is about; absent for one. */
  readonly count?: number
}

interface Window {
  readonly kind: AuditKind
  readonly allowed: boolean
  readonly until: Instant
  readonly written: number
  readonly counted: number
  readonly subjects: readonly string[]
}

export interface AuditState {
  /** By kind and whether it was allowed: a closed set. */
  readonly windows: ReadonlyMap<string, Window>
  readonly unwritten: number
}

export type AuditEvent =
  | { readonly kind: 'entry'; readonly entry: AuditEntry }
  | { readonly kind: 'tick' }
  | { readonly kind: 'not-written'; readonly count: number }
  | { readonly kind: 'written' }
  /** The agent ends: what was counted is said now. */
  | { readonly kind: 'stop' }

export type AuditAction =
  | { readonly kind: 'append'; readonly record: AuditRecord }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface AuditStep {
  readonly state: AuditState
  readonly actions: readonly AuditAction[]
}

export const auditStart: AuditState = { windows: new Map(), unwritten: 0 }

export function auditBudget(state: AuditState, event: AuditEvent, now: Instant): AuditStep {
  switch (event.kind) {
    case 'entry':
      return enter(state, event.entry, now)
    case 'tick':
      return close(state, ({ until }) => now >= until)
    case 'stop':
      return close(state, () => true)
    case 'not-written':
      return { state: { ...state, unwritten: state.unwritten + event.count }, actions: [] }
    case 'written':
      return sayUnwritten(state)
  }
}

function enter(state: AuditState, entry: AuditEntry, now: Instant): AuditStep {
  const { kind, allowed } = entry
  const key = `${kind} ${allowed}`
  const first = close(state, (window, each) => each === key && now >= window.until)
  const open = first.state.windows.get(key)
  const window = open ?? { kind, allowed, until: after(now, WINDOW), written: 0, counted: 0, subjects: [] }
  const wake: AuditAction[] = open === undefined ? [{ kind: 'wake', at: window.until }] : []
  if (window.written < PER_MINUTE) {
    const record: AuditRecord = { kind, subject: entry.subject, allowed, words: entry.words }
    const state = withWindow(first.state, key, { ...window, written: window.written + 1 })
    return { state, actions: [...first.actions, ...wake, { kind: 'append', record }] }
  }
  const words = `more than ${PER_MINUTE} in a minute: the rest of it is counted`
  const begins: AuditAction[] =
    window.counted === 0 ? [{ kind: 'append', record: { kind, subject: '', allowed, words, count: 0 } }] : []
  const known = window.subjects.includes(entry.subject) || window.subjects.length >= SUBJECTS_KEPT
  const subjects = known ? window.subjects : [...window.subjects, entry.subject]
  const counting = withWindow(first.state, key, { ...window, counted: window.counted + 1, subjects })
  return { state: counting, actions: [...first.actions, ...wake, ...begins] }
}

function close(state: AuditState, isOver: (window: Window, key: string) => boolean): AuditStep {
  const windows = new Map(state.windows)
  const actions: AuditAction[] = []
  for (const [key, window] of state.windows) {
    if (!isOver(window, key)) continue
    windows.delete(key)
    const { kind, allowed, counted, subjects } = window
    if (counted === 0) continue
    const words = `${counted} more in that minute`
    actions.push({ kind: 'append', record: { kind, subject: subjects.join(', '), allowed, words, count: counted } })
  }
  return { state: { ...state, windows }, actions }
}

/** The ledger takes records again. */
function sayUnwritten(state: AuditState): AuditStep {
  const { unwritten: count } = state
  if (count === 0) return { state, actions: [] }
  const words = `${count} entries could not be written before this one`
  const record: AuditRecord = { kind: 'configuration', subject: '', allowed: false, words, count }
  return { state: { ...state, unwritten: 0 }, actions: [{ kind: 'append', record }] }
}

const withWindow = (state: AuditState, key: string, window: Window): AuditState => ({
  ...state,
  windows: new Map(state.windows).set(key, window),
})
