// What a phasor measurement unit writes: configuration and data frames of IEEE C37.118.2, from the sending side.

import type { PmuConfiguration, StreamConfiguration } from '../../src/hal/c37118/configuration.ts'
import { encodeFrame, viewOf } from '../../src/hal/c37118/frame.ts'

/** As it stands in frames, and not yet decided: raw names, units and counts that a test may choose at will. */
export interface PmuShape extends PmuConfiguration {
  /** Of the analog channels and the bits of the digital words; blanks where fewer are given. */
  readonly otherNames?: readonly string[]
  /** A word for each analog channel, two for each digital one. */
  readonly analogUnits?: readonly number[]
  readonly digitalMasks?: readonly (readonly [normal: number, valid: number])[]
}
export interface StreamShape extends StreamConfiguration {
  readonly pmus: readonly PmuShape[]
}

export interface Stamp {
  readonly idCode: number
  readonly soc: number
  readonly fraction: number
  readonly timeQuality: number
}

export interface PmuValues {
  readonly stat: number
  /** In volts and amps; undefined is missing. */
  readonly phasors: readonly ({ readonly magnitude: number; readonly radians: number } | undefined)[]
  readonly frequencyHz: number
  readonly rocofHzPerS: number
  readonly analogs?: readonly number[]
  readonly digitals?: readonly number[]
}

const formatOf = ({ polar, phasorsFloat, analogsFloat, frequencyFloat }: PmuConfiguration): number =>
  Number(polar) | (Number(phasorsFloat) << 1) | (Number(analogsFloat) << 2) | (Number(frequencyFloat) << 3)

const uint16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff]
const uint32 = (value: number): number[] => [...uint16(value >>> 16), ...uint16(value & 0xffff)]
function float32(value: number): number[] {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setFloat32(0, value)
  return [...bytes]
}
const padded = (name: string): number[] => [...Buffer.from(name.padEnd(16).slice(0, 16), 'latin1')]
const counted = (name: string): number[] => [Buffer.byteLength(name), ...Buffer.from(name)]

const rateOf = (framesPerSecond: number): number =>
  framesPerSecond >= 1 ? framesPerSecond : -Math.round(1 / framesPerSecond)

export function encodeConfiguration2(stream: StreamShape, stamp: Stamp): Uint8Array {
  const pmus = stream.pmus.flatMap(pmu => [
    ...padded(pmu.station),
    ...uint16(pmu.idCode),
    ...[formatOf(pmu), pmu.phasors.length, pmu.analogs, pmu.digitals].flatMap(uint16),
    ...pmu.phasors.flatMap(({ name }) => padded(name)),
    ...Array.from({ length: pmu.analogs + 16 * pmu.digitals }, (_, i) => padded(pmu.otherNames?.[i] ?? '')).flat(),
    ...pmu.phasors.flatMap(({ kind, perBit }) => uint32(((kind === 'amps' ? 1 : 0) << 24) | Math.round(perBit * 1e5))),
    ...Array.from({ length: pmu.analogs }, (_, i) => uint32(pmu.analogUnits?.[i] ?? 1)).flat(),
    ...Array.from({ length: pmu.digitals }, (_, i) => (pmu.digitalMasks?.[i] ?? [0, 0xffff]).flatMap(uint16)).flat(),
    ...uint16(pmu.nominalHz === 50 ? 1 : 0),
    ...uint16(pmu.changes),
  ])
  const content = [...uint32(stream.timeBase), ...uint16(stream.pmus.length), ...pmus]
  return encodeFrame({
    kind: 'config2',
    ...stamp,
    content: Uint8Array.from([...content, ...uint16(rateOf(stream.framesPerSecond))]),
  })
}

export function encodeConfiguration3(stream: StreamShape, stamp: Stamp): Uint8Array {
  const pmus = stream.pmus.flatMap(pmu => [
    ...counted(pmu.station),
    ...uint16(pmu.idCode),
    ...new Array(16).fill(0),
    ...[formatOf(pmu), pmu.phasors.length, pmu.analogs, pmu.digitals].flatMap(uint16),
    ...pmu.phasors.flatMap(({ name }) => counted(name)),
    ...Array.from({ length: pmu.analogs + 16 * pmu.digitals }, (_, i) => counted(pmu.otherNames?.[i] ?? '')).flat(),
    ...pmu.phasors.flatMap(({ kind, perBit, turnRadians }) => [
      ...uint16(0),
      kind === 'amps' ? 0b1100 : 0b0100,
      0,
      ...float32(perBit),
      ...float32(turnRadians),
    ]),
    ...Array.from({ length: pmu.analogs }, () => [...float32(1), ...float32(0)]).flat(),
    ...Array.from({ length: pmu.digitals }, (_, i) => (pmu.digitalMasks?.[i] ?? [0, 0xffff]).flatMap(uint16)).flat(),
    ...[Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY].flatMap(float32),
    'P'.charCodeAt(0),
    ...uint32(40_000),
    ...uint32(20_000),
    ...uint16(pmu.nominalHz === 50 ? 1 : 0),
    ...uint16(pmu.changes),
  ])
  const content = [...uint16(0), ...uint32(stream.timeBase), ...uint16(stream.pmus.length), ...pmus]
  return encodeFrame(
    { kind: 'config3', ...stamp, content: Uint8Array.from([...content, ...uint16(rateOf(stream.framesPerSecond))]) },
    2,
  )
}

export function encodeData(stream: StreamShape, values: readonly PmuValues[], stamp: Stamp): Uint8Array {
  const pmus = stream.pmus.flatMap((pmu, index) => {
    const { stat, phasors, frequencyHz, rocofHzPerS, analogs = [], digitals = [] } = values[index] as PmuValues
    const frequency = pmu.frequencyFloat
      ? [...float32(frequencyHz), ...float32(rocofHzPerS)]
      : [...uint16(Math.round((frequencyHz - pmu.nominalHz) * 1000)), ...uint16(Math.round(rocofHzPerS * 100))]
    return [
      ...uint16(stat),
      ...pmu.phasors.flatMap((channel, place) => phasorBytes(pmu, channel.perBit, phasors[place])),
      ...frequency,
      ...Array.from({ length: pmu.analogs }, (_, i) => (pmu.analogsFloat ? float32 : uint16)(analogs[i] ?? 0)).flat(),
      ...Array.from({ length: pmu.digitals }, (_, i) => uint16(digitals[i] ?? 0)).flat(),
    ]
  })
  return encodeFrame({ kind: 'data', ...stamp, content: Uint8Array.from(pmus) })
}

function phasorBytes(
  { polar, phasorsFloat }: PmuConfiguration,
  perBit: number,
  phasor: PmuValues['phasors'][number],
): number[] {
  if (phasor === undefined) {
    return phasorsFloat ? [...float32(Number.NaN), ...float32(Number.NaN)] : [...uint16(0x8000), ...uint16(0x8000)]
  }
  const { magnitude, radians } = phasor
  const [real, imaginary] = [magnitude * Math.cos(radians), magnitude * Math.sin(radians)]
  if (phasorsFloat)
    return polar ? [...float32(magnitude), ...float32(radians)] : [...float32(real), ...float32(imaginary)]
  return polar
    ? [...uint16(Math.round(magnitude / perBit)), ...uint16(Math.round(radians * 10_000))]
    : [...uint16(Math.round(real / perBit)), ...uint16(Math.round(imaginary / perBit))]
}
