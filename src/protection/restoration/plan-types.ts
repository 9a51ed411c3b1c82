// What a restoration plan is made from, and what it says.

import type { Feeder } from '../../../topology/feeder.ts'
import type { PlanSettings } from './plan-settings.ts'

export interface PlanInput {
  /** With the positions as they are now: after the lockout, isolation as far as it has gone. */
  readonly feeder: Feeder
  /** Zones that may hold a fault, as `locate` names them. They are never fed. */
  readonly suspect: readonly string[]
  /**
   * Switching devices that must not be operated now, with the reason: tagged, in local control, failed, without a fresh
   * position, granted to another incident. They stay as they are: closed, they join what they part; unknown, they are
   * taken for both.
   */
  readonly barred?: ReadonlyMap<string, string>
  /** Whether a device can be operated from afar at all; by default where an IED of the file operates it, fuses never. */
  readonly isOperable?: (device: string) => boolean
  /**
   * Load before the fault as measured (10 to 15 minutes before, not now), over that of the feeder file, by zone. 1 where
   * nothing is said.
   */
  readonly loadShares?: ReadonlyMap<string, number>
  readonly settings?: Partial<PlanSettings>
}

export type PlanStep = OpenStep | ShedStep | CloseStep

interface EachStep {
  /** Steps are numbered from 1 in the order in which they are carried out; each waits for those in `after`. */
  readonly number: number
  readonly after: readonly number[]
}

/** A switching device opens. `isolate`: around the suspect zones; `split`: so that each part has one feed, or none. */
export interface OpenStep extends EachStep {
  readonly kind: 'open'
  readonly device: string
  readonly why: 'isolate' | 'split'
  /** Zones on both sides, in alphabetical order. */
  readonly between: readonly string[]
}

/** A load's sheddable share is dropped, so that the rest of its zone can be fed. */
export interface ShedStep extends EachStep {
  readonly kind: 'shed'
  readonly load: string
  readonly kw: number
}

/** A switching device closes into a dark group, from the side that is live by then. */
export interface CloseStep extends EachStep {
  readonly kind: 'close'
  readonly device: string
  /** The zone on the live side, and those that become live. */
  readonly from: string
  readonly feeds: readonly string[]
  /** Every device of the file that bounds what becomes live, but for `device`: all of these must be open, and grant it. */
  readonly boundary: readonly string[]
  /** Devices on the supplying path, nearest first, up to the source: these must grant it too. */
  readonly path: readonly string[]
  readonly source: string
  readonly check: PathFigures
}

/** What the check of a close found, in the state with all steps of the plan carried out. */
export interface PathFigures {
  /** The greatest current over rating on the supplying path and in the group, and where. 0 where nothing has a rating. */
  readonly loading: { readonly of: number; readonly at: string }
  /** The lowest voltage in the group. */
  readonly voltsPu: { readonly of: number; readonly at: string }
  /** The least fault current over pickup of whatever sees the group, and at which node; absent without relay settings. */
  readonly reach?: { readonly of: number; readonly at: string; readonly by: string }
  /** Amperes at the device that closes, the greatest of its phases. */
  readonly amps: number
}

/** Dark zones that stay dark, and why. */
export interface LeftDark {
  readonly zones: readonly string[]
  readonly kw: number
  readonly customers: number
  readonly why: string
}

export interface Plan {
  /**
   * `nothing-dark`: no healthy zone is without its source. `full`: all of them are fed again, without shedding. `partial`:
   * some are. `none`: none can be. `not-isolated`: a suspect zone cannot be parted from a source; nothing may be closed.
   */
  readonly outcome: 'nothing-dark' | 'full' | 'partial' | 'none' | 'not-isolated'
  readonly steps: readonly PlanStep[]
  /** Zones that are fed again. */
  readonly restored: readonly string[]
  readonly restoredKw: number
  /** Shed within restored zones. */
  readonly shedKw: number
  /** The suspect zones, joined over what could not part them, are not among these. */
  readonly left: readonly LeftDark[]
  /** Suspect zones with all that cannot be parted from them. */
  readonly isolated: readonly string[]
  /** Whether voltages go below the normal limit, though not below the emergency one. */
  readonly isEmergencyVoltage: boolean
  /** Whether the search ended at its bound: a better plan may exist. */
  readonly isCutShort: boolean
}

/** Healthy zones without a source that hang together through devices that are closed or may be closed. */
export interface DarkGroup {
  /** In alphabetical order; the first names the group. */
  readonly zones: readonly string[]
  readonly kw: number
  readonly customers: number
  /** Open devices with the group on one side and a live zone on the other, by name: each may lead. */
  readonly candidates: readonly string[]
  /** Every switching device of the file that bounds the group, by name, whatever its state. */
  readonly boundary: readonly string[]
}
