// The hardware abstraction layer's port: one field device as the rest of the agent sees it.

import type { Instant, UtcMs } from '../../topology/units.ts'

export type HalErrorCode = 'HAL_TIMEOUT' | 'HAL_UNREACHABLE' | 'HAL_BAD_FRAME' | 'HAL_REFUSED' | 'HAL_UNSUPPORTED'

/** A field device did not do as asked. Branch on `code`; the message is for people and may change. */
export class HalError extends Error {
  override readonly name = 'HalError'
  readonly code: HalErrorCode
  constructor(code: HalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export interface PerPhase<T = number> {
  readonly a?: T
  readonly b?: T
  readonly c?: T
}

/** RMS magnitude, and angle against phase a's nominal voltage at the source; angles count from the same moment. */
export interface Phasor {
  readonly magnitude: number
  readonly degrees: number
}

/** Symmetrical components of three phases; a phase that is not there counts as zero. */
export interface Sequence {
  readonly zero: Phasor
  readonly positive: Phasor
  readonly negative: Phasor
}

/** Volts line to neutral and amps, primary. */
export interface Phasors {
  readonly volts: PerPhase<Phasor>
  readonly amps: PerPhase<Phasor>
  readonly sequence: { readonly volts: Sequence; readonly amps: Sequence }
  /** The sum of the phase currents, 3I0. */
  readonly residualAmps: number
}

/** Samples of primary volts (line to neutral) and amps, evenly spaced. */
export interface Waveform {
  readonly samplesPerSecond: number
  /** Index of the first sample after the change that the record was taken for. */
  readonly changeAt: number
  readonly volts: PerPhase<readonly number[]>
  readonly amps: PerPhase<readonly number[]>
}

/**
 * Why a value is not to be trusted fully, in the words of IEC 61850-7-3 (detailQual): `overflow` beyond what the device
 * can show, `outOfRange` beyond what can be, `badReference` uncalibrated, `oscillatory` flutters, `failure` of the device
 * or its sensor, `oldData` not renewed in time, `inconsistent` with other values, `inaccurate`.
 */
export type QualityDetail =
  | 'overflow'
  | 'outOfRange'
  | 'badReference'
  | 'oscillatory'
  | 'failure'
  | 'oldData'
  | 'inconsistent'
  | 'inaccurate'

/**
 * What is wrong with single values, by their name in `feeds.ts`. A value that is there and is named here is questionable:
 * shown, and neither billed nor acted on. One that is absent and named here is invalid, and this says why. All that is
 * there and not named is good.
 */
export type Doubts = { readonly [feed: string]: readonly QualityDetail[] }

/** What a device says of itself. A field that cannot be read is absent. */
export interface DeviceIdentity {
  readonly manufacturer?: string
  readonly model?: string
  readonly serialNumber?: string
  readonly firmware?: string
  /** SHA-256, hex, over the registers that the device map names as its settings. */
  readonly configurationHash?: string
}

/** A stretch of samples, evenly spaced and gapless: one number a channel and moment, primary volts (line to neutral) and amps. */
export interface SampleBlock {
  /** Of the first sample. */
  readonly at: Instant
  readonly utc: UtcMs
  readonly samplesPerSecond: number
  /** Samples before this block that are missing since the block before; 0 where the two join. */
  readonly lost: number
  /** As many in each channel; at least one. */
  readonly volts: PerPhase<Float64Array>
  readonly amps: PerPhase<Float64Array>
  /** Digital inputs by their name, one byte a sample, 0 or 1. */
  readonly digitals?: { readonly [name: string]: Uint8Array }
}

/** What a phasor measurement unit sends 10 to 120 times a second (IEEE C37.118.2, IEC/IEEE 60255-118-1). */
export interface PhasorFrame {
  readonly at: Instant
  /** The moment that the phasors are of, µs since 1970 in UTC. */
  readonly utcMicros: bigint
  /** Bound of the clock's error in seconds; infinite when it is not synchronised: then angles mean nothing elsewhere. */
  readonly timeErrorSeconds: number
  readonly volts: PerPhase<Phasor>
  /** On the other side of the switching device than the IED's own node, where the unit measures it. */
  readonly farVolts?: PerPhase<Phasor>
  readonly amps: PerPhase<Phasor>
  /** Of the own side. */
  readonly frequencyHz: number
  readonly rocofHzPerS: number
  /** The unit says itself that the data is not valid, or it was in test. Not to be acted on. */
  readonly doubts?: readonly QualityDetail[]
}

export type EnergyRegister = 'importWh' | 'exportWh' | 'importVarh' | 'exportVarh'

/** What to read of a meter: what changes from second to second, the registers of energy, what hardly ever changes. */
export type SlowClass = 'measurement' | 'energy' | 'rare'

/** Slow class: what a meter shows. A value that the device lacks is absent, never zero. */
export interface Measurement {
  readonly at: Instant
  readonly utc: UtcMs
  /** Line to neutral, primary volts RMS. */
  readonly volts?: PerPhase
  /** Primary amperes RMS. */
  readonly amps?: PerPhase
  /** Positive flows downstream, to the customer. */
  readonly kw?: PerPhase
  readonly kvar?: PerPhase
  readonly frequencyHz?: number
  readonly voltsLineToLine?: { readonly ab?: number; readonly bc?: number; readonly ca?: number }
  readonly neutralAmps?: number
  readonly kva?: PerPhase
  /** -1..1, with the sign that the device gives it. */
  readonly powerFactor?: PerPhase
  /** Of all phases, as the device itself sums them. */
  readonly total?: {
    readonly kw?: number
    readonly kvar?: number
    readonly kva?: number
    readonly powerFactor?: number
  }
  readonly thdVoltsPercent?: PerPhase
  readonly thdAmpsPercent?: PerPhase
  readonly unbalanceVoltsPercent?: number
  readonly unbalanceAmpsPercent?: number
  /** From devices that measure angles. */
  readonly phasors?: Phasors
  /** Register that only grows, in whole watt-hours of energy delivered. */
  readonly importWh?: bigint
  /** Energy received from the customer's generator. */
  readonly exportWh?: bigint
  /** Reactive energy, whole var-hours, registers that only grow. */
  readonly importVarh?: bigint
  readonly exportVarh?: bigint
  /** Where a register of energy begins again at 0, in its unit; absent where that is not known. */
  readonly rollsOverAt?: { readonly [register in EnergyRegister]?: bigint }
  readonly temperatureC?: number
  /** Of further probes, by their number in the device map. */
  readonly temperaturesC?: { readonly [probe: string]: number }
  readonly doubts?: Doubts
}

export type Position = 'open' | 'closed' | 'unknown'

/** Fast class: what the relay inside the device reports. All of it is decided in the device. */
export interface Status {
  readonly at: Instant
  /** Of the switching device, or of the generator's or capacitor's contactor. Absent where there is none. */
  readonly position?: Position
  readonly shed?: boolean
  /** The device's own fault element, phase or ground, is picked up now. */
  readonly pickup?: boolean
  /** Its ground element is, where the device tells them apart. */
  readonly groundPickup?: boolean
  /**
   * Its high-set element for the fast trip of the interlock is picked up now: directional, above load and inrush, and
   * restrained by second harmonic, where the device can do that.
   */
  readonly highSet?: boolean
  /** The device's own relay has tripped (latched until reset or closed). */
  readonly tripped?: boolean
  /** Open, and its own relay will not close it any more. */
  readonly lockedOut?: boolean
  /** A person has tagged it: work on the live line, so nothing may close it. */
  readonly hotLineTag?: boolean
  /** Switched to local control: nothing from afar may operate it. */
  readonly local?: boolean
  /** Voltage element 27: at least one phase is below the sag threshold now. */
  readonly sag?: boolean
  /** Loss of all phases. */
  readonly dead?: boolean
  /** The device's own supply has failed, so that it and this agent run on battery. Where it is absent, `dead` stands for it. */
  readonly powerFail?: boolean
  /** Loss of all phases on the other side of the switching device than the IED's own node. */
  readonly farDead?: boolean
  /** The device's own sync check (25): both sides are live, and alike in magnitude, frequency and angle. */
  readonly inSync?: boolean
  /** Bit n: line sensors see disturbance current enter the n-th observed section. */
  readonly entered?: number
  /** Bit n: it also leaves that section towards others downstream. */
  readonly left?: number
  /** Lowest voltage of the disturbance that the line sensors see, per unit of nominal. */
  readonly residualPu?: number
  /** Digital inputs beside the switching device, by their number in the device map. */
  readonly inputs?: { readonly [input: string]: boolean }
  readonly doubts?: Doubts
}

/**
 * `trip`: as if the device's own relay had tripped it, so that it recloses as it does then, and shows `tripped`. `open`: it
 * stays open.
 */
export type Operation = 'open' | 'close' | 'trip' | 'shed' | 'restore'

/** One field device. Every method may be called at any time; after `close` all of them reject with HAL_UNREACHABLE. */
export interface Hal {
  /**
   * @param classes what at least to read; everything when it is left out. A driver that reads everything at once may.
   * @throws HalError HAL_TIMEOUT, HAL_UNREACHABLE, HAL_BAD_FRAME, HAL_REFUSED (the device lacks what its map says)
   */
  measure(classes?: readonly SlowClass[]): Promise<Measurement>
  /** @throws HalError as `measure` */
  status(): Promise<Status>
  /**
   * Writes, then reads back until the device confirms. Resolves when it has. Absent from a driver that was built read
   * only: nothing in it can write.
   * A time-out means *unknown*, neither done nor failed: read `status`.
   * @throws HalError HAL_REFUSED, HAL_UNSUPPORTED (no such output in the device map), HAL_TIMEOUT, HAL_UNREACHABLE
   */
  operate?(operation: Operation): Promise<void>
  /** What it can be told to do, where the driver knows before it is told. */
  readonly operations?: readonly Operation[]
  /** Lamps, horns, auxiliary relays beside the switching device, by name. Absent where there are none, or none may be written. */
  readonly outputs?: readonly string[]
  /**
   * Switches one of `outputs` on or off. Resolves when the device has taken it, and shows it where its map says how.
   * Twice is as good as once. @throws HalError as `operate`
   */
  drive?(output: string, on: boolean): Promise<void>
  /**
   * Only at a device that tells of its own accord: runs when its status may have changed. Absent at a device that must
   * be polled. @returns the end of it
   */
  onChange?(run: () => void): () => void
  /** Who the device says it is. Absent from a driver that cannot ask. @throws HalError as `measure` */
  identity?(): Promise<DeviceIdentity>
  /**
   * Only at a source of waveforms: hands each stretch of samples over as it comes, from the first call on. The receiver may
   * keep the arrays. @returns the end of it
   */
  onSamples?(run: (block: SampleBlock) => void): () => void
  /** Only at a source of synchrophasors. @returns the end of it */
  onPhasors?(run: (frame: PhasorFrame) => void): () => void
  /** The device's last record around a change. Absent from devices that keep none. @throws HalError as `measure` */
  waveform?(request: { readonly cycles: number; readonly samplesPerCycle: number }): Promise<Waveform>
  /** Idempotent. */
  close(): Promise<void>
}

/** A field device that can be told to do something. */
export type OperatingHal = Hal & Required<Pick<Hal, 'operate'>>
