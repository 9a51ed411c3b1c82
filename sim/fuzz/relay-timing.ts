// Each relay trips by its own time, whatever is said on the mesh.
//
// The current through every device with a relay is compared with its settings after each change of the plant. A stage whose
// time is used up, by its delay or by its curve at the currents that flowed, must have tripped the device, unless that opened
// before; and a trip needs such a stage, or an agent's fast trip by the trip input, for which the high set must be picked up. Fast stages may trip and need not: their shots may be spent. Devices into which a
// failure was injected are left out from then on, and relays that remember a current for a while below pickup.

import type { OvercurrentStage } from '../../src/protection/elements/overcurrent.ts'
import { overcurrentSettings } from '../../src/protection/elements/relay-settings.ts'
import { operatingSeconds } from '../../src/protection/elements/stage.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { largestAmps, pickedUp } from '../plant/elements.ts'
import type { FieldEvent } from '../plant/field.ts'
import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

/** One stage above its pickup. */
interface Running {
  /** Since when it is. */
  readonly begun: number
  /** Since when it takes `takesMs` for the whole, `used` of which had gone by then. */
  readonly from: number
  readonly used: number
  readonly takesMs: number
}

interface Timing {
  readonly device: DeviceEntry
  readonly stages: readonly OvercurrentStage[]
  readonly running: Map<number, Running>
  pickedUpAt: number
  lastActMs: number
  /** The trip input was driven. */
  toldMs: number
  /** The high set was picked up last; infinite while it is. */
  highSetMs: number
}

const NEVER = Number.NEGATIVE_INFINITY
/** From the look at the device that decided it to the device's being told. */
const FAST_TRIP_TAKES_MS = 100

/** Virtual times are binary fractions of a millisecond. */
const EXACT_MS = 0.01

export function relayTiming({ file, scheduler, site }: World, complain: Complain, conditions: Conditions): Watch {
  const timings = new Map<string, Timing>(file.devices.flatMap(device => timingOf(device)))
  /** Only a device that is picked up can be due; its events say when that begins. */
  const busy = new Set<string>()
  const isExcused = (device: string): boolean => conditions.deviceFailed(device, { fromMs: 0, toMs: scheduler.now() })

  function act({ device, kind, at }: FieldEvent): void {
    const timing = timings.get(device)
    if (timing === undefined) return
    if (kind === 'pickup') {
      busy.add(device)
      timing.pickedUpAt = at
    }
    // It may rise again at once: then its time begins anew.
    if (kind === 'dropout') timing.running.clear()
    if (kind === 'trip input') timing.toldMs = at
    if (!STOPS.has(kind)) return
    timing.lastActMs = at
    if (kind !== 'trip' || isExcused(device)) return
    if (timing.toldMs === at) {
      if (at - timing.highSetMs <= FAST_TRIP_TAKES_MS) return
      return complain('relay-on-time', `${device}: told to trip, and its high set was not picked up`)
    }
    const isDue = [...timing.running.values()].some(each => Math.abs(dueOf(each) - at) < EXACT_MS)
    const isAtOnce = timing.pickedUpAt === at && timing.stages.some(hasNoDelay)
    if (!isDue && !isAtOnce) complain('relay-on-time', `${device}: tripped, and none of its elements was due`)
  }

  function look(timing: Timing): void {
    const { name } = timing.device
    const isOpen = site.plant.position(name) === 'open'
    const current = isOpen ? undefined : site.plant.through(name)
    const amps = { phase: current === undefined ? 0 : largestAmps(current), ground: current?.residualAmps ?? 0 }
    for (const [n, { quantity, stage, isFast = false }] of timing.stages.entries()) {
      const takesMs = operatingSeconds(stage, amps[quantity]) * 1000
      const was = timing.running.get(n)
      if (!Number.isFinite(takesMs)) timing.running.delete(n)
      else if (was === undefined || was.takesMs !== takesMs) run(timing, n, was, takesMs, isFast)
    }
    const isHigh = current !== undefined && pickedUp(timing.device, current).highSet
    if (isHigh) timing.highSetMs = Number.POSITIVE_INFINITY
    else if (timing.highSetMs === Number.POSITIVE_INFINITY) timing.highSetMs = scheduler.now()
    if (timing.running.size === 0) busy.delete(name)
  }

  function run(timing: Timing, n: number, was: Running | undefined, takesMs: number, isFast: boolean): void {
    const from = scheduler.now()
    const begun = was?.begun ?? from
    const used = was === undefined ? 0 : was.used + (from - was.from) / was.takesMs
    const running = { begun, from, used, takesMs }
    timing.running.set(n, running)
    if (isFast) return
    const { name, breakerTimeMs } = timing.device
    // Somebody may have told it to open just before its own time came: then it is on its way.
    scheduler.at(Math.max(from, dueOf(running)) + breakerTimeMs + 1, () => {
      const hasGoneOn = timing.running.get(n) === running && timing.lastActMs < begun
      if (hasGoneOn && !isExcused(name)) {
        const stage = timing.stages[n]?.name ?? ''
        complain(
          'relay-on-time',
          `${name}: ${stage} above its pickup for ${Math.round(dueOf(running) - begun)} ms, and no trip`,
        )
      }
    })
  }

  return {
    settled(events) {
      // What the relays did came of the state before; the elements that they act on have risen by then.
      for (const event of events) act(event)
      for (const device of busy) {
        const timing = timings.get(device)
        if (timing !== undefined) look(timing)
      }
    },
  }
}

const dueOf = ({ from, used, takesMs }: Running): number => from + takesMs * (1 - used)
const hasNoDelay = ({ stage: { timing } }: OvercurrentStage): boolean =>
  timing.kind === 'definite' && timing.delay === 0

function timingOf(device: DeviceEntry): [string, Timing][] {
  const stages = device.relay === undefined ? [] : overcurrentSettings(device.relay, device.reclose)
  const remembers = stages.some(({ stage: { reset } }) => reset !== undefined && reset.kind !== 'instantaneous')
  if (stages.length === 0 || remembers) return []
  const never = { pickedUpAt: NEVER, lastActMs: NEVER, toldMs: NEVER, highSetMs: NEVER }
  return [[device.name, { device, stages, running: new Map(), ...never }]]
}

/** After these an element's time no longer runs towards a trip. */
const STOPS: ReadonlySet<FieldEvent['kind']> = new Set(['trip', 'open', 'stuck', 'lockout'])
