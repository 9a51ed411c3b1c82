// Each relay trips by its own delay, whatever is said on the mesh.
//
// The current through every device with a relay is compared with its settings after each change of the plant. An element
// that has been above its pickup without a break for its delay must have tripped the device, unless that opened before;
// and a trip needs such an element, or an agent's fast trip by the trip input, for which the high set must be picked up. Devices into which a failure was injected are left out from then on.

import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { pickedUp } from '../plant/elements.ts'
import type { FieldEvent } from '../plant/field.ts'
import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

type Element = 'phase' | 'ground'

interface Timing {
  readonly device: DeviceEntry
  /** Since when the element is above its pickup; absent while it is not. */
  readonly since: Partial<Record<Element, number>>
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
  const timings = new Map<string, Timing>(
    file.devices.flatMap(device =>
      device.relay === undefined
        ? []
        : [[device.name, { device, since: {}, lastActMs: NEVER, toldMs: NEVER, highSetMs: NEVER }]],
    ),
  )
  /** Only a device that is picked up can be due; its events say when that begins. */
  const busy = new Set<string>()
  const isExcused = (device: string): boolean => conditions.deviceFailed(device, { fromMs: 0, toMs: scheduler.now() })

  const delayOf = ({ device: { relay } }: Timing, element: Element): number =>
    (element === 'phase' ? relay?.delayMs : relay?.ground?.delayMs) ?? Number.POSITIVE_INFINITY

  /** It may rise again at once: then its time begins anew. */
  function forget({ since }: Timing): void {
    delete since.phase
    delete since.ground
  }

  function act({ device, kind, at }: FieldEvent): void {
    const timing = timings.get(device)
    if (timing === undefined) return
    if (kind === 'pickup') busy.add(device)
    if (kind === 'dropout') forget(timing)
    if (kind === 'trip input') timing.toldMs = at
    if (!STOPS.has(kind)) return
    timing.lastActMs = at
    if (kind !== 'trip' || isExcused(device)) return
    if (timing.toldMs === at) {
      if (at - timing.highSetMs <= FAST_TRIP_TAKES_MS) return
      return complain('relay-on-time', `${device}: told to trip, and its high set was not picked up`)
    }
    const isDue = (['phase', 'ground'] as const).some(element => {
      const since = timing.since[element]
      return since !== undefined && Math.abs(since + delayOf(timing, element) - at) < EXACT_MS
    })
    if (!isDue) complain('relay-on-time', `${device}: tripped, and none of its elements was due`)
  }

  function look(timing: Timing): void {
    const { name } = timing.device
    const isOpen = site.plant.position(name) === 'open'
    const seen = isOpen ? NOTHING : pickedUp(timing.device, site.plant.through(name))
    for (const element of ['phase', 'ground'] as const) {
      if (!seen[element]) delete timing.since[element]
      else if (timing.since[element] === undefined) rise(timing, element)
    }
    if (seen.highSet) timing.highSetMs = Number.POSITIVE_INFINITY
    else if (timing.highSetMs === Number.POSITIVE_INFINITY) timing.highSetMs = scheduler.now()
    if (!seen.phase && !seen.ground) busy.delete(name)
  }

  function rise(timing: Timing, element: Element): void {
    const begun = scheduler.now()
    const delayMs = delayOf(timing, element)
    timing.since[element] = begun
    if (!Number.isFinite(delayMs)) return
    const { name, breakerTimeMs } = timing.device
    // Somebody may have told it to open just before its own time came: then it is on its way.
    scheduler.at(begun + delayMs + breakerTimeMs + 1, () => {
      const hasGoneOn = timing.since[element] === begun && timing.lastActMs < begun
      if (hasGoneOn && !isExcused(name)) {
        complain('relay-on-time', `${name}: ${element} element above its pickup for ${delayMs} ms, and no trip`)
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

const NOTHING = { phase: false, ground: false, highSet: false }
/** After these an element's time no longer runs towards a trip. */
const STOPS: ReadonlySet<FieldEvent['kind']> = new Set(['trip', 'open', 'stuck', 'lockout'])
