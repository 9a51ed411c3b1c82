// The power-quality monitor of one device: joins what is measured, whatever the source, into events and aggregates.
//
//   samples ── wave-stream ──┬─ half cycles ── sags, swells, interruptions, rapid changes, collapse
//                            ├─ waves ──────── transients, wave shapes
//                            └─ windows ────── frequency, harmonics, unbalance; 3 s, ten minutes
//   RMS values (polled, or of synchrophasors) ── sags, swells, interruptions, at the resolution that they allow
//
// It holds its state itself, for it sees thousands of values a second; the decisions are the pure machines that it feeds.
// Steady voltage raises nothing. A change of rate or channels, more than a second lost, or another source ends what runs as
// cut off, and begins anew: nothing is made up for what was not measured.

import { duration, type Instant, instant, type UtcMs, utcMs } from '../../../topology/units.ts'
import { severities } from '../alert.ts'
import { aggregates, type BasicWindow, type Interval, nextTick, type Values } from './aggregates.ts'
import { categoryOf } from './category.ts'
import { channelName } from './channel-name.ts'
import { type CollapseState, collapse } from './collapse.ts'
import type { PowerQualityEvent, PowerQualityKind, Resolution } from './event.ts'
import type { ExcursionAction, Measured } from './excursion.ts'
import type { HalfCycleWindow } from './half-cycle-rms.ts'
import type { Spectrum } from './harmonics.ts'
import { impending, nothingImpending, type Sign } from './impending.ts'
import type { Disturbed, Present, QualityMonitor, RmsReading, Taken } from './quality-port.ts'
import { rapidVoltageChange } from './rapid-voltage-change.ts'
import { type PhaseName, phaseNames, type Samples } from './samples.ts'
import type { QualitySettings } from './settings.ts'
import { slowEvents } from './slow-events.ts'
import { tenSecondFrequency } from './ten-seconds.ts'
import { fallingTrend } from './trend.ts'
import { phasesOf, usableSize } from './usable-samples.ts'
import { isDisturbed, steadyVoltage, voltageEvents } from './voltage-events.ts'
import { waveActions } from './wave-actions.ts'
import type { WaveEvent } from './wave-event.ts'
import { type WaveStream, waveStream } from './wave-stream.ts'

export type { Disturbed, Present, QualityMonitor, RmsReading, Taken }

/** A gap up to this long is bridged: its windows are not known, and what runs goes on. */
const BRIDGED_SECONDS = 1
/** The clock of the samples and that of the machine are drawn together by so much with each stretch, so that no duration jumps. */
const DRAWN_MS = 0.05
/** Clocks that far apart were set, or the samples came late: times begin anew. */
const APART_MS = 1000
/** Of the reference that follows slow changes: a minute of windows of a fifth of a second. */
const SLIDING = 0.2 / 60

export function qualityMonitor(settings: QualitySettings): QualityMonitor {
  const { nominalVolts, nominalHz } = settings
  const voltage = voltageEvents(settings)
  const slow = slowEvents(settings)
  const warnOf = impending()
  const fallsThrough = collapse(settings)

  let voltageState = steadyVoltage
  let impendingState = nothingImpending
  let collapsing: CollapseState = new Map()
  let changes = new Map<string, ReturnType<typeof rapidVoltageChange>>()
  let aggregate = aggregates()
  let frequency = tenSecondFrequency()
  let voltageTrend = newVoltageTrend()
  let frequencyTrend = newFrequencyTrend()

  let resolution: Resolution | undefined
  let stream: WaveStream | undefined
  let shape = ''
  let samplesPerSecond = 0
  /** When the stream's first sample was, by the machine's clock. */
  let originMs = 0
  let utcOffset = 0
  let lastAt = instant(0)
  let lost = 0

  const references = new Map<PhaseName, number>()
  let rms: Record<string, number> = {}
  const halfPu = new Map<string, number>()
  /** Of the currents, while the voltage was good. */
  const usualAmps = new Map<string, number>()
  let windowValues: Values = {}
  let harmonics: Record<string, readonly number[]> = {}
  let lastTen: Interval | undefined
  /** Voltages without a value now, and since which sample. */
  const unknownFrom = new Map<string, number>()
  const waves = waveActions()
  const running = new Map<string, PowerQualityEvent>()

  let events: PowerQualityEvent[] = []
  let tens: Interval[] = []

  function newVoltageTrend() {
    const horizon = settings.horizonMs / 200
    return fallingTrend({ least: 5, leastFall: 0.002, horizon, limit: settings.sagPu })
  }
  function newFrequencyTrend() {
    const horizon = settings.horizonMs / 200
    return fallingTrend({ least: 4, leastFall: 0.0004, horizon, limit: settings.sheddingPu })
  }

  const atOf = (sample: number): Instant => instant(originMs + (sample * 1000) / samplesPerSecond)
  const utcOf = (at: Instant): UtcMs => utcMs(Math.round(at + utcOffset))
  const referenceOf = (phase: PhaseName): number => references.get(phase) ?? nominalVolts

  function taken(): Taken {
    const all = { events, tenMinutes: tens }
    events = []
    tens = []
    return all
  }

  function tell(actions: readonly ExcursionAction[]): void {
    for (const action of actions) {
      const { kind } = action
      const isVoltage = kind === 'sag' || kind === 'swell' || kind === 'interruption'
      const about = { startedUtcMs: utcOf(action.startedAt), resolution: resolution ?? ('poll' as const) }
      const event: PowerQualityEvent =
        action.phase === 'ends' && isVoltage
          ? { ...action, ...about, category: categoryOf(kind, action.durationMs, nominalHz) }
          : { ...action, ...about }
      if (event.phase === 'ends') running.delete(event.id)
      else running.set(event.id, event)
      events.push(event)
    }
  }

  function hearVoltage(measured: Measured): void {
    const next = voltage.hear(voltageState, measured)
    voltageState = next.state
    if (next.actions.length > 0) tell(next.actions)
  }

  function loseVoltage(channel: string, at: Instant): void {
    const next = voltage.lose(voltageState, channel, at)
    voltageState = next.state
    tell(next.actions)
    collapsing = new Map([...collapsing].filter(([name]) => name !== channel))
    halfPu.delete(channel)
  }

  function hearSign(sign: Sign, now: Instant): void {
    if (!sign.isThere && !impendingState.running.has(sign.cause)) return
    const next = warnOf(impendingState, { kind: 'sign', sign }, now)
    impendingState = next.state
    tell(next.actions)
  }

  // From samples ----------------------------------------------------------------------------------------------------

  function hearHalfCycle(
    channel: string,
    window: HalfCycleWindow,
    amps: readonly { channel: string; rms: number }[],
  ): void {
    for (const current of amps) rms[current.channel] = current.rms
    rms[channel] = window.rms
    if (!channel.startsWith('volts.')) return
    const nominal = referenceOf(channel.slice('volts.'.length) as PhaseName)
    const pu = window.rms / nominal
    const from = atOf(window.from)
    const to = atOf(window.to)
    const changed = changes.get(channel)?.(pu, window.from)
    if (changed !== undefined) tell(waves.ofRapidChange(channel, changed, to, { atOf }))
    if (!Number.isFinite(pu)) return unknown(channel, window)
    unknownFrom.delete(channel)
    halfPu.set(channel, window.halfRms / nominal)
    const fallen = fallsThrough(collapsing, { channel, pu, halfPu: window.halfRms / nominal })
    collapsing = fallen.state
    if (fallen.sign !== undefined) {
      hearSign({ cause: 'collapse', since: atOf((window.from + window.to) / 2), ...fallen.sign }, to)
    }
    hearVoltage({ channel, value: pu, from, to })
  }

  /** A moment without a value is bridged; a channel without any for longer is not measured, and holds nothing up. */
  function unknown(channel: string, { from, to }: HalfCycleWindow): void {
    const since = unknownFrom.get(channel) ?? from
    unknownFrom.set(channel, since)
    if (to - since > BRIDGED_SECONDS * samplesPerSecond) loseVoltage(channel, atOf(since))
  }

  function hearWave(kind: 'transient' | 'waveShape', channel: string, event: WaveEvent): void {
    const crest = referenceOf(channel.slice('volts.'.length) as PhaseName) * Math.SQRT2
    tell([waves.ofWave(kind, channel, event, crest, { atOf, samplesPerSecond })])
  }

  function hearWindow(
    values: Values,
    spectra: ReadonlyMap<string, Spectrum>,
    from: number,
    to: number,
  ): number | undefined {
    const isFlagged = isDisturbed(voltageState)
    windowValues = values
    harmonics = {}
    for (const [channel, spectrum] of spectra) {
      if (channel.startsWith('volts.')) harmonics[channel] = spectrum.harmonics
    }
    const at = atOf(to)
    follow(values, isFlagged)
    const lowest = Math.min(
      ...phaseNames
        .map(phase => values[channelName('volts', phase)] ?? Number.NaN)
        .filter(Number.isFinite)
        .map(value => value / nominalVolts),
    )
    if (voltageTrend(lowest)) {
      const hold = duration(1000)
      hearSign({ cause: 'collapse', isThere: true, severity: 'alert', extremePu: lowest, hold }, at)
    }
    hearFrequency(values.hz, atOf(from), at)
    const startUtcMs = utcOf(atOf(from))
    const basic: BasicWindow = { startUtcMs, endUtcMs: utcOf(at), isFlagged, values }
    frequency.hear(basic)
    const { short, tenMinutes, isTick } = aggregate(basic)
    if (short !== undefined && short.flagged === 0) {
      tell(slow.hear(short.values, instant(short.startUtcMs - utcOffset), at))
    }
    if (tenMinutes !== undefined) {
      lastTen = tenMinutes
      tens.push(tenMinutes)
    }
    return isTick ? to - ((basic.endUtcMs - nextTick(utcMs(startUtcMs + 1))) * samplesPerSecond) / 1000 : undefined
  }

  /** What is usual, while the voltage is good. */
  function follow(values: Values, isFlagged: boolean): void {
    if (isFlagged || impendingState.running.has('collapse')) return
    for (const phase of phaseNames) {
      const amps = values[channelName('amps', phase)]
      if (amps !== undefined && Number.isFinite(amps)) usualAmps.set(channelName('amps', phase), amps)
      const volts = values[channelName('volts', phase)]
      if (settings.reference !== 'sliding' || volts === undefined || !Number.isFinite(volts)) continue
      references.set(phase, referenceOf(phase) + SLIDING * (volts - referenceOf(phase)))
    }
  }

  function hearFrequency(hz: number | undefined, from: Instant, to: Instant): void {
    if (hz === undefined || !Number.isFinite(hz)) return
    const pu = hz / nominalHz
    tell(slow.hearFrequency(pu, from, to))
    const isThere = frequencyTrend(pu)
    if (isThere)
      hearSign({ cause: 'frequencyFalling', isThere, severity: 'warning', extremePu: pu, hold: duration(1000) }, to)
  }

  function begin(samples: Samples, shapeNow: string): WaveStream {
    cut(samples.at)
    resolution = 'samples'
    shape = shapeNow
    samplesPerSecond = samples.samplesPerSecond
    originMs = samples.at
    const channels = { volts: phasesOf(samples.volts), amps: phasesOf(samples.amps) }
    const names = channels.volts.map(phase => channelName('volts', phase))
    voltageState = voltage.expect(voltageState, names)
    changes = new Map(
      names.map(name => [
        name,
        rapidVoltageChange({
          values: 2 * nominalHz,
          threshold: settings.rapidChangePu,
          sagPu: settings.sagPu,
          swellPu: settings.swellPu,
        }),
      ]),
    )
    stream = waveStream(
      { samplesPerSecond, channels, settings, nominalOf: referenceOf },
      { halfCycle: hearHalfCycle, wave: hearWave, window: hearWindow },
    )
    return stream
  }

  function take(samples: Samples): void {
    utcOffset = samples.utc - samples.at
    const size = usableSize(samples, nominalHz)
    if (size === 0) return void lost++
    const phases = [phasesOf(samples.volts).join(''), phasesOf(samples.amps).join('')]
    const shapeNow = `${samples.samplesPerSecond} ${phases.join(' ')}`
    const lostNow = Number.isFinite(samples.lost) && samples.lost > 0 ? Math.floor(samples.lost) : 0
    lost += lostNow
    const isSame = stream !== undefined && shape === shapeNow && resolution === 'samples'
    const apart = isSame ? samples.at - atOf((stream as WaveStream).length() + lostNow) : 0
    const goesOn = isSame && lostNow <= BRIDGED_SECONDS * samplesPerSecond && Math.abs(apart) < APART_MS
    const running = goesOn ? (stream as WaveStream) : begin(samples, shapeNow)
    if (goesOn) {
      originMs += Math.max(-DRAWN_MS, Math.min(DRAWN_MS, apart))
      if (lostNow > 0) running.lose(lostNow)
    }
    running.take(samples, 0, size)
    lastAt = atOf(running.length())
    tick(lastAt)
  }

  // From values -----------------------------------------------------------------------------------------------------

  function hearRms({ at, utc, volts, amps = {}, hz }: RmsReading, how: 'half-cycle' | 'poll'): void {
    if (resolution !== how) {
      cut(at)
      resolution = how
      lastAt = at
    }
    utcOffset = utc - at
    const from = lastAt
    lastAt = at
    const isNumber = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value)
    const measured = phaseNames.filter(phase => isNumber(volts[phase]))
    const names = measured.map(phase => channelName('volts', phase))
    for (const channel of [...voltageState.sag.known.keys()]) if (!names.includes(channel)) loseVoltage(channel, at)
    if (names.some(name => !voltageState.sag.known.has(name))) voltageState = voltage.expect(voltageState, names)
    rms = {}
    for (const phase of measured) {
      const value = volts[phase] as number
      rms[channelName('volts', phase)] = value
      halfPu.set(channelName('volts', phase), value / nominalVolts)
      hearVoltage({ channel: channelName('volts', phase), value: value / nominalVolts, from, to: at })
    }
    for (const phase of phaseNames) {
      const value = amps[phase]
      if (!isNumber(value)) continue
      rms[channelName('amps', phase)] = value
      if (!isDisturbed(voltageState)) usualAmps.set(channelName('amps', phase), value)
    }
    if (isNumber(hz)) tell(slow.hearFrequency(hz / nominalHz, from, at))
    tick(at)
  }

  // ------------------------------------------------------------------------------------------------------------------

  function tick(now: Instant): void {
    const next = warnOf(impendingState, { kind: 'tick' }, now)
    impendingState = next.state
    tell(next.actions)
  }

  /** Ends what runs by measurement; what neighbours said stands. */
  function cut(now: Instant): void {
    stream?.end()
    stream = undefined
    for (const channel of [...voltageState.sag.known.keys()]) loseVoltage(channel, lastAt > 0 ? lastAt : now)
    tell(slow.cut(lastAt))
    for (const cause of ['collapse', 'frequencyFalling'] as const) {
      hearSign({ cause, isThere: false, severity: 'status' }, now)
    }
    collapsing = new Map()
    aggregate = aggregates()
    frequency = tenSecondFrequency()
    voltageTrend = newVoltageTrend()
    frequencyTrend = newFrequencyTrend()
    halfPu.clear()
    unknownFrom.clear()
    usualAmps.clear()
    rms = {}
    windowValues = {}
    harmonics = {}
    resolution = undefined
  }

  const SEEN_HERE: ReadonlySet<PowerQualityKind> = new Set(['sag', 'interruption'])

  return {
    take(samples) {
      take(samples)
      return taken()
    },
    hearRms(reading, how) {
      hearRms(reading, how)
      return taken()
    },
    hearSign(sign, now, utc) {
      utcOffset = utc - now
      hearSign(sign, now)
      return taken()
    },
    tick(now, utc) {
      utcOffset = utc - now
      tick(now)
      return taken()
    },
    cutOff(now, utc) {
      utcOffset = utc - now
      cut(now)
      return taken()
    },
    present: () => ({
      resolution,
      ...(resolution === 'samples' ? { samplesPerSecond } : {}),
      lost,
      rms,
      window: windowValues,
      harmonics,
      tenSeconds: frequency.last(),
      tenMinutes: lastTen,
      running: [...running.values()],
    }),
    disturbed() {
      const worst = [...running.values()]
        .filter(({ kind, cause }) => SEEN_HERE.has(kind) || cause === 'collapse')
        .reduce((most, { severity }) => Math.max(most, severities.indexOf(severity)), -1)
      const currents = [...usualAmps].filter(([channel]) => Number.isFinite(rms[channel]))
      const rose = currents.some(
        ([channel, usual]) => (rms[channel] as number) > settings.currentRise * Math.max(usual, 1),
      )
      return {
        severity: severities[worst],
        residualPu: Math.min(...halfPu.values(), Number.POSITIVE_INFINITY),
        ...(currents.length > 0 ? { currentsRose: rose } : {}),
      }
    },
    hasSag: () => voltageState.sag.running !== undefined || voltageState.interruption.running !== undefined,
  }
}
