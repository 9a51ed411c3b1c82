// Everything in the field that works by itself: the relay inside each switching device, its reclosing, and the fuses.
//
// The field has no timers. Its owner, on real or virtual time, calls `advance` when the deadline is due and after each
// change of the plant; what the relays do changes the plant in turn, and every relay sees that at once. All devices of
// the file are worked, with an IED or without. A sectionalizer with a counter in the file opens by itself; one without, or a
// switch, stays as it is without an IED.

import type { DeviceEntry, FeederFile } from '../../topology/feeder-file.ts'
import type { Instant } from '../../topology/units.ts'
import {
  type DeviceCommand,
  type FieldUnit,
  fuseUnit,
  type RelayView,
  relayUnit,
  sectionalizerUnit,
  type UnitAct,
} from './field-unit.ts'
import type { Plant, Shown } from './plant-port.ts'

export type { DeviceCommand, RelayView } from './field-unit.ts'

export interface FieldEvent {
  readonly at: Instant
  readonly device: string
  readonly kind: /** An element of the relay is picked up, or all of them have dropped out. */
    | 'pickup'
    | 'dropout'
    /** The relay is told to trip as if it had decided so itself, which follows. */
    | 'trip input'
    /** The relay decided to open its device. */
    | 'trip'
    /** Contacts parted, or a fuse's links were taken out. */
    | 'open'
    /** Contacts closed because somebody told them to. */
    | 'close'
    /** Contacts closed at the end of a dead time. */
    | 'reclose'
    /** The last shot is spent, or a sectionalizer has counted to its end: open until somebody closes it. */
    | 'lockout'
    /** The fuse is open; it took a current too large for too long. */
    | 'fuse blown'
    /** Told to move, it did not. */
    | 'stuck'
}

export type InjectedFailure =
  /** The contacts do not move, whoever tells them to. A fuse does not blow. */
  | 'stuck contacts'
  /** The relay sees nothing and trips nothing. The coils work. */
  | 'stuck relay'

export interface Field {
  /** When `advance` is due next, if nothing changes before. */
  deadline(): Instant | undefined
  /**
   * Works everything that is due up to `now`, in the order of its deadlines, then everything that the plant's present
   * state makes the relays do. Call it before a change of the plant too: what was due before was due in the old state.
   *
   * @param now never before the last one
   */
  advance(now: Instant): readonly FieldEvent[]
  /**
   * Energises the trip or close coil; the contacts move after the breaker time (opening) or at once (closing). A fuse has
   * no coil: closing it is putting in new links, opening it is taking them out. `trip` tells the relay to trip, as if it
   * had seen the fault itself: it recloses after that as it does after its own trips.
   *
   * @throws RangeError for a device that the file does not have
   */
  command(device: string, target: DeviceCommand, now: Instant): readonly FieldEvent[]
  /** Injects a failure into a device, or mends it. @throws RangeError as `command` */
  fail(device: string, failure: InjectedFailure, isFailed: boolean, now: Instant): readonly FieldEvent[]
  /** @throws RangeError as `command` */
  relay(device: string): RelayView
  /** As the plant's, but for a relay that is stuck: it shows no pickup. @throws RangeError for an unknown IED */
  shows(ied: string): Shown
}

/** Devices work on each other; more rounds than this without time passing would mean that they pump. */
const MAX_ROUNDS = 10_000

/** What of a plant the field works with. */
export type FieldPlant = Pick<Plant, 'revision' | 'position' | 'setDevice' | 'solve' | 'through' | 'shows'>

/** @param plant of the same file; only the field may move its devices from now on */
export function createField(file: FeederFile, plant: FieldPlant): Field {
  const units = new Map<string, FieldUnit>(file.devices.map(device => [device.name, unitFor(device, plant)]))
  const seeing = [...units].filter(([, unit]) => unit.watches)
  const operated = new Map(file.ieds.map(ied => [ied.name, units.get(ied.operates ?? '')]))
  let seenRevision = -1
  let due: { readonly at: Instant | undefined } | undefined

  const unitOf = (device: string): FieldUnit => {
    const unit = units.get(device)
    if (unit === undefined) throw new RangeError(`device ${device}: not in feeder ${file.name}`)
    return unit
  }

  function deadline(): Instant | undefined {
    due ??= { at: earliest(units.values()) }
    return due.at
  }

  /** Runs one thing on one unit, and says what came of it. */
  function act(device: string, what: (unit: FieldUnit) => readonly UnitAct[], at: Instant, events: FieldEvent[]): void {
    due = undefined
    for (const kind of what(unitOf(device))) {
      if (kind === 'open' || kind === 'fuse blown') plant.setDevice(device, 'open')
      else if (kind === 'close' || kind === 'reclose') plant.setDevice(device, 'closed')
      events.push({ at, device, kind })
    }
  }

  /** Every relay and fuse looks at its current, until nothing moves any more. */
  function look(at: Instant, events: FieldEvent[]): void {
    for (let round = 0; plant.revision !== seenRevision; round++) {
      if (round > MAX_ROUNDS) throw new Error(`feeder ${file.name}: its devices keep moving each other at ${at} ms`)
      seenRevision = plant.revision
      plant.solve()
      for (const [device] of seeing) act(device, unit => unit.look(plant.through(device), at), at, events)
    }
  }

  function tick(at: Instant, events: FieldEvent[]): void {
    for (const [device, unit] of units) {
      const wants = unit.deadline()
      if (wants !== undefined && wants <= at) act(device, it => it.tick(at), at, events)
    }
  }

  function advance(now: Instant): FieldEvent[] {
    const events: FieldEvent[] = []
    for (let at = deadline(); at !== undefined && at <= now; at = deadline()) {
      tick(at, events)
      look(at, events)
    }
    look(now, events)
    return events
  }

  const tell = (device: string, what: (unit: FieldUnit) => readonly UnitAct[], now: Instant): FieldEvent[] => {
    unitOf(device)
    const events = advance(now)
    act(device, what, now, events)
    return [...events, ...advance(now)]
  }

  return {
    deadline,
    advance,
    command: (device, target, now) => tell(device, unit => unit.command(target, now), now),
    fail: (device, failure, isFailed, now) => tell(device, unit => unit.fail(failure, isFailed, now), now),
    relay: device => unitOf(device).view(),
    shows(ied) {
      const shown = plant.shows(ied)
      const unit = shown.pickup ? operated.get(ied) : undefined
      return unit?.view().isPickedUp === false ? { ...shown, ...NOTHING_SEEN } : shown
    },
  }
}

function unitFor(device: DeviceEntry, plant: FieldPlant): FieldUnit {
  if (device.kind === 'fuse') return fuseUnit(device, plant)
  const { sectionalizer } = device
  return sectionalizer === undefined ? relayUnit(device, plant) : sectionalizerUnit(device, sectionalizer, plant)
}

const NOTHING_SEEN = { pickup: false, phasePickup: false, groundPickup: false, highSet: false }

function earliest(units: Iterable<FieldUnit>): Instant | undefined {
  let first: Instant | undefined
  for (const unit of units) {
    const at = unit.deadline()
    if (at !== undefined && (first === undefined || at < first)) first = at
  }
  return first
}
