// What a plant offers: the feeder's given state by setters, and what its instruments show in that state.
//
// A setter changes what is given; the next look solves the feeder again, once. There is no clock and no chance in it.

import type { PerPhase, Phasors, Waveform } from '../../src/hal/port.ts'
import type { FeederFile, Phase } from '../../topology/feeder-file.ts'

export type DevicePosition = 'open' | 'closed'

/** A voltage that everything fed through the section is held down to, whatever its cause. */
export interface Disturbance {
  readonly section: string
  readonly residualPu: number
}

export type FaultKind = 'line-ground' | 'line-line' | 'line-line-ground' | 'three-phase'

/** A short circuit on a section or at a node: exactly one of the two. */
export interface Fault {
  /** What `clearFault` asks for; by default the section's or node's name. A second fault there needs a name of its own. */
  readonly name?: string
  readonly section?: string
  /** Along the section: 0 at its `from`, 1 at its `to`. By default in the middle. */
  readonly position?: number
  /** A bus: its fault lies in no section, so line sensors see it leave the section that feeds it and enter no other. */
  readonly node?: string
  /** By default three-phase, or whatever a place with fewer phases can have at the most. */
  readonly kind?: FaultKind
  /** Which ones; by default the first of the place that the kind takes. */
  readonly phases?: readonly Phase[]
  /**
   * Of the arc: from each phase to ground, between the phases of a line-line fault, and of a line-line-ground one from the
   * two phases, which touch, to ground. By default none: bolted.
   */
  readonly resistanceOhm?: number
}

/** What the instruments of one IED show. Phases that the node lacks are absent. */
export interface Shown {
  /** Line to neutral, primary volts RMS. */
  readonly volts: PerPhase
  /** Primary amperes RMS through the device it operates, else of what it meters, else into its node. */
  readonly amps: PerPhase
  /** Positive flows away from the source, to the customer. */
  readonly kw: PerPhase
  readonly kvar: PerPhase
  /** Absent while dead. */
  readonly frequencyHz?: number
  /** Of the device, generator, capacitor or load that it operates. */
  readonly position?: DevicePosition
  /** Absent where nothing can be shed. */
  readonly shed?: boolean
  /** All phases below 0.1 pu. */
  readonly dead: boolean
  /** At least one phase fell below 0.9 pu and has not risen above 0.92 since. */
  readonly sag: boolean
  /** An element of the relay is picked up: phase or ground. */
  readonly pickup: boolean
  readonly phasePickup: boolean
  readonly groundPickup: boolean
  /** The high-set element of the interlock's fast trip is. */
  readonly highSet: boolean
  /** All phases on the other side of the switching device that it operates are below 0.1 pu. Absent without one. */
  readonly farDead?: boolean
  /** Its sync check: both sides are live and alike. Absent where `farDead` is. */
  readonly inSync?: boolean
  /** Bit n: fault or disturbance current enters the n-th observed section, or leaves it towards others. */
  readonly entered: number
  readonly left: number
  /** Lowest voltage of what passes the observed sections, per unit. Absent while nothing does. */
  readonly residualPu?: number
}

/** Through a switching device: primary amperes RMS. */
export interface DeviceCurrent {
  readonly amps: PerPhase
  /** The sum of the phases, 3I0: what a ground element measures. */
  readonly residualAmps: number
}

export interface WaveformRequest {
  /** Half of them before the last change of the network, half after. 1 to 64. */
  readonly cycles: number
  /** 4 to 1024. */
  readonly samplesPerCycle: number
}

/** @throws RangeError from its methods, for a name that the file does not have and for a fault that cannot be */
export interface Plant {
  readonly file: FeederFile
  /** Grows with each change of what is given: what was read at one revision holds until the next. */
  readonly revision: number
  /** Until called, loads have the feeder file's values. */
  setTimeOfDay(seconds: number): void
  setDevice(name: string, position: DevicePosition): void
  /** Where the contacts are now. */
  position(device: string): DevicePosition
  setShed(load: string, isShed: boolean): void
  setGenerator(name: string, isConnected: boolean): void
  setCapacitor(name: string, isConnected: boolean): void
  /** Connects or disconnects a whole load, as a meter's contactor does. */
  setLoad(name: string, isConnected: boolean): void
  /** Multiplies loads and generation. 0 stops all energy. */
  setLoadScale(scale: number): void
  /** Share of the load's value in the feeder file, in place of the day's; `undefined`: the day's again. */
  setLoadShare(load: string, share: number | undefined): void
  disturb(disturbance: Disturbance): void
  clearDisturbance(section: string): void
  /** Stays until cleared; without a feeding path it does nothing. One of the same name is replaced. */
  fault(fault: Fault): void
  /** By the fault's name, which is its section's or node's unless it was given one. None there: nothing happens. */
  clearFault(name: string): void
  /** Brings everything shown up to date. `shows`, `phasors`, `through`, `waveform` and `snapshot` do it too. */
  solve(): void
  shows(ied: string): Shown
  /** As `shows`, with angles: of the same volts and amps. */
  phasors(ied: string): Phasors
  /** The instrument's volts and amps as they were around the last change of switching, fault or disturbance. */
  waveform(ied: string, request: WaveformRequest): Waveform
  /** Of every switching device, whether an IED operates it or not. */
  through(device: string): DeviceCurrent
  snapshot(): PlantSnapshot
}

/** For display. */
export interface PlantSnapshot {
  readonly positions: Readonly<Record<string, DevicePosition>>
  readonly deadNodes: readonly string[]
  /** Loads that are shed. */
  readonly shed: readonly string[]
  /** Loads, generators and capacitors that are disconnected. */
  readonly disconnected: readonly string[]
  readonly disturbances: readonly Disturbance[]
  readonly faults: readonly Fault[]
  /** Lowest phase of each energised node. */
  readonly voltsPu: Readonly<Record<string, number>>
  /** Otherwise the feeder cannot carry what is asked of it, and the figures are only the nearest that was found. */
  readonly converged: boolean
}
