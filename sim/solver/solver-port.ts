// What the solver is asked and what it answers: the steady state of a whole feeder, phase by phase, for any position of
// its devices, any level of load and any faults.
//
// All figures are of the fundamental: phasors whose size is RMS, in volts to ground, amperes and volt-amperes of the
// place where they are taken. Angles refer to phase a of a source at zero degrees.

import type { FeederFile, Phase } from '../../topology/feeder-file.ts'
import type { PhaseComplex } from './complex.ts'

export type End = 'from' | 'to'

export type FaultPlace =
  | { readonly node: string }
  /** 0 at the section's `from`, 1 at its `to`, always inside of it: what enters the section feeds the fault. */
  | { readonly section: string; readonly position: number }

/** `line-line-ground` and `three-phase` connect to ground; `line-line` does not. */
export type FaultKind = 'line-ground' | 'line-line' | 'line-line-ground' | 'three-phase'

export interface FaultAt {
  readonly at: FaultPlace
  readonly kind: FaultKind
  /** One for a line to ground, two for two lines, three for all. */
  readonly phases: readonly Phase[]
  /**
   * Of the arc: from each phase to ground for `line-ground` and `three-phase`, between the phases for `line-line`; from
   * the two phases, which touch, to ground for `line-line-ground`.
   */
  readonly resistanceOhm: number
}

export interface OperatingState {
  readonly isOpen: (device: string) => boolean
  /** Of a load, generator or capacitor. */
  readonly isConnected: (name: string) => boolean
  /** Multiplies the kw and kvar of the feeder file. */
  readonly loadShare: (load: string) => number
  readonly generationShare: (generator: string) => number
  readonly faults: readonly FaultAt[]
  /**
   * Sections whose side away from the source has this many times the voltage that it would have: a disturbance of
   * whatever cause. 0 or more.
   */
  readonly depressed: ReadonlyMap<string, number>
}

/** What one load, generator, capacitor or source has at its terminals. Zero where it is dark or disconnected. */
export interface Terminal {
  /** Line currents. Loads and capacitors: drawn. Generators and sources: produced. */
  readonly amps: PhaseComplex
  /** Volt-amperes, phase by phase to ground; in the same direction. */
  readonly power: PhaseComplex
}

export interface Solution {
  /** Otherwise the figures are those of the last iteration, and may be anything. */
  readonly converged: boolean
  readonly iterations: number
  /** A path of closed sections leads from a source to one of its phases at least. */
  readonly isEnergised: (node: string) => boolean
  /** To ground; zero where not energised. */
  readonly volts: (node: string) => PhaseComplex
  /** Flowing into the section at that end. Zero where a device is open there. */
  readonly current: (section: string, end: End) => PhaseComplex
  /** Volt-amperes that flow into the section at that end. */
  readonly powerInto: (section: string, end: End) => PhaseComplex
  /**
   * What goes in at both ends less what loads along the section draw, in VA. The sum is the loss; of a single phase it
   * can be negative, since phases are coupled. With a fault on the section, the fault's share counts as a loss.
   */
  readonly losses: (section: string) => PhaseComplex
  /** From the feeder into the fault, by its index in `faults`. */
  readonly faultAmps: (index: number) => PhaseComplex
  /** At the fault, to ground. */
  readonly faultVolts: (index: number) => PhaseComplex
  /** Line to neutral: what 1 per unit is at the fault, which may be on either side of a transformer. */
  readonly faultNominalVolts: (index: number) => number
  readonly load: (name: string) => Terminal
  readonly capacitor: (name: string) => Terminal
  readonly generator: (name: string) => Terminal
  readonly source: (name: string) => Terminal
}

export interface Solver {
  /** Line to neutral: what 1 per unit is at this node. */
  readonly nominalVolts: (node: string) => number
  /**
   * The steady state; a pure function of `state`. With faults, sources and rotating machines keep the voltage behind
   * their impedance that they had before.
   *
   * @throws RangeError for a fault at a place or on phases that the feeder does not have
   */
  readonly solve: (state: OperatingState) => Solution
}

/** As in the feeder file: devices in their normal state, everything connected, all loads in full, no faults. */
export function normalState(file: FeederFile): OperatingState {
  const open = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ name }) => name))
  return {
    isOpen: device => open.has(device),
    isConnected: () => true,
    loadShare: () => 1,
    generationShare: () => 1,
    faults: [],
    depressed: new Map(),
  }
}
