// Parting the suspect zones from all others: every device at their edge opens.
//
// What cannot be opened (a fuse, a device without an IED, one that is stuck, tagged or silent) joins what it parts: then
// the next one out takes its place. So the answer to "it failed to open" is the same question with that device barred.

import type { PlanInput } from './plan-types.ts'
import { beyond, positionsOf, type ZoneGraph, zoneGraphOf } from './zone-graph.ts'

export interface Isolation {
  /** The suspect zones with all that cannot be parted from them, in alphabetical order. */
  readonly zones: readonly string[]
  /** Devices to open, by name: closed ones, and those that may be. */
  readonly open: readonly string[]
  /** Devices at the edge that are open: to be verified like those that open. */
  readonly verify: readonly string[]
  /** Devices that could not part anything, and so moved the edge outward, with the reason. */
  readonly failed: ReadonlyMap<string, string>
  /** A source is in it: nothing parts the fault from its source. */
  readonly hasSource: boolean
}

/** Why a device cannot be operated now; undefined when it can. */
export function barReason({ isOperable, barred }: PlanInput, device: ZoneGraph['devices'][number]): string | undefined {
  const { name, kind, hasIed } = device
  const reason = barred?.get(name)
  if (reason !== undefined) return reason
  if (kind === 'fuse') return 'a fuse'
  return (isOperable?.(name) ?? hasIed) ? undefined : 'no IED operates it'
}

/** @throws TopologyError UNKNOWN_NAME for a zone that the feeder does not have */
export function isolate(input: PlanInput): Isolation {
  const graph = zoneGraphOf(input.feeder)
  const positions = positionsOf(input.feeder, graph)
  const failed = new Map<string, string>()
  const zones = [...new Set(input.suspect.map(name => graph.zone(name)))]
  const inside = new Set(zones)
  for (const zone of zones) {
    for (const number of graph.devicesAt[zone] ?? []) {
      const device = graph.devices[number] as ZoneGraph['devices'][number]
      const why = positions[number] === 'open' ? undefined : barReason(input, device)
      if (why === undefined) continue
      if (input.barred?.has(device.name)) failed.set(device.name, why)
      const next = beyond(device, zone)
      if (inside.has(next)) continue
      inside.add(next)
      zones.push(next)
    }
  }
  const edge = [...new Set(zones.flatMap(zone => graph.devicesAt[zone] ?? []))].filter(number => {
    const { nodeSide, sectionSide } = graph.devices[number] as ZoneGraph['devices'][number]
    return inside.has(nodeSide) !== inside.has(sectionSide)
  })
  const named = (numbers: readonly number[]): string[] =>
    numbers.map(number => graph.devices[number]?.name ?? '').sort()
  return {
    zones: zones.map(zone => graph.zones[zone] as string).sort(),
    open: named(edge.filter(number => positions[number] !== 'open')),
    verify: named(edge.filter(number => positions[number] === 'open')),
    failed,
    hasSource: zones.some(zone => graph.sourcesIn.has(zone)),
  }
}
