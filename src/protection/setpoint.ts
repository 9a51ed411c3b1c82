// A setpoint: a condition that raises an alert, and may drive an output, once it has been true for its delay.
//
//   idle ──true for the delay──► active ──not held for the drop-out time──► idle
//                                  │ the same, when it latches
//                                  ▼
//                                latched ──reset by a person──► idle
//
// Delays are counted from look to look: a condition that was true twice with the delay in between has been true for so
// long. A condition that is not known begins nothing, ends nothing and drives nothing; a count that runs begins anew. When
// it is not known for BLIND_MS, that is told: a setpoint that sees nothing protects nothing.

import type { Instant } from '../../topology/units.ts'

export interface SetpointSettings {
  readonly delayMs: number
  readonly dropoutMs: number
  readonly latches: boolean
}

export interface SetpointState {
  readonly phase: 'idle' | 'active' | 'latched'
  /** Since when the condition asks for the next phase. */
  readonly since?: Instant
  readonly unknownSince?: Instant
  readonly isBlind: boolean
}

export type SetpointEvent =
  /** Undefined: not known. `holds` is looked at once it is active; with hysteresis it holds longer than it begins. */
  | { readonly kind: 'looked'; readonly begins: boolean | undefined; readonly holds: boolean | undefined }
  | { readonly kind: 'reset' }

export type SetpointAction =
  | { readonly kind: 'begins' }
  | { readonly kind: 'ends' }
  | { readonly kind: 'blind'; readonly stands: boolean }
  /** It stands over a restart, or no longer does. */
  | { readonly kind: 'latch'; readonly stands: boolean }
  | { readonly kind: 'answer'; readonly done: boolean; readonly words: string }

export interface SetpointStep {
  readonly state: SetpointState
  readonly actions: readonly SetpointAction[]
}

export const BLIND_MS = 60_000

/** @param latched as it was kept before the restart */
export const setpointStart = (latched: boolean): SetpointState => ({
  phase: latched ? 'latched' : 'idle',
  isBlind: false,
})

export const setpoint = ({ delayMs, dropoutMs, latches }: SetpointSettings) =>
  function step(state: SetpointState, event: SetpointEvent, now: Instant): SetpointStep {
    if (event.kind === 'reset') return reset(state)
    const { phase } = state
    const wanted = phase === 'active' ? negated(event.holds) : event.begins
    if (wanted === undefined) return unseen(state, now)
    const sight: SetpointAction[] = state.isBlind ? [{ kind: 'blind', stands: false }] : []
    if (!wanted) return { state: { phase, isBlind: false }, actions: sight }
    const since = state.since ?? now
    if (now - since < (phase === 'active' ? dropoutMs : delayMs)) {
      return { state: { phase, since, isBlind: false }, actions: sight }
    }
    if (phase === 'active') {
      return latches
        ? { state: { phase: 'latched', isBlind: false }, actions: sight }
        : { state: { phase: 'idle', isBlind: false }, actions: [...sight, { kind: 'ends' }] }
    }
    const latch: SetpointAction[] = latches && phase === 'idle' ? [{ kind: 'latch', stands: true }] : []
    return { state: { phase: 'active', isBlind: false }, actions: [...sight, ...latch, { kind: 'begins' }] }
  }

function unseen({ phase, unknownSince, isBlind }: SetpointState, now: Instant): SetpointStep {
  const since = unknownSince ?? now
  const begins = !isBlind && now - since >= BLIND_MS
  return {
    state: { phase, unknownSince: since, isBlind: isBlind || begins },
    actions: begins ? [{ kind: 'blind', stands: true }] : [],
  }
}

function reset(state: SetpointState): SetpointStep {
  const answer = (done: boolean, words: string): SetpointAction => ({ kind: 'answer', done, words })
  if (state.phase === 'idle') return { state, actions: [answer(true, 'it has not latched')] }
  if (state.phase === 'active') return { state, actions: [answer(false, 'its condition still stands')] }
  return {
    state: { ...state, phase: 'idle' },
    actions: [{ kind: 'latch', stands: false }, { kind: 'ends' }, answer(true, 'it is reset')],
  }
}

const negated = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value)
