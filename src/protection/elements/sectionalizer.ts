// A sectionalizer's counter. It cannot interrupt fault current, so it lets the recloser upstream do that, counts how often,
// and opens in the dead time before the last shot: then the rest of the feeder comes back without its section.
//
//   a count: the current rose above the actuating level, and then fell to nothing
//
// Not counted is a current that falls to that of the load: somebody downstream cleared the fault (count restraint). Nor, where
// the voltage is measured, one that goes while the voltage stays (voltage restraint). For some time after its current has come
// back only twice the actuating level arms it (inrush restraint). It forgets its counts after the memory time.
//
// Silence is safe here: without a measurement nothing is counted and nothing opens. Who has lost count opens too late or not at
// all, and the recloser locks out with more of the feeder than need be.

import { after, type Duration, type Instant } from '../../../topology/units.ts'

export interface SectionalizerSettings {
  readonly actuatingAmps: number
  readonly counts: number
  readonly memory: Duration
  readonly restraintAmps: number
  readonly inrushRestraint: Duration
}

export interface SectionalizerState {
  readonly counts: number
  /** The current has risen above the actuating level, and not fallen since. */
  readonly isArmed: boolean
  readonly hasCurrent: boolean
  readonly forgetAt?: Instant
  readonly restrainedUntil?: Instant
}

export type SectionalizerEvent =
  /** The largest phase current, or undefined when it is not known; whether the line is dead where that is measured. */
  | { readonly kind: 'current'; readonly amps: number | undefined; readonly isDead?: boolean | undefined }
  /** Somebody closed it: it counts from the first again. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'tick' }

export type SectionalizerAction = { readonly kind: 'counted'; readonly counts: number } | { readonly kind: 'open' }

export interface SectionalizerStep {
  readonly state: SectionalizerState
  readonly actions: readonly SectionalizerAction[]
}

export const restingSectionalizer: SectionalizerState = { counts: 0, isArmed: false, hasCurrent: false }

export const sectionalizerDeadline = ({ forgetAt }: SectionalizerState): Instant | undefined => forgetAt

export const sectionalizer =
  (settings: SectionalizerSettings) =>
  (was: SectionalizerState, event: SectionalizerEvent, now: Instant): SectionalizerStep => {
    const state = was.forgetAt !== undefined && now >= was.forgetAt ? forgotten(was) : was
    switch (event.kind) {
      case 'closed':
        return { state: restingSectionalizer, actions: [] }
      case 'current':
        return see(settings, state, event, now)
      case 'tick':
        return { state, actions: [] }
    }
  }

const forgotten = ({ isArmed, hasCurrent }: SectionalizerState): SectionalizerState => ({
  counts: 0,
  isArmed,
  hasCurrent,
})

const RESTRAINED_LEVEL = 2

function see(
  { actuatingAmps, counts, memory, restraintAmps, inrushRestraint }: SectionalizerSettings,
  state: SectionalizerState,
  { amps, isDead }: Extract<SectionalizerEvent, { kind: 'current' }>,
  now: Instant,
): SectionalizerStep {
  // What armed it may have ended in any way meanwhile.
  if (amps === undefined) return { state: { ...state, isArmed: false }, actions: [] }
  if (amps > restraintAmps) {
    const restrainedUntil = state.hasCurrent ? state.restrainedUntil : after(now, inrushRestraint)
    const isRestrained = restrainedUntil !== undefined && now < restrainedUntil
    const isArmed = amps > actuatingAmps * (isRestrained ? RESTRAINED_LEVEL : 1)
    const next = { ...state, isArmed, hasCurrent: true }
    return { state: restrainedUntil === undefined ? next : { ...next, restrainedUntil }, actions: [] }
  }
  const next = { ...state, isArmed: false, hasCurrent: false }
  if (!state.isArmed || isDead === false) return { state: next, actions: [] }
  const counted = state.counts + 1
  const actions: SectionalizerAction[] = [{ kind: 'counted', counts: counted }]
  if (counted >= counts) return { state: { ...forgotten(next), counts: 0 }, actions: [...actions, { kind: 'open' }] }
  return { state: { ...next, counts: counted, forgetAt: after(now, memory) }, actions }
}
