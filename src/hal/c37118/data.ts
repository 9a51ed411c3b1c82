// Data frames of IEEE C37.118.2: what each unit of a stream measured at one moment, and how far it can be trusted.

import type { QualityDetail } from '../port.ts'
import { type PmuConfiguration, type Reader, reader, type StreamConfiguration } from './configuration.ts'
import { C37118Error, type Frame } from './frame.ts'

/** A value that the unit does not have: NaN in all its parts. */
export interface RawPhasor {
  readonly magnitude: number
  readonly radians: number
}

export interface PmuData {
  readonly idCode: number
  /** In the order of the configuration's channels, primary RMS. */
  readonly phasors: readonly RawPhasor[]
  readonly frequencyHz: number
  readonly rocofHzPerS: number
  readonly doubts: readonly QualityDetail[]
  /** Of the unit's own clock. */
  readonly timeErrorSeconds: number
  /** The unit's configuration is about to change, within the minute. */
  readonly configurationChanges: boolean
}

export interface StreamData {
  readonly utcMicros: bigint
  readonly pmus: readonly PmuData[]
}

/** Bytes of content that a data frame of this configuration has. */
export const dataLength = ({ pmus }: StreamConfiguration): number => pmus.reduce((sum, pmu) => sum + lengthOf(pmu), 0)

const lengthOf = ({
  phasors,
  phasorsFloat,
  analogs,
  analogsFloat,
  digitals,
  frequencyFloat,
}: PmuConfiguration): number =>
  2 +
  phasors.length * (phasorsFloat ? 8 : 4) +
  (frequencyFloat ? 8 : 4) +
  analogs * (analogsFloat ? 4 : 2) +
  digitals * 2

/** @throws C37118Error when the frame does not fit the configuration */
export function decodeData(
  { content, soc, fraction, timeQuality }: Frame,
  configuration: StreamConfiguration,
): StreamData {
  const want = dataLength(configuration)
  if (content.length !== want) throw new C37118Error(`a data frame with ${content.length} bytes, want ${want}`)
  if (fraction >= configuration.timeBase)
    throw new C37118Error(`a fraction of ${fraction}, want less than ${configuration.timeBase}`)
  const micros = Math.round((fraction * 1_000_000) / configuration.timeBase)
  const take = reader(content)
  return {
    utcMicros: BigInt(soc) * 1_000_000n + BigInt(micros),
    pmus: configuration.pmus.map(pmu => pmuIn(take, pmu, messageTimeError(timeQuality))),
  }
}

function pmuIn(take: Reader, pmu: PmuConfiguration, messageError: number): PmuData {
  const stat = take.uint16()
  const phasors = pmu.phasors.map(({ perBit, turnRadians }) => {
    const { magnitude, radians } = phasorIn(take, pmu)
    return { magnitude: pmu.phasorsFloat ? magnitude : magnitude * perBit, radians: radians + turnRadians }
  })
  // Whole numbers: mHz from nominal, and hundredths of Hz/s.
  const [frequencyHz, rocofHzPerS] = pmu.frequencyFloat
    ? [take.float32(), take.float32()]
    : [pmu.nominalHz + take.int16() / 1000, take.int16() / 100]
  take.skip(pmu.analogs * (pmu.analogsFloat ? 4 : 2) + pmu.digitals * 2)
  return {
    idCode: pmu.idCode,
    phasors,
    frequencyHz,
    rocofHzPerS,
    doubts: doubtsIn(stat),
    timeErrorSeconds: Math.max(messageError, pmuTimeError(stat)),
    configurationChanges: (stat & 0x0400) !== 0,
  }
}

/** What stands for a value that is missing, as a whole number. In floating point it is NaN. */
const MISSING = 0x8000
const NONE: RawPhasor = { magnitude: Number.NaN, radians: Number.NaN }

function phasorIn(take: Reader, { polar, phasorsFloat }: PmuConfiguration): RawPhasor {
  if (phasorsFloat) {
    const [first, second] = [take.float32(), take.float32()]
    if (!Number.isFinite(first) || !Number.isFinite(second)) return NONE
    return polar ? { magnitude: first, radians: second } : fromRectangular(first, second)
  }
  const [first, second] = [take.uint16(), take.uint16()]
  if (second === MISSING) return NONE
  const signed = (word: number): number => (word << 16) >> 16
  // The magnitude runs over all 16 bits, the angle in 10^-4 radians.
  return polar
    ? { magnitude: first, radians: signed(second) / 10_000 }
    : first === MISSING
      ? NONE
      : fromRectangular(signed(first), signed(second))
}

const fromRectangular = (real: number, imaginary: number): RawPhasor => ({
  magnitude: Math.hypot(real, imaginary),
  radians: Math.atan2(imaginary, real),
})

/** Bits 15 and 14: 1 and 3 are errors of the unit, 2 is its test mode. Bit 9: somebody changed the data on the way. */
function doubtsIn(stat: number): QualityDetail[] {
  const error = stat >> 14
  return [
    ...(error === 1 || error === 3 ? (['failure'] as const) : []),
    ...(error === 2 ? (['inconsistent'] as const) : []),
    ...((stat & 0x0200) !== 0 ? (['inaccurate'] as const) : []),
  ]
}

/** The clock's error while it is locked: what the standard asks of a source of time, 1 µs. */
const LOCKED_SECONDS = 1e-6

/** The last four bits of the time quality: 0 locked, 1 to 11 less than 10^-9 to 10 s, 15 the clock has failed. */
function messageTimeError(timeQuality: number): number {
  const code = timeQuality & 0x0f
  if (code === 0) return LOCKED_SECONDS
  return code <= 11 ? 10 ** (code - 10) : Number.POSITIVE_INFINITY
}

/**
 * Bit 13: not in step with UTC. Bit 12: sorted by arrival, because the time stamp is no good. Bits 8 to 6: 0 not used, 1 to 6
 * less than 10^-7 to 10^-2 s, 7 more or unknown.
 */
function pmuTimeError(stat: number): number {
  if ((stat & 0x3000) !== 0) return Number.POSITIVE_INFINITY
  const code = (stat >> 6) & 7
  if (code === 0) return 0
  return code === 7 ? Number.POSITIVE_INFINITY : 10 ** (code - 8)
}
