// A recording as IEEE C37.111 (COMTRADE) has it, whatever its year and its format on disk.

/** `P`: values are primary already. `S`: they are secondary, and the ratio makes them primary. */
export type Side = 'P' | 'S'

export interface AnalogChannel {
  /** From 1, in the order of the file. */
  readonly number: number
  readonly name: string
  /** As the file says it, often empty. */
  readonly phase: string
  /** The circuit component that is measured, often empty. */
  readonly component: string
  readonly unit: string
  /** value = multiplier × what is in the data file + offset, in `unit`. */
  readonly multiplier: number
  readonly offset: number
  /** How much later than the sample's time this channel was sampled. */
  readonly skewSeconds: number
  readonly primary: number
  readonly secondary: number
  readonly side: Side
}

export interface DigitalChannel {
  readonly number: number
  readonly name: string
  readonly phase: string
  readonly component: string
  /** The state that is normal, 0 or 1. */
  readonly normal: number
}

export type Revision = 1991 | 1999 | 2013
export type DataFormat = 'ASCII' | 'BINARY' | 'BINARY32' | 'FLOAT32'

export interface Rate {
  readonly hz: number
  /** The last sample taken at this rate, counted from 1. */
  readonly lastSample: number
}

/** A date and time as the file says it. */
export interface Stamp {
  readonly text: string
  /** As if it were UTC: what it is in, `Header.utcOffsetMinutes` says. Absent where the text is no date. */
  readonly nanos?: bigint
  /** Digits behind the seconds; more than six make time stamps in the data nanoseconds. */
  readonly digits: number
}

export interface Header {
  readonly station: string
  readonly device: string
  /** As the file says it, and what it is read as. */
  readonly revisionText: string
  readonly revision: Revision
  readonly analog: readonly AnalogChannel[]
  readonly digital: readonly DigitalChannel[]
  /** Nominal; 0 where the file does not know. */
  readonly lineHz: number
  /** Empty, or with a rate of 0: time stamps say when each sample was taken. */
  readonly rates: readonly Rate[]
  readonly declaredSamples: number
  /** Of the first sample. */
  readonly start: Stamp
  readonly trigger: Stamp
  readonly format: DataFormat
  readonly timeMultiplier: number
  /** From 2013 on, where said: the stamps' distance from UTC. */
  readonly utcOffsetMinutes?: number
  /** From 2013 on: the time quality code of IEEE C37.118, 0 (locked) to F (not reliable). */
  readonly timeQuality?: string
}

export interface ComtradeRecord {
  readonly file: string
  readonly header: Header
  /** Samples that are there. */
  readonly samples: number
  /** Seconds from the first sample, ascending. */
  readonly times: Float64Array
  /** Samples a second, where they are evenly spaced (within 1 %, as of a recorder that follows the frequency). */
  readonly evenHz?: number
  /** Trigger after the first sample; absent without dates. */
  readonly triggerSeconds?: number
  /** By channel, in its unit as recorded; NaN where the value is missing. */
  readonly analog: readonly Float64Array[]
  /** By channel, 0 or 1. */
  readonly digital: readonly Uint8Array[]
  /** What the file says and is not so, one line each, at most `limits.notes`. */
  readonly notes: readonly string[]
}

/**
 * A file comes from anywhere, so what it may cost is fixed here and checked before anything is allocated. A recorder
 * of 24 channels at 256 samples a cycle fills them in three quarters of a minute of 60 Hz.
 */
export const limits = {
  headerBytes: 1024 * 1024,
  dataBytes: 256 * 1024 * 1024,
  channels: 4096,
  rates: 10_000,
  rateHz: 10_000_000,
  leastRateHz: 0.001,
  lineHz: 1000,
  /** Analog values and time stamps, 8 bytes each. */
  values: 16 * 1024 * 1024,
  /** One byte each. */
  digitalValues: 128 * 1024 * 1024,
  notes: 20,
} as const
