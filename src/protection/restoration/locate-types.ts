// What is told of the devices around a fault, and what that says about its place.

import type { DevicePosition, Feeder } from '../../../topology/feeder.ts'

export type Seen = 'yes' | 'no' | 'unknown'

/** What one switching device's IED tells. What is missing, stale or of a test is `unknown`: never "no". */
export interface DeviceFacts {
  /** Fault current passed it (a fault-passage indicator, or its own pickup). */
  readonly passage: Seen
  /** How long ago fault current last ended here, by the IED's own monotonic clock, ms; 0 while it passes. Absent: not known. */
  readonly passedAgoMs?: number
  /**
   * The zone beside it toward which the fault current flowed, where it can tell. Without it the current is taken to come
   * from the source, unless a generator on the other side could have brought it.
   */
  readonly toward?: string
  /** By zone beside it (`zonesBeside`): whether that side is dead now. Absent: unknown. */
  readonly dead?: Readonly<Record<string, boolean>>
  /** As read from the device now. */
  readonly position: DevicePosition
  /** Open, and its own relay will not close it any more. */
  readonly lockedOut: boolean
}

export interface LocateInput {
  /** With the positions from just before the fault. */
  readonly before: Feeder
  /** By device; one that is missing has told nothing. */
  readonly facts: ReadonlyMap<string, DeviceFacts>
}

export type Located =
  /** Nothing passed anywhere and nothing has locked out. */
  | { readonly kind: 'no-fault' }
  /** A recloser may still clear it: a device has seen the fault, and none has locked out. */
  | { readonly kind: 'wait'; readonly why: string }
  /** One entry for each fault: zones joined over what is not known. `why` is for people. */
  | { readonly kind: 'located'; readonly suspects: readonly Suspect[]; readonly why: readonly string[] }
  /** The facts contradict each other: nothing may be operated on them. */
  | { readonly kind: 'undetermined'; readonly why: readonly string[] }

export interface Suspect {
  /** In alphabetical order. More than one where facts are missing in between. */
  readonly zones: readonly string[]
  /** What interrupted it. */
  readonly lockedOut: string
}
