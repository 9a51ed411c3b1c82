// Everything in the field that works by itself: the relay inside each switching device, its reclosing, and the fuses.
//
// The field has no timers. Its owner, on real or virtual time, calls `advance` when the deadline is due and after each
// change of the plant; what the relays do changes the plant in turn, and every relay sees that at once. All devices of
// the file are worked, with an IED or without.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { Instant } from '../../topology/units.ts'
import type { Plant } from './plant-port.ts'

export interface FieldEvent {
  readonly at: Instant
  readonly device: string
  readonly kind: /** An element of the relay is picked up, or all of them have dropped out. */
    | 'pickup'
    | 'dropout'
    /** The relay decided to open its device. */
    | 'trip'
    /** Contacts parted, or a fuse's arc is out. */
    | 'open'
    /** Contacts closed because somebody told them to. */
    | 'close'
    /** Contacts closed at the end of a dead time. */
    | 'reclose'
    /** The last shot is spent: open until somebody closes it. */
    | 'lockout'
    | 'fuse blown'
    /** Told to move, it did not. */
    | 'stuck'
}

/** What the relay in a device says of itself. */
export interface RelayView {
  readonly isPickedUp: boolean
  /** Its own relay has tripped it; latched until the device is closed. */
  readonly isTripped: boolean
  /** Open for good: the shots are spent, or it was told to open. */
  readonly isLockedOut: boolean
  /** Open, and about to close by itself. */
  readonly isReclosing: boolean
}

export type InjectedFailure =
  /** The contacts do not move, whoever tells them to. */
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
   * no coil: closing it is putting in a new link, opening it is taking the link out.
   *
   * @throws RangeError for a device that the file does not have
   */
  command(device: string, target: 'open' | 'close', now: Instant): readonly FieldEvent[]
  /** Injects a failure into a device, or mends it. */
  fail(device: string, failure: InjectedFailure, isFailed: boolean, now: Instant): readonly FieldEvent[]
  /** @throws RangeError for a device that the file does not have */
  relay(device: string): RelayView
}

export type CreateField = (file: FeederFile, plant: Plant) => Field
