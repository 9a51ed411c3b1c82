// A relay in software: all elements of one device, fed each half cycle. For a device that gives samples and can be operated, and
// has no relay of its own.
//
//   samples ─► phasors ─► direction, cold load, inrush ─► overcurrent ─┐
//                    └──► 27 59 59N 46 47 81U 81O 81R ─────────────────┼─► trip ─► 50BF ─► re-trip ─► breaker failed ─► 86
//                                                                     └─► 79: dead time, close, … or lockout
//
// Nothing remote enters here. What is not measured picks nothing up; a gap of up to three half cycles is bridged with what was
// measured before it, so that one lost block does not begin a fault's time anew. Each stage says its trip
// once for each fault, and 50BF says it again while current flows.

import { type Duration, duration, type Instant, since } from '../../../topology/units.ts'
import {
  type BreakerFailureSettings,
  type BreakerFailureState,
  breakerAtRest,
  breakerFailure,
  breakerFailureDeadline,
} from './breaker-failure.ts'
import { type ColdLoadSettings, type ColdLoadState, coldLoad } from './cold-load.ts'
import { type DirectionalSettings, type DirectionalState, directional, looks } from './directional.ts'
import { type FuseFailureSettings, type FuseFailureState, fuseFailure, soundFuses } from './fuse-failure.ts'
import { type InrushSettings, type InrushState, inrushRestraint } from './inrush-restraint.ts'
import { type MeasuredSettings, type MeasuredState, measured, restingMeasured } from './measured.ts'
import {
  isPickedUp,
  type OvercurrentSettings,
  type OvercurrentState,
  overcurrent,
  restingOvercurrent,
} from './overcurrent.ts'
import { largest, type Quantities, residual, sizeOf } from './quantities.ts'
import {
  isFastShot,
  type LockoutReason,
  type ReclosingEvent,
  type ReclosingSettings,
  type ReclosingState,
  reclosing,
  reclosingDeadline,
  startedReclosing,
} from './reclosing.ts'

export interface SoftwareRelaySettings {
  readonly overcurrent: OvercurrentSettings
  readonly measured: readonly MeasuredSettings[]
  readonly reclosing: ReclosingSettings
  readonly breakerFailure: BreakerFailureSettings
  readonly directional?: {
    readonly settings: DirectionalSettings
    readonly phase?: 'forward' | 'backward'
    readonly ground?: 'forward' | 'backward'
    readonly without: 'block' | 'non-directional'
  }
  readonly coldLoad?: ColdLoadSettings
  readonly inrush?: InrushSettings
  /** What goes by voltage is blocked while a transformer's fuse has gone. */
  readonly fuseFailure?: FuseFailureSettings
  /** A trip at more is not reclosed. */
  readonly highCurrentLockoutAmps?: number
}

export interface SoftwareRelayState {
  readonly overcurrent: OvercurrentState
  readonly measured: readonly MeasuredState[]
  readonly reclosing: ReclosingState
  readonly breakerFailure: BreakerFailureState
  readonly directional: DirectionalState
  readonly coldLoad: ColdLoadState
  readonly inrush: InrushState
  readonly fuses: FuseFailureState
  readonly position: 'open' | 'closed' | 'unknown'
  /** By itself; latched until the device has been closed. */
  readonly hasTripped: boolean
  readonly isPickedUp: boolean
  /** When currents were measured last. */
  readonly knownAt: Instant
}

export type SoftwareRelayEvent =
  | { readonly kind: 'measured'; readonly quantities: Quantities; readonly isVoltageDoubted: boolean }
  /** As the device shows it. */
  | { readonly kind: 'position'; readonly position: 'open' | 'closed' | 'unknown' }
  | { readonly kind: 'lock out'; readonly why: LockoutReason }
  | { readonly kind: 'tick'; readonly mayClose: boolean }

export type SoftwareRelayAction =
  | { readonly kind: 'trip'; readonly by: readonly string[]; readonly amps: number | undefined; readonly shot: number }
  | { readonly kind: 'pickup'; readonly amps: number | undefined }
  | { readonly kind: 'dropout' | 're-trip' | 'breaker failed' | 'interrupted' | 'reset' }
  | { readonly kind: 'close'; readonly shot: number }
  | { readonly kind: 'voltage transformer'; readonly hasFailed: boolean }
  | { readonly kind: 'lockout'; readonly why: LockoutReason }

export interface SoftwareRelayStep {
  readonly state: SoftwareRelayState
  readonly actions: readonly SoftwareRelayAction[]
}

/** Bridged without a measurement: three half cycles at 50 Hz. */
const GAP = duration(30)

/** @param position the first that the device shows */
export function startedRelay(
  settings: SoftwareRelaySettings,
  position: 'open' | 'closed' | 'unknown',
  wasInSequence: boolean,
  now: Instant,
): SoftwareRelayState {
  return {
    overcurrent: restingOvercurrent(settings.overcurrent, now),
    measured: settings.measured.map(() => restingMeasured(now)),
    reclosing: startedReclosing(settings.reclosing, position, wasInSequence, now),
    breakerFailure: breakerAtRest,
    directional: {},
    coldLoad: {},
    inrush: {},
    fuses: soundFuses,
    position,
    hasTripped: false,
    isPickedUp: false,
    knownAt: now,
  }
}

/** When a tick is due. The elements themselves go by their half cycles. */
export function softwareRelayDeadline({ reclosing, breakerFailure }: SoftwareRelayState): Instant | undefined {
  const [one, other] = [reclosingDeadline(reclosing), breakerFailureDeadline(breakerFailure)]
  if (one === undefined || other === undefined) return one ?? other
  return one < other ? one : other
}

export function softwareRelay(settings: SoftwareRelaySettings) {
  const parts = {
    overcurrent: overcurrent(settings.overcurrent),
    measured: settings.measured.map(measured),
    fuses: settings.fuseFailure === undefined ? undefined : fuseFailure(settings.fuseFailure),
    reclosing: reclosing(settings.reclosing),
    breakerFailure: breakerFailure(settings.breakerFailure),
    directional: settings.directional === undefined ? undefined : directional(settings.directional.settings),
    coldLoad: settings.coldLoad === undefined ? undefined : coldLoad(settings.coldLoad),
    inrush: settings.inrush === undefined ? undefined : inrushRestraint(settings.inrush),
  }
  const [leastPhase, leastGround] = (['phase', 'ground'] as const).map(quantity =>
    Math.min(...settings.overcurrent.filter(each => each.quantity === quantity).map(each => each.stage.pickup)),
  ) as [number, number]

  function step(state: SoftwareRelayState, event: SoftwareRelayEvent, now: Instant): SoftwareRelayStep {
    switch (event.kind) {
      case 'measured':
        return see(state, event, now)
      case 'position': {
        const closes = event.position === 'closed' && state.position === 'open'
        const next = { ...state, position: event.position, hasTripped: closes ? false : state.hasTripped }
        return reclose(next, event, now)
      }
      case 'lock out':
        return reclose(state, event, now)
      case 'tick': {
        const first = reclose(state, event, now)
        const second = watchBreaker(first.state, { kind: 'tick' }, now)
        return { state: second.state, actions: [...first.actions, ...second.actions] }
      }
    }
  }

  function reclose(state: SoftwareRelayState, event: ReclosingEvent, now: Instant): SoftwareRelayStep {
    const next = parts.reclosing(state.reclosing, event, now)
    return { state: { ...state, reclosing: next.state }, actions: next.actions }
  }

  function watchBreaker(
    state: SoftwareRelayState,
    event: Parameters<typeof parts.breakerFailure>[1],
    now: Instant,
  ): SoftwareRelayStep {
    const next = parts.breakerFailure(state.breakerFailure, event, now)
    const watched = { ...state, breakerFailure: next.state }
    if (!next.actions.some(({ kind }) => kind === 'breaker failed')) return { state: watched, actions: next.actions }
    const locked = reclose(watched, { kind: 'lock out', why: 'breaker failed' }, now)
    return { state: locked.state, actions: [...next.actions, ...locked.actions] }
  }

  /** What the overcurrent stages are to see, and the states of what decides it. */
  function prepare(state: SoftwareRelayState, quantities: Quantities, now: Instant) {
    const phase = largest(quantities.amps)
    const ground = sizeOf(residual(quantities.amps))
    const way = parts.directional?.(state.directional, quantities, now)
    const cold = parts.coldLoad?.(state.coldLoad, phase, now)
    const isAbove = (phase ?? 0) > leastPhase || (ground ?? 0) > leastGround
    const { secondHarmonic } = quantities
    const inrush = parts.inrush?.(state.inrush, { isPickedUp: isAbove, secondHarmonic }, now)
    const isAway = (quantity: 'phase' | 'ground'): boolean => {
      const wanted = settings.directional?.[quantity]
      if (wanted === undefined || way === undefined || settings.directional === undefined) return false
      return !looks(wanted, way.directions[quantity], settings.directional.without)
    }
    return {
      phase,
      ground,
      factor: cold?.factor ?? 1,
      isRestrained: inrush?.restrains ?? false,
      isBlocked: { phase: isAway('phase'), ground: isAway('ground') },
      states: {
        directional: way?.state ?? state.directional,
        coldLoad: cold?.state ?? state.coldLoad,
        inrush: inrush?.state ?? state.inrush,
      },
    }
  }

  function see(
    state: SoftwareRelayState,
    { quantities, isVoltageDoubted }: Extract<SoftwareRelayEvent, { kind: 'measured' }>,
    now: Instant,
  ): SoftwareRelayStep {
    const seen = prepare(state, quantities, now)
    const isKnown = seen.phase !== undefined
    if (!isKnown && since(state.knownAt, now) <= (GAP as Duration)) return { state, actions: [] }
    const isFast = isFastShot(settings.reclosing, state.reclosing)
    const { phase, ground, factor, isRestrained, isBlocked } = seen
    const currents = { kind: 'currents', phase, ground, isFast, factor, isRestrained, isBlocked } as const
    const over = parts.overcurrent(state.overcurrent, currents, now)
    const fuses = parts.fuses?.(state.fuses, quantities, now) ?? state.fuses
    const around = { isOpen: state.position === 'open', isVoltageDoubted: isVoltageDoubted || fuses.failed }
    const others = parts.measured.map((each, n) =>
      each(state.measured[n] ?? restingMeasured(now), quantities, around, now),
    )
    const names = over.actions.flatMap(action => (action.kind === 'trip' ? [action.stage] : []))
    const byOthers = settings.measured.filter((_, n) => others[n]?.actions.includes('trip')).map(({ name }) => name)
    const isUp = isPickedUp(over.state)
    const next: SoftwareRelayState = {
      ...state,
      ...seen.states,
      overcurrent: over.state,
      measured: others.map(each => each.state),
      fuses,
      isPickedUp: isUp,
      knownAt: isKnown ? now : state.knownAt,
    }
    const told: SoftwareRelayAction[] = []
    if (isUp !== state.isPickedUp) told.push(isUp ? { kind: 'pickup', amps: phase } : { kind: 'dropout' })
    if (fuses.failed !== state.fuses.failed) told.push({ kind: 'voltage transformer', hasFailed: fuses.failed })
    return after(next, told, { names, byOthers, phase }, now)
  }

  /** Trips, and what follows a measurement: the sequence, and whether the breaker interrupts. */
  function after(
    state: SoftwareRelayState,
    told: SoftwareRelayAction[],
    { names, byOthers, phase }: { names: readonly string[]; byOthers: readonly string[]; phase: number | undefined },
    now: Instant,
  ): SoftwareRelayStep {
    const steps: ((before: SoftwareRelayState) => SoftwareRelayStep)[] = [
      before => watchBreaker(before, { kind: 'current', amps: phase }, now),
    ]
    const by = [...names, ...byOthers]
    // A current that flows trips whatever position was shown last: that may be old. An open device needs no trip for its voltage.
    if (names.length > 0 || (by.length > 0 && state.position !== 'open')) {
      const isHigh = phase !== undefined && phase > (settings.highCurrentLockoutAmps ?? Number.POSITIVE_INFINITY)
      const mayReclose = byOthers.length === 0 && !isHigh
      const shot = state.reclosing.phase === 'closed' ? state.reclosing.shots : 0
      steps.push(
        before => ({ state: { ...before, hasTripped: true }, actions: [{ kind: 'trip', by, amps: phase, shot }] }),
        before => reclose(before, { kind: 'trip', mayReclose }, now),
        before => watchBreaker(before, { kind: 'trip' }, now),
      )
    } else {
      steps.push(before => reclose(before, { kind: 'pickup', isPickedUp: before.isPickedUp }, now))
    }
    return steps.reduce<SoftwareRelayStep>(
      (done, each) => {
        const next = each(done.state)
        return { state: next.state, actions: [...done.actions, ...next.actions] }
      },
      { state, actions: told },
    )
  }

  return step
}
