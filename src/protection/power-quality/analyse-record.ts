// The events of a recording, channel by channel: what the monitor would have seen, with the windows that recordings are judged
// by, one nominal cycle each from the first sample on. What is 1 per unit is in no file; without `nominal` it is what the
// record begins with, so "no event" means no deviation from its own start.

import { instant } from '../../../topology/units.ts'
import { categoryOf } from './category.ts'
import type { Category } from './event.ts'
import type { ExcursionAction } from './excursion.ts'
import { type HalfCycleWindow, halfCycleGrid, isDue, takeWindow } from './half-cycle-rms.ts'
import { rapidVoltageChange } from './rapid-voltage-change.ts'
import type { SampleRing } from './sample-ring.ts'
import { type QualitySettings, qualityDefaults } from './settings.ts'
import { steadyVoltage, voltageEvents } from './voltage-events.ts'
import { LEAST_SAMPLES_PER_CYCLE, waveStream } from './wave-stream.ts'

export interface RecordedChannel {
  readonly name: string
  /** As the file has it. Voltages are those in V, with whatever prefix; all else is not judged. */
  readonly unit: string
  /** Not a number where a sample is missing. */
  readonly values: Float64Array
}

export interface Recording {
  readonly samplesPerSecond: number
  /** 0 where the file does not say: then nothing can be judged. */
  readonly nominalHz: number
  readonly channels: readonly RecordedChannel[]
  /** RMS, in the channels' unit, of 1 per unit. By default that of the mean of each channel's first three values. */
  readonly nominal?: number
}

export type RecordedKind = 'sag' | 'swell' | 'interruption' | 'transient' | 'waveShape' | 'rapidVoltageChange'

export interface RecordedEvent {
  readonly channel: string
  readonly kind: RecordedKind
  /** Of sags, swells and interruptions. */
  readonly category?: Category
  readonly startSeconds: number
  /** Start to start, see event.ts. */
  readonly durationSeconds: number
  /** RMS; of a transient and of a wave shape, the crest of the wave and of the deviation, of the nominal crest. */
  readonly extremePu: number
  /** The record ends before the event does. */
  readonly isCutOff?: true
}

/** RMS over one cycle, renewed each half cycle. */
export interface HalfCycleCourse {
  readonly channel: string
  readonly unit: string
  /** What 1 per unit is, in that unit. */
  readonly nominal: number
  /** Start of each window, from the first sample. */
  readonly startSeconds: Float64Array
  readonly rms: Float64Array
}

export interface NotJudged {
  readonly channel: string
  readonly because: 'not-a-voltage' | 'no-frequency' | 'too-short' | 'too-few-samples-a-cycle' | 'not-energised'
}

export interface RecordAnalysis {
  /** By start, then channel. */
  readonly events: readonly RecordedEvent[]
  readonly courses: readonly HalfCycleCourse[]
  readonly notJudged: readonly NotJudged[]
}

/** A voltage below this part of the greatest reference in its unit is not connected, or a residual one. */
const ENERGISED = 0.1
const REFERENCE_WINDOWS = 3
const isVoltage = (unit: string): boolean => /^(?:[mkuµ]?V|(?:milli|kilo)?volts?)(?![A-Za-z])/i.test(unit.trim())

type Because = NotJudged['because']

interface Judged {
  readonly channel: RecordedChannel
  readonly windows: readonly HalfCycleWindow[]
  readonly reference: number
}

export function analyseRecord(recording: Recording): RecordAnalysis {
  const { samplesPerSecond, nominalHz, channels, nominal } = recording
  const perCycle = samplesPerSecond / nominalHz
  const notJudged: NotJudged[] = []
  const measured: Judged[] = []
  for (const channel of channels) {
    const windows = windowsOf(channel, perCycle)
    const because: Because | undefined =
      typeof windows === 'string' ? windows : windows.length < REFERENCE_WINDOWS ? 'too-short' : undefined
    if (because !== undefined || typeof windows === 'string') {
      notJudged.push({ channel: channel.name, because: because ?? 'too-short' })
    } else measured.push({ channel, windows, reference: meanOf(windows.slice(0, REFERENCE_WINDOWS)) })
  }
  const greatest = new Map<string, number>()
  for (const { channel, reference } of measured) {
    if (reference > (greatest.get(channel.unit) ?? 0)) greatest.set(channel.unit, reference)
  }
  const judged = measured.filter(({ channel, reference }) => {
    const isEnergised = reference > ENERGISED * (greatest.get(channel.unit) ?? Number.POSITIVE_INFINITY)
    if (!isEnergised) notJudged.push({ channel: channel.name, because: 'not-energised' })
    return isEnergised
  })
  const events = judged.flatMap(each => eventsOf(each, recording, nominal ?? each.reference))
  return {
    events: events.sort((a, b) => a.startSeconds - b.startSeconds || (a.channel < b.channel ? -1 : 1)),
    courses: judged.map(({ channel, windows, reference }) => ({
      channel: channel.name,
      unit: channel.unit,
      nominal: nominal ?? reference,
      startSeconds: Float64Array.from(windows, ({ from }) => from / samplesPerSecond),
      rms: Float64Array.from(windows, ({ rms }) => rms),
    })),
    notJudged,
  }
}

const meanOf = (windows: readonly HalfCycleWindow[]): number =>
  windows.reduce((sum, { rms }) => sum + rms, 0) / windows.length

function windowsOf({ unit, values }: RecordedChannel, perCycle: number): HalfCycleWindow[] | Because {
  if (!isVoltage(unit)) return 'not-a-voltage'
  if (!(perCycle > 0 && Number.isFinite(perCycle))) return 'no-frequency'
  if (perCycle < LEAST_SAMPLES_PER_CYCLE) return 'too-few-samples-a-cycle'
  const ring: SampleRing = { data: values, capacity: values.length + 1, end: values.length }
  const grid = halfCycleGrid(0, perCycle)
  const windows: HalfCycleWindow[] = []
  while (isDue(ring, grid)) windows.push(takeWindow(ring, grid, perCycle))
  return windows
}

function eventsOf(
  { channel, windows }: Judged,
  { samplesPerSecond, nominalHz }: Recording,
  nominal: number,
): RecordedEvent[] {
  const settings: QualitySettings = { ...qualityDefaults, nominalVolts: nominal, nominalHz }
  const seconds = (samples: number): number => samples / samplesPerSecond
  return [
    ...voltageEventsOf(channel.name, windows, settings, seconds),
    ...rapidChangesOf(channel.name, windows, settings, seconds),
    ...waveEventsOf(channel, settings, samplesPerSecond),
  ]
}

function voltageEventsOf(
  channel: string,
  windows: readonly HalfCycleWindow[],
  settings: QualitySettings,
  seconds: (samples: number) => number,
): RecordedEvent[] {
  const machine = voltageEvents(settings)
  let state = machine.expect(steadyVoltage, [channel])
  const actions: ExcursionAction[] = []
  const ms = (samples: number) => instant(seconds(samples) * 1000)
  let next = 0
  for (const { from, to, rms } of windows) {
    next = (from + to) / 2
    if (!Number.isFinite(rms)) continue
    const step = machine.hear(state, { channel, value: rms / settings.nominalVolts, from: ms(from), to: ms(to) })
    state = step.state
    actions.push(...step.actions)
  }
  actions.push(...machine.lose(state, channel, ms(next)).actions)
  return actions.flatMap(action => {
    const { kind } = action
    if (action.phase !== 'ends' || (kind !== 'sag' && kind !== 'swell' && kind !== 'interruption')) return []
    return [
      {
        channel,
        kind,
        category: categoryOf(kind, action.durationMs, settings.nominalHz),
        startSeconds: action.startedAt / 1000,
        durationSeconds: action.durationMs / 1000,
        extremePu: action.extremePu as number,
        ...(action.isCutOff ? { isCutOff: true as const } : {}),
      },
    ]
  })
}

function rapidChangesOf(
  channel: string,
  windows: readonly HalfCycleWindow[],
  settings: QualitySettings,
  seconds: (samples: number) => number,
): RecordedEvent[] {
  const { rapidChangePu: threshold, sagPu, swellPu, nominalHz, nominalVolts } = settings
  const hear = rapidVoltageChange({ values: Math.round(2 * nominalHz), threshold, sagPu, swellPu })
  return windows.flatMap(({ rms, from }) => {
    const change = hear(rms / nominalVolts, from)
    if (change === undefined) return []
    return [
      {
        channel,
        kind: 'rapidVoltageChange' as const,
        startSeconds: seconds(change.from),
        durationSeconds: seconds(change.to - change.from),
        extremePu: change.extremePu,
      },
    ]
  })
}

function waveEventsOf(
  { name, values }: RecordedChannel,
  settings: QualitySettings,
  samplesPerSecond: number,
): RecordedEvent[] {
  const events: RecordedEvent[] = []
  const crest = settings.nominalVolts * Math.SQRT2
  const stream = waveStream(
    { samplesPerSecond, channels: { volts: ['a'], amps: [] }, settings, followsFrequency: false },
    {
      halfCycle: () => {},
      window: () => undefined,
      wave(kind, _, { phase, from, to, extreme, isCutOff }) {
        if (phase === 'begins') return
        events.push({
          channel: name,
          kind,
          startSeconds: from / samplesPerSecond,
          durationSeconds: (to - from) / samplesPerSecond,
          extremePu: extreme / crest,
          ...(isCutOff ? { isCutOff } : {}),
        })
      },
    },
  )
  stream.take({ volts: { a: values }, amps: {} }, 0, values.length)
  stream.end()
  return events
}
