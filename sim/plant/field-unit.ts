// One switching device as the field works it: the relay's or the fuse's machine, its present state, and what it sees.

import { isPickedUp as isPickedUpNow } from '../../src/protection/elements/overcurrent.ts'
import { overcurrentSettings, sectionalizerSettings } from '../../src/protection/elements/relay-settings.ts'
import {
  restingSectionalizer,
  type SectionalizerEvent,
  type SectionalizerState,
  sectionalizer,
  sectionalizerDeadline,
} from '../../src/protection/elements/sectionalizer.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import type { SectionalizerEntry } from '../../topology/relay-file.ts'
import { duration, type Instant, instant } from '../../topology/units.ts'
import { type FuseEvent, type FuseState, fuse, fuseDeadline, newFuse } from '../devices/fuse.ts'
import {
  deadlineOf,
  type InnerRelayAction,
  type InnerRelayEvent,
  type InnerRelaySettings,
  type InnerRelayState,
  innerRelay,
  isTripped,
  restingRelay,
} from '../devices/inner-relay.ts'
import { largestAmps } from './elements.ts'
import type { FieldEvent, FieldPlant, InjectedFailure } from './field.ts'
import type { DeviceCurrent } from './plant-port.ts'

/** What the relay in a device says of itself. */
export interface RelayView {
  readonly isPickedUp: boolean
  /** Its own relay has tripped it; latched until the device is closed. */
  readonly isTripped: boolean
  /** Open, and nothing will close it by itself: it was told to open, or has no shots, or spent them. */
  readonly isLockedOut: boolean
  /** Open, and about to close by itself. */
  readonly isReclosing: boolean
}

export type DeviceCommand = 'open' | 'close' | 'trip'

export type UnitAct = FieldEvent['kind']

export interface FieldUnit {
  /** Whether it does anything on its own, so that it must look at its current. */
  readonly watches: boolean
  deadline(): Instant | undefined
  look(current: DeviceCurrent, now: Instant): readonly UnitAct[]
  tick(now: Instant): readonly UnitAct[]
  command(target: DeviceCommand, now: Instant): readonly UnitAct[]
  fail(failure: InjectedFailure, isFailed: boolean, now: Instant): readonly UnitAct[]
  view(): RelayView
}

const COMMANDS = { open: 'trip coil', close: 'close coil', trip: 'trip input' } as const

export function relayUnit(device: DeviceEntry, plant: FieldPlant): FieldUnit {
  const settings = settingsOf(device)
  const step = innerRelay(settings)
  let state: InnerRelayState = restingRelay(settings, plant.position(device.name))
  let isPickedUp = false

  const feed = (event: InnerRelayEvent, now: Instant): UnitAct[] => {
    const next = step(state, event, now)
    state = next.state
    return next.actions.map(actOf)
  }
  return {
    watches: device.relay !== undefined,
    deadline: () => deadlineOf(state),
    look(current, now) {
      const was = isPickedUp
      const acts = feed({ kind: 'currents', phase: largestAmps(current), ground: current.residualAmps }, now)
      isPickedUp = isPickedUpNow(state.elements)
      return isPickedUp === was ? acts : [isPickedUp ? 'pickup' : 'dropout', ...acts]
    },
    tick: now => feed({ kind: 'tick' }, now),
    command: (target, now) => feed({ kind: COMMANDS[target] }, now),
    fail(failure, isFailed, now) {
      const contactsStuck = failure === 'stuck contacts' ? isFailed : state.contactsStuck
      const relayStuck = failure === 'stuck relay' ? isFailed : state.relayStuck
      const acts = feed({ kind: 'failures', contactsStuck, relayStuck }, now)
      return [...acts, ...this.look(plant.through(device.name), now)]
    },
    view: () => ({
      isPickedUp,
      isTripped: isTripped(state),
      isLockedOut: state.phase === 'open',
      isReclosing: state.phase === 'waiting',
    }),
  }
}

/** A sectionalizer with a counter: a switch that opens by itself in a dead time. Its coils work as any switch's. */
export function sectionalizerUnit(device: DeviceEntry, entry: SectionalizerEntry, plant: FieldPlant): FieldUnit {
  const contacts = relayUnit(device, plant)
  const step = sectionalizer(sectionalizerSettings(entry))
  let state: SectionalizerState = restingSectionalizer
  let isBlind = false

  const feed = (event: SectionalizerEvent, now: Instant): readonly UnitAct[] => {
    const next = step(state, event, now)
    state = next.state
    return next.actions.some(({ kind }) => kind === 'open') ? ['lockout', ...contacts.command('open', now)] : []
  }
  const earlier = (one: Instant | undefined, other: Instant | undefined): Instant | undefined =>
    one === undefined || (other !== undefined && other < one) ? other : one
  return {
    watches: true,
    deadline: () => earlier(contacts.deadline(), sectionalizerDeadline(state)),
    look: (current, now) => feed({ kind: 'current', amps: isBlind ? undefined : largestAmps(current) }, now),
    tick: now => [...contacts.tick(now), ...feed({ kind: 'tick' }, now)],
    command(target, now) {
      if (target === 'close') feed({ kind: 'closed' }, now)
      return contacts.command(target, now)
    },
    fail(failure, isFailed, now) {
      if (failure === 'stuck relay') isBlind = isFailed
      return [...contacts.fail(failure, isFailed, now), ...this.look(plant.through(device.name), now)]
    },
    view: contacts.view,
  }
}

/** Without a melting curve it never blows. */
export function fuseUnit(device: DeviceEntry, plant: FieldPlant): FieldUnit {
  const curve = device.meltingCurve ?? []
  const step = fuse(curve)
  let state: FuseState = plant.position(device.name) === 'closed' ? newFuse(instant(0)) : { phase: 'out' }
  let isStuck = false

  const feed = (event: FuseEvent, now: Instant, acts: readonly UnitAct[] = []): readonly UnitAct[] => {
    if (isStuck) return []
    const next = step(state, event, now)
    state = next.state
    return next.hasBlown ? ['fuse blown'] : acts
  }
  return {
    watches: curve.length > 0,
    deadline: () => (isStuck ? undefined : fuseDeadline(curve, state)),
    look: ({ amps }, now) => feed({ kind: 'current', amps: [amps.a ?? 0, amps.b ?? 0, amps.c ?? 0] }, now),
    tick: now => feed({ kind: 'tick' }, now),
    command(target, now) {
      if (target === 'trip') return []
      if (target === 'open') return state.phase === 'whole' ? feed({ kind: 'take out' }, now, ['open']) : []
      return state.phase === 'whole' ? [] : feed({ kind: 'new links' }, now, ['close'])
    },
    fail(_failure, isFailed, now) {
      isStuck = isFailed
      if (!isStuck && state.phase === 'whole') state = newFuse(now)
      return this.look(plant.through(device.name), now)
    },
    view: () => ({
      isPickedUp: false,
      isTripped: state.phase === 'blown',
      isLockedOut: state.phase !== 'whole',
      isReclosing: false,
    }),
  }
}

function settingsOf({ relay, reclose, breakerTimeMs }: DeviceEntry): InnerRelaySettings {
  const breakerTime = duration(breakerTimeMs)
  if (relay === undefined) return { breakerTime, elements: [] }
  const elements = overcurrentSettings(relay, reclose)
  if (reclose === undefined) return { breakerTime, elements }
  const { deadTimesMs, resetMs, fastShots = 0, sequenceCoordination = false } = reclose
  return {
    breakerTime,
    elements,
    reclose: { deadTimes: deadTimesMs.map(duration), resetTime: duration(resetMs), fastShots, sequenceCoordination },
  }
}

function actOf(action: InnerRelayAction): UnitAct {
  switch (action.kind) {
    case 'open contacts':
      return 'open'
    case 'close contacts':
      return action.by === 'shot' ? 'reclose' : 'close'
    case 'contacts stayed':
      return 'stuck'
    default:
      return action.kind
  }
}
