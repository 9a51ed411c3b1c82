// A recording made ready to be played as a device: phases known, values primary, evenly spaced.

import type { PerPhase } from '../port.ts'
import { type ChannelName, findChannel, namedChannels, quantityOf, toPrimary, usualChannels } from './channels.ts'
import { ComtradeError } from './comtrade-error.ts'
import { type AnalogChannel, type ComtradeRecord, limits } from './record.ts'
import { resample, resampleBits } from './resample.ts'

/** What the recorded relay's own contacts were, by digital channel. */
export interface StatusChannels {
  readonly pickup?: ChannelName
  readonly groundPickup?: ChannelName
  readonly tripped?: ChannelName
  readonly sag?: ChannelName
  readonly dead?: ChannelName
  /** 1 is closed. */
  readonly closed?: ChannelName
}

export interface PlayableOptions {
  /** By the usual names where nothing is said. */
  readonly channels?: { readonly volts?: PerPhase<ChannelName>; readonly amps?: PerPhase<ChannelName> }
  readonly status?: StatusChannels
  /** RMS that the mean of the record's first cycle becomes: volts line to neutral, amperes. */
  readonly scaleTo?: { readonly volts?: number; readonly amps?: number }
  /** Where the file has 0. */
  readonly nominalHz?: number
}

export interface Playable {
  readonly hz: number
  readonly nominalHz: number
  readonly samples: number
  readonly samplesPerCycle: number
  /** NaN where missing. */
  readonly volts: PerPhase<Float64Array>
  readonly amps: PerPhase<Float64Array>
  readonly digitals: { readonly [name: string]: Uint8Array }
  readonly status: { readonly [S in keyof StatusChannels]: Uint8Array }
}

/** Below this many samples a cycle there is no waveform. */
const LEAST_PER_CYCLE = 4

/** @throws ComtradeError COMTRADE_NO_CHANNEL, COMTRADE_BAD_HEADER, COMTRADE_BAD_DATA, COMTRADE_TOO_LARGE */
export function playable(record: ComtradeRecord, options: PlayableOptions): Playable {
  const { header, file } = record
  const nominalHz = header.lineHz || options.nominalHz
  if (nominalHz === undefined || nominalHz <= 0) {
    throw new ComtradeError(
      'COMTRADE_BAD_HEADER',
      `${file}: its line frequency is 0, want nominalHz in the configuration`,
    )
  }
  const named = options.channels
  const chosen = {
    volts: named?.volts ? namedChannels(record, named.volts) : usualChannels(record, 'volts'),
    amps: named?.amps ? namedChannels(record, named.amps) : usualChannels(record, 'amps'),
  }
  if (Object.keys(chosen.volts).length + Object.keys(chosen.amps).length === 0) {
    const names = header.analog.slice(0, 20).map(({ name }) => name)
    throw new ComtradeError(
      'COMTRADE_NO_CHANNEL',
      `${file}: no channel is named like a phase (${names.join(', ')}), want them named in channels.volts, channels.amps`,
    )
  }
  const { hz, samples, lay, layBits } = evenly(record, nominalHz)
  const samplesPerCycle = Math.round(hz / nominalHz)
  if (samplesPerCycle < LEAST_PER_CYCLE) {
    throw new ComtradeError(
      'COMTRADE_BAD_DATA',
      `${file}: ${hz} samples a second, want ${LEAST_PER_CYCLE * nominalHz} or more at ${nominalHz} Hz`,
    )
  }
  if (samples < samplesPerCycle) {
    throw new ComtradeError(
      'COMTRADE_BAD_DATA',
      `${file}: ${samples} samples, want ${samplesPerCycle}, a cycle, or more`,
    )
  }

  const column = (channel: AnalogChannel): Float64Array => {
    const factor = (quantityOf(channel.unit)?.factor ?? 1) * toPrimary(channel)
    return lay(channel).map(value => value * factor)
  }
  const bitsOf = (wanted: ChannelName): Uint8Array =>
    layBits(record.digital[findChannel(record, header.digital, wanted).number - 1] ?? new Uint8Array())
  return {
    hz,
    nominalHz,
    samples,
    samplesPerCycle,
    volts: scaled(mapPhases(chosen.volts, column), samplesPerCycle, options.scaleTo?.volts),
    amps: scaled(mapPhases(chosen.amps, column), samplesPerCycle, options.scaleTo?.amps),
    digitals: Object.fromEntries(
      header.digital.map(({ name, number }) => [
        name || `D${number}`,
        layBits(record.digital[number - 1] ?? new Uint8Array()),
      ]),
    ),
    status: Object.fromEntries(
      Object.entries(options.status ?? {}).map(([key, wanted]) => [key, bitsOf(wanted as ChannelName)]),
    ),
  }
}

/** As it is where it is even; else at the rate of its closest samples, so that nothing is lost. */
export function evenly(record: ComtradeRecord, nominalHz: number) {
  const { header, times, evenHz, analog, samples } = record
  const raw = ({ number }: AnalogChannel): Float64Array => analog[number - 1] ?? new Float64Array()
  const isSkewed = header.analog.some(({ skewSeconds }) => skewSeconds !== 0)
  if (evenHz !== undefined && !isSkewed) {
    return { hz: evenHz, samples, lay: raw, layBits: (bits: Uint8Array) => bits }
  }
  let closest = Number.POSITIVE_INFINITY
  for (let index = 1; index < samples; index++)
    closest = Math.min(closest, (times[index] ?? 0) - (times[index - 1] ?? 0))
  const hz = evenHz ?? 1 / closest
  const count = Math.floor((times.at(-1) ?? 0) * hz) + 1
  if (!(hz <= limits.rateHz) || !(count * (header.analog.length + header.digital.length) <= limits.values)) {
    throw new ComtradeError('COMTRADE_TOO_LARGE', `${record.file}: ${count} samples at its highest rate`)
  }
  const widest = 1 / (LEAST_PER_CYCLE * nominalHz)
  return {
    hz,
    samples: count,
    lay: (channel: AnalogChannel) => resample(times, raw(channel), { hz, count, skew: channel.skewSeconds, widest }),
    layBits: (bits: Uint8Array) => resampleBits(times, bits, { hz, count }),
  }
}

const mapPhases = <T, U>(each: PerPhase<T>, change: (value: T) => U): PerPhase<U> =>
  Object.fromEntries(Object.entries(each).map(([phase, value]) => [phase, change(value as T)]))

function scaled(columns: PerPhase<Float64Array>, cycle: number, to: number | undefined): PerPhase<Float64Array> {
  if (to === undefined) return columns
  const all = Object.values(columns)
    .map(column => rms(column, 0, cycle))
    .filter(value => value > 0)
  if (all.length === 0) return columns
  const factor = to / (all.reduce((sum, value) => sum + value, 0) / all.length)
  return mapPhases(columns, column => column.map(value => value * factor))
}

/** Of what is there; NaN where nothing is. */
export function rms(column: Float64Array, from: number, to: number): number {
  let sum = 0
  let count = 0
  for (let index = Math.max(0, from); index < to; index++) {
    const value = column[index] ?? Number.NaN
    if (Number.isNaN(value)) continue
    sum += value * value
    count++
  }
  return count === 0 ? Number.NaN : Math.sqrt(sum / count)
}
