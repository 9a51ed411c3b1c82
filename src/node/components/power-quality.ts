// The shell of the power-quality monitor: gives it what the device measures, from the finest source that there is, and tells
// what it sees: on the bus, as a report (a record and, by its severity, an alert), and each ten minutes as a record of the
// aggregates. What it sees below is told to the early warning in the terms of line sensors; a doubted value tells nobody.

import { toCbor } from '../../../topology/cbor.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { duration, type Instant, instant } from '../../../topology/units.ts'
import type { Doubts, Measurement, PerPhase, PhasorFrame, SampleBlock } from '../../hal/port.ts'
import type { Interval } from '../../protection/power-quality/aggregates.ts'
import { disturbanceBelow } from '../../protection/power-quality/disturbance-below.ts'
import type { PowerQualityEvent } from '../../protection/power-quality/event.ts'
import type { Sign } from '../../protection/power-quality/impending.ts'
import { type QualityMonitor, qualityMonitor, type Taken } from '../../protection/power-quality/monitor.ts'
import { type QualitySettings, qualityDefaults } from '../../protection/power-quality/settings.ts'
import { mayTell, silent } from '../../protection/power-quality/talk-limit.ts'
import type { Component, RelayStateHeard, Report } from '../component.ts'
import { inWords, rounded, shownQuality } from '../power-quality-words.ts'

/** A source that is silent for longer has stopped, and a coarser one counts again. */
const STOPPED_MS = 2000
/** Phasors that come as often as this, in cycles, are as good as half-cycle values. */
const FAST_CYCLES = 1.5
/** After the end of a disturbance the early warning hears of its absence for so long: its all-clear needs it. */
const AFTER_MS = 500
const KEPT = 50
/** A pickup upstream is told anew while it stands, and its end is told or found: this is a net, longer than any curve. */
const PICKUP_HOLD = duration(60_000)
/** Messages that stand upstream of here, at the most; older ones give way. */
const WARNINGS = 64

const nominals = new WeakMap<FeederFile, ReadonlyMap<string, number>>()
/** Once for each feeder, however many agents are on it. */
function nominalsOf(file: FeederFile): ReadonlyMap<string, number> {
  const known = nominals.get(file) ?? nominalVolts(file)
  nominals.set(file, known)
  return known
}

export const powerQualityComponent: Component = {
  name: 'power-quality',
  start(context) {
    const { bus, clock, config, feeder, ledger, log, name, readout } = context
    if (context.hal === undefined) return { stop: () => {} }
    const { node, observes } = feeder.ied(name)
    let { warnsOthers } = config.powerQuality
    let made: { monitor: QualityMonitor; settings: QualitySettings } | undefined
    let talk = silent(clock.now())
    let unsaidTold = 0
    const ended: PowerQualityEvent[] = []
    const writing = new Set<Promise<void>>()
    const standing = new Set<string>()
    /** Devices upstream whose relays see a fault; the file has so many. */
    const pickedUpAbove = new Set<string>()
    let samplesAt = Number.NEGATIVE_INFINITY
    let phasorsAt = Number.NEGATIVE_INFINITY
    let pickup: boolean | undefined
    let isOpen = false
    let hadSag = false
    let seenUntil = Number.NEGATIVE_INFINITY
    /** The early warning was told of a disturbance, and not yet for long enough that there is none. */
    let owesEnd = false
    let watch = (): void => {}
    let isWatched = false
    let stopped = false

    /** Made when there is something to judge: an agent without voltage costs nothing. */
    function judge(): QualityMonitor {
      if (made === undefined) {
        const { warnsOthers: _, nominalVolts: given, ...chosen } = config.powerQuality
        const volts = given ?? nominalsOf(feeder.file).get(node) ?? (feeder.file.nominalKv * 1000) / Math.sqrt(3)
        const settings = { ...qualityDefaults, ...chosen, nominalVolts: volts, nominalHz: feeder.file.frequencyHz }
        made = { monitor: qualityMonitor(settings), settings }
      }
      return made.monitor
    }

    // What it says ---------------------------------------------------------------------------------------------------

    function tell({ events, tenMinutes }: Taken): void {
      for (const each of events) {
        const event = { ...each, id: `${name}/${context.epoch}/${each.id}` }
        bus.emit('powerQuality', event)
        if (event.phase === 'ends') {
          ended.push(event)
          if (ended.length > KEPT) ended.shift()
        }
        const next = mayTell(talk, event, clock.now())
        talk = next.state
        if (!next.isTold) continue
        const { startedAt, detectedAt, channels, ...rest } = event
        context.report('power-quality', {
          ...rounded(rest),
          channels: channels.join(' '),
          detectedAfterMs: rounded({ ms: detectedAt - startedAt }).ms,
          text: inWords(event),
        })
      }
      for (const interval of tenMinutes) keep(interval)
      const sag = made?.monitor.hasSag() === true
      if (sag === hadSag) return
      hadSag = sag
      bus.emit('ownSag', { present: sag, at: clock.now() })
    }

    function keep({ values, ...interval }: Interval): void {
      // What was not said is said here, so that it is in the records.
      const unsaid = talk.unsaid - unsaidTold
      unsaidTold = talk.unsaid
      const content = { event: 'power-quality-interval', ...interval, values: rounded(values), eventsNotTold: unsaid }
      const write: Promise<void> = ledger
        .append('powerQuality', toCbor(content))
        .then(({ number }) => bus.emit('appended', { number }))
        .catch(error => log.error('power-quality-not-recorded', { reason: (error as Error).message }))
        .finally(() => writing.delete(write))
      writing.add(write)
    }

    /** From waveforms and values as fast, never from polls: between two of those anything may have happened. */
    function warn(now: Instant): void {
      if (observes.length === 0 || made === undefined) return
      const here = { ...made.monitor.disturbed(), pickup, isOpen, sections: observes.length }
      const seen = disturbanceBelow(warnsOthers ? here : { ...here, isOpen: true })
      if (seen.entered !== 0) {
        seenUntil = now + AFTER_MS
        owesEnd = true
      }
      if (owesEnd) bus.emit('sensors', seen)
      if (now > seenUntil) owesEnd = false
    }

    /** No line sensor says anything any more: not that there is a disturbance, and not that there is none. */
    function warnNoMore(): void {
      const nothing = { entered: 0, left: 0 }
      if (!owesEnd) return
      owesEnd = false
      bus.emit('sensors', nothing)
      clock.wakeAt(instant(clock.now() + AFTER_MS), () => stopped || bus.emit('sensors', nothing))
    }

    function cutOff(): void {
      samplesAt = Number.NEGATIVE_INFINITY
      phasorsAt = Number.NEGATIVE_INFINITY
      if (made !== undefined) tell(made.monitor.cutOff(clock.now(), clock.utc()))
      warnNoMore()
    }

    /** Looks again while something is impending, or a source might stop. */
    function watchOn(): void {
      if (isWatched || stopped) return
      isWatched = true
      watch = clock.wakeAt(instant(clock.now() + STOPPED_MS), () => {
        isWatched = false
        if (made === undefined) return
        const now = clock.now()
        const latest = Math.max(samplesAt, phasorsAt)
        tell(made.monitor.tick(now, clock.utc()))
        if (Number.isFinite(latest) && now - latest > STOPPED_MS) cutOff()
        const isImpending = made.monitor.present().running.some(({ kind }) => kind === 'impending')
        if (isImpending || Number.isFinite(Math.max(samplesAt, phasorsAt))) watchOn()
      })
    }

    // What it hears --------------------------------------------------------------------------------------------------

    function hearSamples(block: SampleBlock): void {
      samplesAt = clock.now()
      tell(judge().take(block))
      warn(clock.now())
      watchOn()
    }

    function hearPhasors({ at, volts, amps, frequencyHz, doubts }: PhasorFrame): void {
      const now = clock.now()
      if (now - samplesAt <= STOPPED_MS) return
      const cycles = ((now - phasorsAt) / 1000) * feeder.file.frequencyHz
      const isFast = cycles <= FAST_CYCLES
      phasorsAt = now
      watchOn()
      const known = doubts === undefined || doubts.length === 0
      const magnitudes = (of: PerPhase<{ magnitude: number }>): PerPhase =>
        known ? Object.fromEntries(Object.entries(of).map(([phase, { magnitude }]) => [phase, magnitude])) : {}
      const reading = {
        at,
        utc: clock.utc(),
        volts: magnitudes(volts),
        amps: magnitudes(amps),
        ...(known ? { hz: frequencyHz } : {}),
      }
      // A frame that comes late is one of a fast row still.
      const how = isFast || judge().present().resolution === 'half-cycle' ? 'half-cycle' : 'poll'
      tell(judge().hearRms(reading, how))
      if (how === 'half-cycle') warn(now)
    }

    function hearMeasurement({ at, utc, volts, amps, frequencyHz, doubts = {} }: Measurement): void {
      const now = clock.now()
      if (now - Math.max(samplesAt, phasorsAt) <= STOPPED_MS) return
      // A device that shows no voltage at all any more shows no end of a sag either: what runs is cut off.
      if (volts === undefined && made === undefined) return
      const sure = undoubted(doubts)
      const hz = 'frequencyHz' in doubts ? undefined : frequencyHz
      tell(
        judge().hearRms(
          {
            at,
            utc,
            volts: sure('volts', volts ?? {}),
            amps: sure('amps', amps ?? {}),
            ...(hz === undefined ? {} : { hz }),
          },
          'poll',
        ),
      )
    }

    function hearSign(sign: Sign): void {
      if (!sign.isThere && made === undefined) return
      tell(judge().hearSign(sign, clock.now(), clock.utc()))
      if (sign.isThere) watchOn()
    }

    function hearReport({ event, id, severity }: Report): void {
      if (event === 'outage-expected') return hearSign({ cause: 'upstreamTrip', isThere: true, severity: 'alert' })
      if (event !== 'warned' && event !== 'warning-ended') return
      if (event === 'warned') standing.add(String(id))
      else standing.delete(String(id))
      if (standing.size > WARNINGS) standing.delete([...standing][0] ?? '')
      // What is here already is not impending any more.
      const isThere = standing.size > 0 && !hadSag
      const bad = severity === 'catastrophic' ? 'alert' : 'warning'
      hearSign({ cause: 'neighbourWarning', isThere, severity: bad })
    }

    /** It warns: what is here already is not impending any more. */
    function hearRelay({ device, state, place }: RelayStateHeard): void {
      if (place === 'above' && state === 'picked-up') pickedUpAbove.add(device)
      else if (!pickedUpAbove.delete(device)) return
      const isThere = pickedUpAbove.size > 0 && !hadSag
      hearSign({ cause: 'upstreamPickup', isThere, severity: 'warning', hold: PICKUP_HOLD })
    }

    const cancels = [
      bus.on('relayState', hearRelay),
      bus.on('samples', hearSamples),
      bus.on('phasors', hearPhasors),
      bus.on('measurement', hearMeasurement),
      bus.on('report', hearReport),
      bus.on('status', status => {
        isOpen = status.position === 'open'
        if (status.pickup === pickup) return
        pickup = status.pickup
        hearSign({ cause: 'ownPickup', isThere: pickup === true, severity: 'warning' })
      }),
      bus.on('device', ({ answering }) => {
        if (answering) return
        pickup = undefined
        cutOff()
      }),
      bus.on('setting', ({ key, config: changed }) => {
        if (key === 'powerQuality.warnsOthers') warnsOthers = changed.powerQuality.warnsOthers
      }),
    ]
    cancels.push(
      bus.on('ready-asked', ({ answer }) => {
        const resolution = made?.monitor.present().resolution
        if (resolution === undefined)
          return answer({ ...SCHEME, ready: false, why: 'no voltage has been measured yet' })
        answer({
          ...SCHEME,
          ready: true,
          ...(resolution === 'poll' ? { why: 'by polls only: what is short is missed' } : {}),
        })
      }),
    )
    readout('power-quality', async () => {
      const { monitor, settings } = made ?? { monitor: undefined, settings: undefined }
      return shownQuality(monitor?.present(), settings, { ended, notTold: talk.unsaid })
    })
    return {
      async stop() {
        stopped = true
        for (const cancel of cancels) cancel()
        watch()
        await Promise.all(writing)
      },
    }
  },
}

const SCHEME = { scheme: 'power quality' }

/** Values that nothing is said against. */
const undoubted =
  (doubts: Doubts) =>
  (feed: 'volts' | 'amps', values: PerPhase): PerPhase =>
    Object.fromEntries(Object.entries(values).filter(([phase]) => !(`${feed}.${phase}` in doubts)))
