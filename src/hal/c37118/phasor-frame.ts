// From a stream's data to the port's phasors: which channel of which unit is which phase.

import { sequenceOf } from '../../../topology/phasor-math.ts'
import type { Instant, UtcMs } from '../../../topology/units.ts'
import type { Measurement, PerPhase, Phasor, PhasorFrame } from '../port.ts'
import type { PmuConfiguration, StreamConfiguration } from './configuration.ts'
import type { PmuData, RawPhasor, StreamData } from './data.ts'
import { C37118Error } from './frame.ts'

/** By the channel's name, or by its place among the unit's phasors, from 0. */
export type ChannelName = string | number

export interface WantedChannels {
  readonly volts: PerPhase<ChannelName>
  readonly farVolts?: PerPhase<ChannelName>
  readonly amps: PerPhase<ChannelName>
}

export interface ChosenChannels {
  /** Place of the unit in the stream. */
  readonly pmu: number
  readonly volts: PerPhase<number>
  readonly farVolts: PerPhase<number>
  readonly amps: PerPhase<number>
}

/** The stream is well-formed, and lacks what the configuration of this agent names. */
export class NoSuchChannel extends C37118Error {}

const PHASES = ['a', 'b', 'c'] as const

/**
 * @param pmuId the unit's own id in a concentrator's stream; of a stream with one unit it need not be said
 * @throws NoSuchChannel naming what the stream has
 */
export function chooseChannels(
  { pmus }: StreamConfiguration,
  pmuId: number | undefined,
  wanted: WantedChannels,
): ChosenChannels {
  const pmu = pmuId === undefined && pmus.length === 1 ? 0 : pmus.findIndex(({ idCode }) => idCode === pmuId)
  const unit = pmus[pmu]
  if (unit === undefined) {
    const known = pmus.slice(0, 20).map(({ idCode, station }) => `${idCode} (${station})`)
    throw new NoSuchChannel(`no unit ${pmuId ?? 'named'}, want pmuId to be one of ${known.join(', ') || 'none'}`)
  }
  return {
    pmu,
    volts: mapPhases(wanted.volts, name => placeOf(unit, name, 'volts')),
    farVolts: mapPhases(wanted.farVolts ?? {}, name => placeOf(unit, name, 'volts')),
    amps: mapPhases(wanted.amps, name => placeOf(unit, name, 'amps')),
  }
}

function placeOf({ phasors, station }: PmuConfiguration, name: ChannelName, kind: 'volts' | 'amps'): number {
  const place = typeof name === 'number' ? name : phasors.findIndex(each => each.name === name)
  const channel = phasors[place]
  if (channel?.kind === kind) return place
  const known = phasors.slice(0, 40).map((each, index) => `${index} "${each.name}" (${each.kind})`)
  throw new NoSuchChannel(`${station}: no phasor ${JSON.stringify(name)} in ${kind}, want one of ${known.join(', ')}`)
}

export interface FrameOptions {
  /** Currents count the other way: the transformers look upstream. */
  readonly reverse: boolean
  /** Of its arrival. */
  readonly at: Instant
}

/** Angles are against a cosine of nominal frequency that is 1 at the full second of UTC, as the standard has them. */
export function phasorFrameOf(
  { utcMicros, pmus }: StreamData,
  { pmu, volts, farVolts, amps }: ChosenChannels,
  { reverse, at }: FrameOptions,
): PhasorFrame {
  const { phasors, frequencyHz, rocofHzPerS, doubts, timeErrorSeconds } = pmus[pmu] as PmuData
  const ofChannel = (place: number, turn: number): Phasor | undefined => degreesOf(phasors[place] as RawPhasor, turn)
  const beyond = mapPhases(farVolts, place => ofChannel(place, 0))
  return {
    at,
    utcMicros,
    timeErrorSeconds,
    volts: mapPhases(volts, place => ofChannel(place, 0)),
    ...(Object.keys(beyond).length > 0 ? { farVolts: beyond } : {}),
    amps: mapPhases(amps, place => ofChannel(place, reverse ? Math.PI : 0)),
    frequencyHz,
    rocofHzPerS,
    ...(doubts.length > 0 ? { doubts } : {}),
  }
}

function degreesOf({ magnitude, radians }: RawPhasor, turn: number): Phasor | undefined {
  if (!Number.isFinite(magnitude) || !Number.isFinite(radians)) return undefined
  // By way of the plane: a negative magnitude turns the angle by half a turn, and whole turns fall away.
  const [re, im] = [magnitude * Math.cos(radians + turn), magnitude * Math.sin(radians + turn)]
  return { magnitude: Math.abs(magnitude), degrees: (Math.atan2(im, re) * 180) / Math.PI }
}

function mapPhases<T, U>(phases: PerPhase<T>, make: (value: T) => U | undefined): PerPhase<U> {
  const made = PHASES.flatMap(phase => {
    const value = phases[phase]
    const result = value === undefined ? undefined : make(value)
    return result === undefined ? [] : [[phase, result] as const]
  })
  return Object.fromEntries(made)
}

/** RMS values and power of one frame, as a meter would show them. Not finite is absent. */
export function measurementOfFrame(frame: PhasorFrame, utc: UtcMs): Measurement {
  const { at, volts, amps, frequencyHz, doubts } = frame
  const power = (part: (radians: number) => number): PerPhase =>
    mapPhases({ a: 'a', b: 'b', c: 'c' } as const, phase => {
      const [u, i] = [volts[phase], amps[phase]]
      if (u === undefined || i === undefined) return undefined
      return (u.magnitude * i.magnitude * part(((u.degrees - i.degrees) * Math.PI) / 180)) / 1000
    })
  const values = {
    volts: mapPhases(volts, ({ magnitude }) => magnitude),
    amps: mapPhases(amps, ({ magnitude }) => magnitude),
    kw: power(Math.cos),
    kvar: power(Math.sin),
  }
  const sequence = { volts: sequenceOf(volts), amps: sequenceOf(amps) }
  const shown = Object.entries(values).filter(([, phases]) => Object.keys(phases).length > 0)
  const feeds = [
    ...shown.flatMap(([quantity, phases]) => Object.keys(phases).map(phase => `${quantity}.${phase}`)),
    'frequencyHz',
  ]
  return {
    at,
    utc,
    ...Object.fromEntries(shown),
    ...(Number.isFinite(frequencyHz) ? { frequencyHz } : {}),
    phasors: { volts, amps, sequence, residualAmps: 3 * sequence.amps.zero.magnitude },
    ...(doubts === undefined ? {} : { doubts: Object.fromEntries(feeds.map(feed => [feed, doubts])) }),
  }
}
