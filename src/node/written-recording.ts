// From a recording in columns, or a device's own record, to a COMTRADE file and its entry in the store.

import type { UtcQuality } from '../aggregation/record.ts'
import type { WrittenRecord } from '../hal/comtrade/index.ts'
import type { Waveform } from '../hal/port.ts'
import type { Recording, Trigger } from '../protection/fault-recorder.ts'
import type { RecordingColumns } from '../protection/lay-out-recording.ts'
import type { NewRecording } from './recording-store.ts'

export interface Place {
  readonly feeder: string
  readonly ied: string
  readonly lineHz: number
  readonly utcQuality: UtcQuality
}

/** IEEE C37.118's time quality: a clock that keeps time by the network is within 10 ms; more is not claimed. */
const TIME_QUALITY: Readonly<Record<UtcQuality, string>> = { good: '8', uncertain: 'F', unset: 'F' }

export function fromSamples(
  { triggers, moreTriggers }: Recording,
  columns: RecordingColumns,
  place: Place,
): { readonly entry: NewRecording; readonly record: WrittenRecord } {
  const offset = (trigger: Trigger | undefined): number => (trigger === undefined ? 0 : trigger.at - columns.at)
  return written({
    place,
    source: 'samples',
    startUtcMs: columns.utcMs,
    triggerMs: offset(triggers[0]),
    triggers: triggers.map(trigger => ({ ...trigger, atMs: offset(trigger) })),
    moreTriggers,
    times: columns.times,
    rates: columns.rates,
    analog: columns.analog,
    digital: columns.digital,
  })
}

/** @param utcMs of the trigger, which is where the device's record changes */
export function fromDevice(
  { samplesPerSecond, changeAt, volts, amps }: Waveform,
  trigger: Trigger,
  utcMs: number,
  place: Place,
): { readonly entry: NewRecording; readonly record: WrittenRecord } | undefined {
  const analog = Object.entries({ volts, amps }).flatMap(([quantity, phases]) =>
    Object.entries(phases).map(([phase, values]) => ({
      quantity: quantity as 'volts' | 'amps',
      phase: phase as 'a' | 'b' | 'c',
      values: Float64Array.from(values as readonly number[]),
    })),
  )
  const samples = Math.min(...analog.map(({ values }) => values.length))
  if (analog.length === 0 || samples === 0 || !(samplesPerSecond > 0)) return undefined
  const triggerMs = (changeAt / samplesPerSecond) * 1000
  return written({
    place,
    source: 'device',
    startUtcMs: utcMs - triggerMs,
    triggerMs,
    triggers: [{ ...trigger, atMs: triggerMs }],
    moreTriggers: 0,
    times: Float64Array.from({ length: samples }, (_, index) => index / samplesPerSecond),
    rates: [{ hz: samplesPerSecond, lastSample: samples }],
    analog: analog.map(each => ({ ...each, values: each.values.slice(0, samples) })),
    digital: [],
  })
}

interface Content extends Pick<RecordingColumns, 'times' | 'rates' | 'analog' | 'digital'> {
  readonly place: Place
  readonly source: 'samples' | 'device'
  readonly startUtcMs: number
  /** After the start. */
  readonly triggerMs: number
  readonly triggers: readonly (Omit<Trigger, 'at'> & { readonly atMs: number })[]
  readonly moreTriggers: number
}

function written({ place, source, startUtcMs, triggerMs, times, rates, ...content }: Content) {
  const analog = content.analog.map(({ quantity, phase, values }) => ({
    name: `${quantity === 'volts' ? 'V' : 'I'}${phase}`,
    phase: phase.toUpperCase(),
    unit: quantity === 'volts' ? 'V' : 'A',
    values,
  }))
  const micros = (ms: number): bigint => BigInt(Math.round(ms * 1000))
  const triggers = content.triggers.map(({ kind, words, atMs }) => ({
    kind,
    words: words.slice(0, 200),
    atMs: Math.round(atMs),
  }))
  const record: WrittenRecord = {
    station: place.feeder,
    device: place.ied,
    lineHz: place.lineHz,
    rates,
    startUtcMicros: micros(startUtcMs),
    triggerUtcMicros: micros(startUtcMs + triggerMs),
    timeQuality: TIME_QUALITY[place.utcQuality],
    times,
    analog,
    digital: content.digital.map(({ name, values }) => ({ name, normal: 0, values })),
    information: [
      ['Source', source === 'samples' ? 'feedermesh fault recorder' : 'record of the device'],
      ['Record_Information', content.triggers[0]?.kind ?? 'unknown'],
      ['Location', place.ied],
    ],
    remarks: [
      ...triggers.map(({ kind, words, atMs }) => `${atMs} ms: ${kind}${words === kind ? '' : `: ${words}`}`),
      ...(content.moreTriggers === 0 ? [] : [`${content.moreTriggers} further triggers`]),
    ],
  }
  const entry: NewRecording = {
    startUtcMs: Math.round(startUtcMs),
    utcQuality: place.utcQuality,
    durationMs: Math.round((times.at(-1) ?? 0) * 1000),
    source,
    triggers,
    moreTriggers: content.moreTriggers,
    channels: [...record.analog, ...record.digital].map(({ name }) => name.slice(0, 64)),
    samples: times.length,
    samplesPerSecond: rates[0]?.hz ?? 1,
  }
  return { entry, record }
}
