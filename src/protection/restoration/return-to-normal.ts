// Back to the normal state, on a person's order, when the fault is repaired.
//
// What may open without a load going dark opens at once. What only joins live to dead closes next, outward from the sources
// and never against the normal direction: nobody has reckoned what the tie's way would carry then. Where closing would join
// what is live on both sides, something has to open: before it closes, with a short interruption; or after, where paralleling
// is allowed there. The closing device's own check (sync, one side dead) stands beside this and may still refuse.

import type { DevicePosition } from '../../../topology/feeder.ts'
import { feedsOf } from './feeds.ts'
import { barReason } from './isolate.ts'
import type { PlanInput } from './plan-types.ts'
import { positionsOf, type ZoneDevice, type ZoneGraph, zoneGraphOf } from './zone-graph.ts'

export interface ReturnStep {
  readonly number: number
  readonly kind: 'open' | 'close'
  readonly device: string
  /** Zones that are without supply from this opening until the next closing. */
  readonly interrupts: readonly string[]
  /** Sources are in parallel, or a loop is closed, from this closing until the next opening. */
  readonly parallels: boolean
}

export interface ReturnPlan {
  readonly steps: readonly ReturnStep[]
  /** Devices that stay out of their normal position, and why. */
  readonly left: readonly { readonly device: string; readonly why: string }[]
}

/** `suspect` zones are those not yet repaired: nothing closes toward them. */
export interface ReturnInput extends Pick<PlanInput, 'feeder' | 'suspect' | 'barred' | 'isOperable'> {
  /** By suspect zone why nothing may close toward it, where it is another reason. */
  readonly whySuspect?: ReadonlyMap<string, string>
}

/** @param isParallelAllowed by the name of the device that would close */
export function planReturn(input: ReturnInput, isParallelAllowed: (device: string) => boolean): ReturnPlan {
  const graph = zoneGraphOf(input.feeder)
  const positions = positionsOf(input.feeder, graph)
  const suspect = new Set(input.suspect.map(name => graph.zone(name)))
  const steps: ReturnStep[] = []
  const left: { device: string; why: string }[] = []
  const toClose = new Set<number>()
  const toOpen = new Set<number>()
  graph.devices.forEach((device, n) => {
    const normal: DevicePosition = device.isNormallyOpen ? 'open' : 'closed'
    if (positions[n] === normal) return
    const why = reasonToLeave(input, device, positions[n] as DevicePosition, normal, suspect)
    if (why !== undefined) left.push({ device: device.name, why })
    else if (normal === 'open') toOpen.add(n)
    else toClose.add(n)
  })
  const put = (kind: 'open' | 'close', device: number, interrupts: readonly string[] = [], parallels = false): void => {
    positions[device] = kind === 'open' ? 'open' : 'closed'
    steps.push({ number: steps.length + 1, kind, device: graph.devices[device]?.name ?? '', interrupts, parallels })
    toClose.delete(device)
    toOpen.delete(device)
  }

  const fedAtNormal = normalFeeds(graph)
  const isAsEver = (device: number, fed: number): boolean => {
    const normally = fedAtNormal[device] as number
    return normally < 0 || normally === fed
  }

  for (;;) {
    const idle = [...toOpen].find(n => darkWithout(graph, positions, n).length === 0)
    if (idle !== undefined) {
      put('open', idle)
      continue
    }
    const live = liveZones(graph, positions)
    const sides = (n: number): readonly [boolean, boolean] => {
      const { nodeSide, sectionSide } = graph.devices[n] as ZoneDevice
      return [live.has(nodeSide), live.has(sectionSide)]
    }
    const outward = [...toClose].find(n => {
      const [isNodeLive, isSectionLive] = sides(n)
      const { nodeSide, sectionSide } = graph.devices[n] as ZoneDevice
      return isNodeLive !== isSectionLive && isAsEver(n, isNodeLive ? sectionSide : nodeSide)
    })
    if (outward !== undefined) {
      put('close', outward)
      continue
    }
    const pair = exchange(graph, positions, toClose, toOpen, isAsEver)
    if (pair === undefined) break
    const { close, open, dark } = pair
    if (isParallelAllowed(graph.devices[close]?.name ?? '')) {
      put('close', close, [], true)
      put('open', open)
    } else {
      put('open', open, dark)
      put('close', close)
    }
  }
  const live = liveZones(graph, positions)
  for (const n of toClose) {
    const { name, nodeSide, sectionSide } = graph.devices[n] as ZoneDevice
    const dead = [nodeSide, sectionSide].filter(zone => !live.has(zone))
    const why = [
      'it would close a loop, and nothing that may open parts it',
      `${graph.zones[dead[0] ?? 0]} would be fed from behind`,
      'both of its sides are dead',
    ]
    left.push({ device: name, why: why[dead.length] as string })
  }
  for (const n of toOpen) {
    const dark = darkWithout(graph, positions, n)
    left.push({ device: graph.devices[n]?.name ?? '', why: `${dark.join(', ')} would be without supply` })
  }
  return { steps, left }
}

function reasonToLeave(
  input: ReturnInput,
  device: ZoneDevice,
  position: DevicePosition,
  normal: DevicePosition,
  suspect: ReadonlySet<number>,
): string | undefined {
  if (position === 'unknown') return 'its position is not known'
  const barred = barReason(input, device)
  if (barred !== undefined) return barred
  const beside = [device.nodeSide, device.sectionSide].find(zone => suspect.has(zone))
  if (normal === 'open' || beside === undefined) return undefined
  const { feeder, whySuspect } = input
  const zone = zoneGraphOf(feeder).zones[beside] as string
  return whySuspect?.get(zone) ?? 'a zone beside it may still have its fault'
}

/** By device, the zone that it feeds in the normal state, -1 where it feeds none. */
function normalFeeds(graph: ZoneGraph): Int32Array {
  const positions = graph.devices.map(({ isNormallyOpen }): DevicePosition => (isNormallyOpen ? 'open' : 'closed'))
  return feedsOf(graph, positions).childAt
}

const liveZones = (graph: ZoneGraph, positions: readonly DevicePosition[]): ReadonlySet<number> => {
  const { place } = feedsOf(graph, positions)
  return new Set(graph.zones.flatMap((_, zone) => ((place[zone] as number) >= 0 ? [zone] : [])))
}

/** Zones that lose their supply when the device opens. */
function darkWithout(graph: ZoneGraph, positions: readonly DevicePosition[], device: number): string[] {
  const before = liveZones(graph, positions)
  const after = liveZones(
    graph,
    positions.map((position, n) => (n === device ? 'open' : position)),
  )
  return [...before].filter(zone => !after.has(zone)).map(zone => graph.zones[zone] as string)
}

/** A closing whose sides are both live, with an opening that leaves the one dark that it feeds: first by name. */
function exchange(
  graph: ZoneGraph,
  positions: readonly DevicePosition[],
  toClose: ReadonlySet<number>,
  toOpen: ReadonlySet<number>,
  isAsEver: (device: number, fed: number) => boolean,
): { close: number; open: number; dark: readonly string[] } | undefined {
  for (const open of toOpen) {
    const dark = darkWithout(graph, positions, open)
    const names = new Set(dark)
    const live = liveZones(graph, positions)
    for (const close of toClose) {
      const { nodeSide, sectionSide } = graph.devices[close] as ZoneDevice
      const [one, other] = [nodeSide, sectionSide].map(zone => names.has(graph.zones[zone] as string))
      const [fed, from] = one ? [nodeSide, sectionSide] : [sectionSide, nodeSide]
      // What stands between two dark zones would bring nothing back, and the tie has opened for nothing.
      if (one !== other && live.has(from) && isAsEver(close, fed)) return { close, open, dark: dark.sort() }
    }
  }
  return undefined
}
