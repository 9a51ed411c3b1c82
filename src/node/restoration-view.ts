// What restoration knows of the own device and of the feeder around it: what the device shows, read when it is asked for,
// whether fault current has passed since all was well, who opened it, and the positions of all devices from before.
//
// What cannot be known is said to be so. An agent that was started, or whose device was silent, while something was dark
// has not seen how it came to be: until all is well again it says "unknown", and leads nothing.

import { createFeeder, type DevicePosition, type Feeder } from '../../topology/feeder.ts'
import type { IedEntry } from '../../topology/feeder-file.ts'
import type { Status } from '../hal/port.ts'
import { feedsOf } from '../protection/restoration/feeds.ts'
import {
  type PassageLatch,
  passageOf,
  passedAgoMs,
  stepPassage,
  unwatched,
} from '../protection/restoration/passage-latch.ts'
import { MAX_PASSED_AGO_MS } from '../protection/restoration/questions.ts'
import type { TeamFacts } from '../protection/restoration/sequence-types.ts'
import { sidesOf } from '../protection/restoration/team.ts'
import { positionsOf, zoneGraphOf } from '../protection/restoration/zone-graph.ts'
import type { Clock } from './clock.ts'
import type { Bus } from './component.ts'
import { trusted } from './trusted-status.ts'

/** So long nothing has moved on the feeder: as it is then, it was before whatever comes next. */
const SETTLED_MS = 3000

export interface RestorationView {
  /** What it knows of the feeder before the fault; undefined when it was not there. */
  before(): Feeder | undefined
  /** @param barred beside what the device itself shows @param isolates restoration has opened it, and it stays so */
  facts(status: Status, barred: string | undefined, isolates: boolean): TeamFacts
  /** The device is operated by this agent's restoration now: what moves is no stranger's doing. */
  operating(isSo: boolean): void
  stop(): void
}

export function restorationView(
  { bus, clock, feeder }: { readonly bus: Bus; readonly clock: Clock; readonly feeder: Feeder },
  { ied, device }: { readonly ied: IedEntry; readonly device: string },
): RestorationView {
  const { section, normal } = feeder.device(device)
  const sides = sidesOf(feeder, device)
  const ownZone = feeder.zoneOf(ied.node)
  const bit = ied.observes.indexOf(section)
  let latch: PassageLatch = unwatched
  /** Opened neither by its own relay nor by restoration. */
  let isOpenedOtherwise = false
  let isOperating = false
  let position: DevicePosition = 'unknown'
  let isDark = true
  let before: Feeder | undefined
  /** Measured while all was well: the latest, and as it was before the fault. */
  let presentKva: number | undefined
  let loadKva: number | undefined
  let current = positions()
  let movedAt = clock.now()

  function positions(): ReadonlyMap<string, DevicePosition> {
    return new Map(feeder.file.devices.map(({ name }) => [name, feeder.position(name)]))
  }
  /** Whatever was so for a while, and with voltage on both sides, counts as how it was before. */
  function keepIfSettled(): void {
    if (isDark || clock.now() - movedAt < SETTLED_MS) return
    const copy = createFeeder(feeder.file)
    for (const [name, at] of current) copy.setPosition(name, at)
    before = copy
    loadKva = presentKva
  }

  const passes = ({ pickup, entered = 0 }: Status): boolean =>
    pickup === true || (bit >= 0 && ((entered >> bit) & 1) === 1)

  const cancels = [
    bus.on('topology', () => {
      keepIfSettled()
      movedAt = clock.now()
      current = positions()
    }),
    bus.on('status', status => {
      const { dead, farDead, tripped = false, position: seen = 'unknown' } = status
      const someDead = dead !== false || farDead === true
      latch = stepPassage(latch, { kind: 'status', passes: passes(status), dead: someDead }, clock.now())
      if (someDead && !isDark) keepIfSettled()
      if (!someDead && isDark) movedAt = clock.now()
      isDark = someDead
      if (seen === 'open' && position === 'closed' && !tripped && !isOperating) isOpenedOtherwise = true
      if (seen === 'closed' || (normal === 'open' && !someDead && clock.now() - movedAt > SETTLED_MS)) {
        isOpenedOtherwise = false
      }
      if (seen !== 'unknown') position = seen
    }),
    bus.on('measurement', ({ volts, amps }) => {
      if (isDark || latch.isPassing || volts === undefined || amps === undefined) return
      presentKva = (['a', 'b', 'c'] as const).reduce((sum, x) => sum + ((volts[x] ?? 0) * (amps[x] ?? 0)) / 1000, 0)
    }),
    bus.on('device', ({ answering }) => {
      if (answering) return
      latch = stepPassage(latch, { kind: 'silent' }, clock.now())
      before = undefined
      isDark = true
    }),
  ]

  function sidesDead({ dead, farDead }: Status): Readonly<Record<string, boolean>> {
    const [near, far] = ownZone === sides.section ? [sides.section, sides.node] : [sides.node, sides.section]
    if (ownZone !== sides.node && ownZone !== sides.section) return {}
    return { ...(dead === undefined ? {} : { [near]: dead }), ...(farDead === undefined ? {} : { [far]: farDead }) }
  }

  /** The zone that the device fed before, which is where fault current went: sensors tell of what enters downstream. */
  function toward(): string | undefined {
    if (before === undefined) return undefined
    const graph = zoneGraphOf(before)
    const fed = feedsOf(graph, positionsOf(before, graph)).childAt[graph.device(device)] ?? -1
    return graph.zones[fed]
  }

  function barredByItself({ hotLineTag, local, position: at, tripped = false }: Status): string | undefined {
    if (hotLineTag === true) return 'it has a hot-line tag'
    if (local === true) return 'it is in local control'
    if (at === 'open' && isOpenedOtherwise) return 'it was opened by hand, or by another scheme'
    if (at === 'open' && normal === 'closed' && !tripped) return 'it is open, and its own relay has not opened it'
    return undefined
  }

  return {
    before: () => before,
    facts(status, barred, isolates) {
      const { tripped = false, lockedOut = false, position: at = 'unknown' } = trusted(status)
      const passage = passageOf(latch, clock.now())
      const agoMs = passedAgoMs(latch, clock.now())
      const way = passage === 'yes' ? toward() : undefined
      const why = (isolates ? barred : undefined) ?? barredByItself(status) ?? barred
      return {
        position: at,
        tripped,
        lockedOut: lockedOut || (isolates && at === 'open'),
        disturbed: passes(status),
        passage,
        ...(agoMs === undefined || agoMs > MAX_PASSED_AGO_MS ? {} : { passedAgoMs: agoMs }),
        ...(way === undefined ? {} : { toward: way }),
        dead: sidesDead(status),
        ...(why === undefined ? {} : { barred: why }),
        ...(loadKva === undefined ? {} : { loadKva }),
      }
    },
    operating(isSo) {
      isOperating = isSo
    },
    stop() {
      for (const cancel of cancels) cancel()
    },
  }
}
