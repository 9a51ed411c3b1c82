// The waves of one device at one sampling rate: keeps the latest samples of each channel and hands out what is measured in
// them, in the order of time. What it costs is a few multiplications a sample; nothing is allocated for one.

import { arctangent } from '../../../topology/trigonometry.ts'
import type { Values } from './aggregates.ts'
import { channelName } from './channel-name.ts'
import { cycleDifference } from './cycle-difference.ts'
import { frequencyTracker } from './frequency.ts'
import { drawTo, type HalfCycleGrid, type HalfCycleWindow, halfCycleGrid, isDue, takeWindow } from './half-cycle-rms.ts'
import { BEYOND, type Spectrum, spectrumMeter } from './harmonics.ts'
import { type Complex, phasorMeter } from './phasor.ts'
import { meanSquare, pushSamples, pushUnknown, type SampleRing, sampleRing } from './sample-ring.ts'
import { type PerPhase, type PhaseName, phaseNames, type Samples } from './samples.ts'
import { magnitude, sequenceOf } from './sequence.ts'
import type { QualitySettings } from './settings.ts'
import { TRANSIENT_SAMPLES_PER_CYCLE, transient } from './transient.ts'
import { unbalanceOf } from './unbalance.ts'
import type { WaveEvent } from './wave-event.ts'
import { waveShape } from './wave-shape.ts'

/** With fewer samples in a cycle, an RMS over fractions of samples is off by more than a sag's hysteresis. */
export const LEAST_SAMPLES_PER_CYCLE = 8
/** A megahertz and more at 50 Hz: more than any instrument transformer passes on. */
export const MOST_SAMPLES_PER_CYCLE = 20_000

/** Times are in samples since the stream's start. */
export interface WaveSink {
  /** Of a voltage, or of a current where there is no voltage. The currents are over the same window. */
  halfCycle(
    channel: string,
    window: HalfCycleWindow,
    amps: readonly { readonly channel: string; readonly rms: number }[],
  ): void
  wave(kind: 'transient' | 'waveShape', channel: string, event: WaveEvent): void
  /**
   * Ten or twelve cycles, with the spectrum of each channel.
   * @returns where the next window is to begin instead of at the end of this one
   */
  window(values: Values, spectra: ReadonlyMap<string, Spectrum>, from: number, to: number): number | undefined
}

interface Channel {
  readonly name: string
  readonly phase: PhaseName
  readonly quantity: 'volts' | 'amps'
  readonly ring: SampleRing
}

/** A channel with windows of its own, and those that are measured over the same. */
interface Lead extends Channel {
  readonly grid: HalfCycleGrid
  readonly followers: Channel[]
  readonly shape: ReturnType<typeof waveShape> | undefined
  readonly transient: ReturnType<typeof transient> | undefined
  magnitude: number
}

export interface WaveStream {
  /** Samples `from` to `to` of this stretch. */
  take(samples: Pick<Samples, 'volts' | 'amps'>, from: number, to: number): void
  lose(count: number): void
  /** Ends what is open in the waves. */
  end(): void
  /** Samples taken or lost. */
  length(): number
  readonly hz: () => number
}

export interface WaveStreamOptions {
  readonly samplesPerSecond: number
  readonly channels: { readonly volts: readonly PhaseName[]; readonly amps: readonly PhaseName[] }
  readonly settings: QualitySettings
  /** False: windows of exactly one nominal cycle from the first sample on, as recordings are judged. */
  readonly followsFrequency?: boolean
  /** Without it, wave shapes are not looked at and spectra not calculated. */
  readonly nominalOf?: (phase: PhaseName) => number
}

export function waveStream(options: WaveStreamOptions, sink: WaveSink): WaveStream {
  const { samplesPerSecond, settings, followsFrequency = true } = options
  const { nominalHz, nominalVolts } = settings
  const nominalOf = options.nominalOf ?? (() => nominalVolts)
  const perCycle = samplesPerSecond / nominalHz
  const cycles = nominalHz > 55 ? 12 : 10
  const kept = Math.ceil((cycles * 1.2 + 6) * perCycle) + 64
  const scratch = new Float64Array(Math.ceil(perCycle) + 1)
  const chunk = Math.max(1, Math.floor(perCycle / 2))

  const channelsOf = (quantity: 'volts' | 'amps'): Channel[] =>
    options.channels[quantity].map(phase => ({
      name: channelName(quantity, phase),
      phase,
      quantity,
      ring: sampleRing(kept),
    }))
  const volts = channelsOf('volts')
  const amps = channelsOf('amps')
  const channels = [...volts, ...amps]
  const leads = (volts.length > 0 ? volts : amps.slice(0, 1)).map(asLead)
  const reference = leads[0]
  if (reference !== undefined) {
    for (const current of amps) {
      const lead = leads.find(({ phase }) => phase === current.phase) ?? reference
      if (lead.name !== current.name) lead.followers.push(current)
    }
  }
  const meter = phasorMeter(samplesPerSecond, nominalHz)
  const spectra = spectrumMeter(perCycle, cycles)
  const tracker = frequencyTracker(samplesPerSecond, nominalHz)
  /** Ends of the reference channel's half cycles, from the start of the window of 10 or 12 cycles under way. */
  let marks: number[] = []
  let hzSum = 0
  let hzCount = 0

  function asLead(channel: Channel): Lead {
    const isVoltage = channel.quantity === 'volts'
    const crest = nominalOf(channel.phase) * Math.SQRT2
    const leastSamples = Math.max(2, Math.ceil((settings.waveShapeMs / 1000) * samplesPerSecond))
    return {
      ...channel,
      grid: halfCycleGrid(0, perCycle),
      followers: [],
      shape: isVoltage
        ? waveShape({ limit: settings.waveShapePu * crest, leastSamples, quietSamples: Math.ceil(perCycle) })
        : undefined,
      transient:
        isVoltage && perCycle >= TRANSIENT_SAMPLES_PER_CYCLE
          ? transient({
              crest: settings.crestPu * crest,
              difference: 0.3 * crest,
              step: settings.stepPu * crest,
              quietSamples: Math.ceil(perCycle / 2),
              samplesPerCycle: perCycle,
            })
          : undefined,
      magnitude: 0,
    }
  }

  const samplesPerTrackedCycle = (): number => samplesPerSecond / tracker.hz()
  const windowCycle = (): number => (followsFrequency ? samplesPerTrackedCycle() : perCycle)

  // Each sample -----------------------------------------------------------------------------------------------------

  function scan(lead: Lead, from: number): void {
    const { ring, shape } = lead
    if (shape === undefined) return
    const cycle = samplesPerTrackedCycle()
    // Until the frequency is known, a cycle off nominal would differ from the one before all the time.
    const least = tracker.isLocked() ? Math.ceil(cycle) + 1 : Math.ceil(perCycle) * 4
    const first = Math.max(from, least)
    const count = ring.end - first
    if (count <= 0) return
    cycleDifference(ring, first, ring.end, cycle, scratch)
    const found: WaveEvent[] = []
    shape.scan(scratch, count, first, found)
    for (const event of found) sink.wave('waveShape', lead.name, event)
    if (lead.transient === undefined) return
    found.length = 0
    lead.transient.scan(ring, scratch, count, first, found)
    for (const event of found) sink.wave('transient', lead.name, event)
  }

  // Each half cycle -------------------------------------------------------------------------------------------------

  function takeDue(): void {
    for (;;) {
      let due: Lead | undefined
      for (const lead of leads) {
        if (isDue(lead.ring, lead.grid) && (due === undefined || lead.grid.next < due.grid.next)) due = lead
      }
      if (due === undefined) return
      const window = takeWindow(due.ring, due.grid, windowCycle())
      const currents = due.followers.map(({ name, ring }) => ({
        channel: name,
        rms: Math.sqrt(meanSquare(ring, window.from, window.to)),
      }))
      sink.halfCycle(due.name, window, currents)
      if (due !== reference) continue
      if (marks.length === 0) marks.push(window.from, window.from + (window.to - window.from) / 2)
      marks.push(window.to)
      track()
    }
  }

  /** Phasors as late as can be had: frequency, and where the zero crossings are. */
  function track(): void {
    if (reference === undefined) return
    const centre = reference.ring.end - 1 - meter.reach
    if (centre < meter.reach) return
    const gain = meter.gain(tracker.hz())
    const phasors = leads.map(({ ring }) => meter.estimate(ring, centre))
    const [a, b, c] = phasors
    const isThree = leads.length === 3 && a !== undefined && b !== undefined && c !== undefined
    const whole = isThree ? turning(a, b, c) : (phasors.reduce(larger) as Complex)
    const nominal = nominalOf(reference.phase)
    const seen = tracker.hear(arctangent(whole.im, whole.re), magnitude(whole) / gain / nominal, centre)
    if (seen?.isSteady === true) {
      hzSum += seen.hz
      hzCount++
    }
    leads.forEach((lead, n) => {
      const phasor = phasors[n] as Complex
      const size = magnitude(phasor)
      const isSteady = Math.abs(size - lead.magnitude) < 0.01 * nominal && size > 0.3 * nominal
      lead.magnitude = size
      if (!followsFrequency || !isSteady || !tracker.isLocked()) return
      // A cosine of this angle at the centre crosses zero a quarter of a turn from its crest.
      const turns = 0.25 - arctangent(phasor.im, phasor.re) / (2 * Math.PI)
      drawTo(lead.grid, centre + turns * samplesPerTrackedCycle(), samplesPerTrackedCycle())
    })
  }

  // Each ten or twelve cycles ---------------------------------------------------------------------------------------

  function takeWindows(): void {
    for (;;) {
      const from = marks[0]
      const to = marks[2 * cycles]
      if (reference === undefined || from === undefined || to === undefined) return
      if (Math.ceil(to) + BEYOND + 1 > reference.ring.end) return
      const again = measureWindow(from, to)
      const rest = marks.slice(2 * cycles)
      const after = again === undefined ? [] : marks.filter(mark => mark >= again)
      marks = after.length > 0 ? after : rest
    }
  }

  function measureWindow(from: number, to: number): number | undefined {
    const values: Record<string, number> = {}
    const found = new Map<string, Spectrum>()
    for (const { name, quantity, phase, ring } of channels) {
      values[name] = Math.sqrt(meanSquare(ring, from, to))
      const spectrum = from >= 2 ? spectra.measure(ring, from, to) : undefined
      if (spectrum === undefined) continue
      found.set(name, spectrum)
      const isThere = quantity === 'amps' || magnitude(spectrum.fundamental) > 0.1 * nominalOf(phase)
      if (isThere && Number.isFinite(spectrum.thd))
        values[quantity === 'volts' ? `thd.${phase}` : `thdI.${phase}`] = spectrum.thd
    }
    const [a, b, c] = phaseNames.map(phase => found.get(channelName('volts', phase))?.fundamental)
    const unbalance = a !== undefined && b !== undefined && c !== undefined ? unbalanceOf(a, b, c) : undefined
    if (unbalance !== undefined && values['thd.a'] !== undefined) {
      values.u2 = unbalance.u2
      values.u0 = unbalance.u0
    }
    if (hzCount >= cycles) values.hz = hzSum / hzCount
    hzSum = 0
    hzCount = 0
    return sink.window(values, found, from, to)
  }

  return {
    take(samples, from, to) {
      for (let start = from; start < to; start += chunk) {
        const end = Math.min(to, start + chunk)
        const before = reference?.ring.end ?? 0
        for (const { quantity, phase, ring } of channels) {
          const values: PerPhase<Float64Array> = samples[quantity]
          pushSamples(ring, values[phase] as Float64Array, start, end)
        }
        for (const lead of leads) scan(lead, before)
        takeDue()
        takeWindows()
      }
    },
    lose(count) {
      for (let rest = count; rest > 0; rest -= chunk) {
        for (const { ring } of channels) pushUnknown(ring, Math.min(rest, chunk))
        takeDue()
        takeWindows()
      }
    },
    end() {
      for (const lead of leads) {
        for (const kind of ['waveShape', 'transient'] as const) {
          const found: WaveEvent[] = []
          const scanner = kind === 'waveShape' ? lead.shape : lead.transient
          scanner?.end(lead.ring.end, found)
          for (const event of found) sink.wave(kind, lead.name, event)
        }
      }
    },
    length: () => reference?.ring.end ?? 0,
    hz: tracker.hz,
  }
}

const larger = (one: Complex, other: Complex): Complex => (magnitude(other) > magnitude(one) ? other : one)

/** The sequence that turns forwards, whichever way round the phases are connected. */
function turning(a: Complex, b: Complex, c: Complex): Complex {
  const { positive, negative } = sequenceOf(a, b, c)
  return magnitude(negative) > magnitude(positive) ? negative : positive
}
