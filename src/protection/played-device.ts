// The switching device that a site test plays, with its relay: the same elements and the same reclosing as of a relay in software,
// by the settings that the real device has by the feeder file. Trips take the breaker's time, and so do closings.
//
// Not played are direction, voltage and frequency elements, cold load and inrush: the fault is one current in all that carry it.

import { after, type Duration, type Instant } from '../../topology/units.ts'
import {
  isPickedUp,
  type OvercurrentSettings,
  type OvercurrentState,
  overcurrent,
  restingOvercurrent,
} from './elements/overcurrent.ts'
import {
  isFastShot,
  type LockoutReason,
  type ReclosingEvent,
  type ReclosingSettings,
  type ReclosingState,
  reclosing,
  startedReclosing,
} from './elements/reclosing.ts'

export interface PlayedDeviceSettings {
  /** None for a device without a relay: it operates when told to. */
  readonly overcurrent: OvercurrentSettings
  readonly reclosing: ReclosingSettings
  readonly breakerTime: Duration
  /** Its contacts do not part, whoever trips it. */
  readonly isStuck?: boolean
  /** A trip by others is as the relay's own, which recloses. A relay in software only sees that the device has opened. */
  readonly tripsAsOwn: boolean
}

export interface PlayedDevice {
  readonly overcurrent: OvercurrentState
  readonly reclosing: ReclosingState
  readonly position: 'open' | 'closed'
  readonly moving?: { readonly to: 'open' | 'closed'; readonly at: Instant }
  /** Latched until it is closed. */
  readonly tripped: boolean
}

export type PlayedDeviceEvent =
  /** Each few ms, whether they change or not: time goes by them. */
  | { readonly kind: 'currents'; readonly phase: number; readonly ground: number; readonly mayReclose: boolean }
  | { readonly kind: 'operate'; readonly operation: 'trip' | 'open' | 'close' }

export type PlayedDeviceAction =
  /** By its own relay. */
  | { readonly kind: 'trip'; readonly by: readonly string[] }
  | { readonly kind: 'reclose'; readonly shot: number }
  | { readonly kind: 'lockout'; readonly why: LockoutReason }
  | { readonly kind: 'moved'; readonly to: 'open' | 'closed' }

export interface PlayedDeviceStep {
  readonly state: PlayedDevice
  readonly actions: readonly PlayedDeviceAction[]
}

export const restingDevice = (
  settings: PlayedDeviceSettings,
  position: 'open' | 'closed',
  now: Instant,
): PlayedDevice => ({
  overcurrent: restingOvercurrent(settings.overcurrent, now),
  reclosing: startedReclosing(settings.reclosing, position, false, now),
  position,
  tripped: false,
})

/** Its own relay has opened it, and will not close it any more. */
export const isLockedOut = ({ tripped, position, reclosing: { phase } }: PlayedDevice): boolean =>
  tripped && position === 'open' && phase === 'lockout'

export function playedDevice(settings: PlayedDeviceSettings) {
  const elements = overcurrent(settings.overcurrent)
  const sequence = reclosing(settings.reclosing)

  function feed({ state, actions }: PlayedDeviceStep, event: ReclosingEvent, now: Instant): PlayedDeviceStep {
    const next = sequence(state.reclosing, event, now)
    let after = { ...state, reclosing: next.state }
    const told: PlayedDeviceAction[] = []
    for (const action of next.actions) {
      if (action.kind === 'lockout') told.push(action)
      if (action.kind !== 'close') continue
      after = moves(after, 'closed', now)
      told.push({ kind: 'reclose', shot: action.shot })
    }
    return { state: after, actions: [...actions, ...told] }
  }

  function moves(state: PlayedDevice, to: 'open' | 'closed', now: Instant): PlayedDevice {
    if (state.moving?.to === to || (state.moving === undefined && state.position === to)) return state
    return { ...state, moving: { to, at: after(now, settings.breakerTime) } }
  }

  function arrive(step: PlayedDeviceStep, now: Instant): PlayedDeviceStep {
    const { moving, ...rest } = step.state
    if (moving === undefined || now < moving.at) return step
    if (settings.isStuck === true && moving.to === 'open') return step
    const { to } = moving
    const arrived = { ...rest, position: to, tripped: to === 'closed' ? false : rest.tripped }
    const moved = { state: arrived, actions: [...step.actions, { kind: 'moved', to } as const] }
    return feed(moved, { kind: 'position', position: to }, now)
  }

  function see(
    before: PlayedDeviceStep,
    { phase, ground }: PlayedDeviceEvent & { readonly kind: 'currents' },
    now: Instant,
  ): PlayedDeviceStep {
    const { state } = before
    const isFast = isFastShot(settings.reclosing, state.reclosing)
    const over = elements(state.overcurrent, { kind: 'currents', phase, ground, isFast }, now)
    const seen = { ...state, overcurrent: over.state }
    const by = over.actions.flatMap(action => (action.kind === 'trip' ? [action.stage] : []))
    // One that is on its way already is not told again by a slower stage.
    if (by.length === 0 || state.moving?.to === 'open') {
      const pickup = { kind: 'pickup', isPickedUp: isPickedUp(over.state) } as const
      return feed({ state: seen, actions: before.actions }, pickup, now)
    }
    const tripped = moves({ ...seen, tripped: true }, 'open', now)
    const told = [...before.actions, { kind: 'trip', by } as const]
    return feed({ state: tripped, actions: told }, { kind: 'trip', mayReclose: true }, now)
  }

  return (state: PlayedDevice, event: PlayedDeviceEvent, now: Instant): PlayedDeviceStep => {
    const start: PlayedDeviceStep = { state, actions: [] }
    if (event.kind === 'currents') {
      const seen = see(arrive(start, now), event, now)
      return feed(seen, { kind: 'tick', mayClose: event.mayReclose }, now)
    }
    switch (event.operation) {
      case 'trip': {
        if (state.position === 'open' && state.moving === undefined) return start
        const tripped = { state: moves({ ...state, tripped: true }, 'open', now), actions: [] }
        return settings.tripsAsOwn ? feed(tripped, { kind: 'trip', mayReclose: true }, now) : tripped
      }
      case 'open': {
        const locked = feed(start, { kind: 'lock out', why: 'opened' }, now)
        return { ...locked, state: moves(locked.state, 'open', now) }
      }
      case 'close':
        return { state: moves(state, 'closed', now), actions: [] }
    }
  }
}
