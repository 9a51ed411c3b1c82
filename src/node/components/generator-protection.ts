// The shell of a generator's abnormal-voltage and abnormal-frequency trip (27, 59, 81), where the configuration wants it and
// the device measures fast enough: waveforms (voltage alone), or synchrophasors (both). From polled values the shortest stages
// cannot be kept, so there it is refused, and said. The decision is in src/protection/der-trip.ts.

import { instant } from '../../../topology/units.ts'
import type { PhasorFrame, SampleBlock } from '../../hal/port.ts'
import { type DerStage, tightened, tripStages } from '../../protection/der-ride-through.ts'
import { type DerSeen, derAtRest, derTrip } from '../../protection/der-trip.ts'
import {
  meanSquare,
  pushSamples,
  pushUnknown,
  type SampleRing,
  sampleRing,
} from '../../protection/power-quality/sample-ring.ts'
import type { Component, Readiness } from '../component.ts'
import { networkPlace, perUnit } from '../network-values.ts'
import { NodeError } from '../node-error.ts'
import { operable } from '../operable.ts'

const SCHEME = 'generator protection'
/** Values farther apart than this cannot keep a stage of 160 ms. */
const FAST_MS = 50
const RETRY_MS = 500

export const generatorProtection: Component = {
  name: 'generator-protection',
  start(context) {
    const { bus, clock, config, feeder, hal, name } = context
    const given = config.generatorProtection
    if (given === undefined) return { stop: () => {} }
    const refuse = (why: string): never => {
      throw new NodeError('BAD_INPUT', `generatorProtection: ${why}`)
    }
    const ied = feeder.ied(name)
    const generator =
      feeder.file.generators.find(each => each.name === ied.operates) ?? refuse(`${name} operates no generator`)
    const category =
      given.category ??
      generator.category ??
      refuse(`category: the feeder file has none of ${generator.name}, want I, II or III`)
    const place = networkPlace(feeder.file, ied, generator)
    const hz = feeder.file.frequencyHz
    const plain = tripStages(category, hz)
    let stages = plain
    let state = derAtRest
    let trips = 0
    let isOpen = false
    let isRetrying = false
    let phasorsAt: number | undefined
    let samplesAt: number | undefined
    let slow = false
    let stopped = false

    function look(seen: DerSeen): void {
      if (stopped) return
      // An open contactor has nothing left to trip, and its own side of the network says nothing of an island.
      if (isOpen) {
        state = derAtRest
        return
      }
      const settings = { stages, openingMs: given?.openingMs ?? 0, staleMs: FAST_MS }
      const next = derTrip(state, seen, settings, clock.now())
      state = next.state
      for (const { stage, value } of next.actions) void trip(stage, value)
    }

    async function trip(stage: DerStage, value: number): Promise<void> {
      const id = `${name}/${context.epoch}/abnormal-${++trips}`
      const cause = stage[1] === 'F' ? 'abnormal-frequency' : 'abnormal-voltage'
      context.report('generator-trip', { id, stage, value: Math.round(value * 1000) / 1000, device: generator.name })
      for (let hasFailed = false; !stopped; hasFailed = true) {
        try {
          await operable(hal).operate('open')
          return context.report('operated', { operation: 'open', cause, id, device: generator.name })
        } catch (error) {
          const reason = (error as Error).message
          if (!hasFailed) context.report('alarm', { alarm: 'operation-failed', operation: 'open', cause, id, reason })
        }
        if (isRetrying) return
        isRetrying = true
        await new Promise<void>(resolve => void clock.wakeAt(instant(clock.now() + RETRY_MS), resolve))
        isRetrying = false
      }
    }

    // From waveforms: the RMS of the last cycle, each half cycle. ------------------------------------------------------

    const rings = new Map<'a' | 'b' | 'c', SampleRing>()
    let rate = 0
    let due = 0
    function hearSamples({ samplesPerSecond, lost, volts }: SampleBlock): void {
      samplesAt = clock.now()
      const cycle = samplesPerSecond / hz
      if (samplesPerSecond !== rate) {
        rate = samplesPerSecond
        due = cycle
        rings.clear()
        for (const phase of place.phases) rings.set(phase, sampleRing(2 * cycle + 2))
      }
      const length = Math.max(0, ...place.phases.map(phase => volts[phase]?.length ?? 0))
      for (const ring of rings.values()) pushUnknown(ring, lost)
      // In steps of half a cycle, so that no ring overruns before it was looked at.
      const step = Math.max(1, Math.floor(cycle / 2))
      for (let from = 0; from < length; from += step) {
        const to = Math.min(length, from + step)
        for (const [phase, ring] of rings) {
          const channel = volts[phase]
          if (channel === undefined || channel.length < to) pushUnknown(ring, to - from)
          else pushSamples(ring, channel, from, to)
        }
        const end = [...rings.values()][0]?.end ?? 0
        if (end < due) continue
        due = end + cycle / 2
        look(perUnit(place, Object.fromEntries([...rings].map(([phase, ring]) => [phase, rms(ring, cycle)]))))
      }
    }
    const rms = (ring: SampleRing, cycle: number): number =>
      ring.end < cycle ? Number.NaN : Math.sqrt(meanSquare(ring, ring.end - cycle, ring.end))

    function hearPhasors({ volts, frequencyHz, doubts = [] }: PhasorFrame): void {
      const now = clock.now()
      slow = phasorsAt !== undefined && now - phasorsAt > FAST_MS
      phasorsAt = now
      if (slow || (samplesAt !== undefined && now - samplesAt <= FAST_MS && doubts.length > 0)) return
      if (doubts.length > 0) return look({})
      const magnitudes = Object.fromEntries(Object.entries(volts).map(([phase, each]) => [phase, each?.magnitude]))
      look({ ...perUnit(place, magnitudes), hz: frequencyHz })
    }

    const isFast = hal?.onSamples !== undefined || hal?.onPhasors !== undefined
    const whyNot = `values of ${generator.name} are polled: the stages want waveforms or synchrophasors`
    function readiness(): Readiness {
      const no = (why: string): Readiness => ({ scheme: SCHEME, ready: false, why })
      if (!isFast) return no(whyNot)
      if (hal?.operate === undefined) return no('its device cannot be operated')
      const at = Math.max(phasorsAt ?? Number.NEGATIVE_INFINITY, samplesAt ?? Number.NEGATIVE_INFINITY)
      if (clock.now() - at > 2000) return no('nothing is measured')
      if (slow && samplesAt === undefined) return no(`phasors come more than ${FAST_MS} ms apart`)
      if (phasorsAt === undefined)
        return { scheme: SCHEME, ready: true, why: 'voltage alone: waveforms give no frequency here' }
      return { scheme: SCHEME, ready: true }
    }

    const cancels = [
      bus.on('samples', hearSamples),
      bus.on('phasors', hearPhasors),
      bus.on('status', ({ position }) => {
        isOpen = position === 'open'
      }),
      bus.on('device', ({ answering }) => {
        if (!answering) isOpen = false
      }),
      bus.on('transferTrip', ({ channelLost }) => {
        stages = channelLost ? tightened(plain) : plain
      }),
      bus.on('components-started', () => {
        if (!isFast)
          context.report('alarm', { alarm: 'generator-protection-off', name: generator.name, reason: whyNot })
      }),
      bus.on('ready-asked', ({ answer }) => answer(readiness())),
    ]
    return {
      stop() {
        stopped = true
        for (const cancel of cancels) cancel()
      },
    }
  },
}
