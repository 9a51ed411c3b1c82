// Whom the leader of a restoration asks: the devices inside and around what is dark, and those on the way that would
// supply it. By the positions that it knows; what it is told may widen the circle at the next look.

import type { Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'

/** Devices asked at the most. Beyond it positions count as unknown, and unknown ones are not closed into. */
const MOST = 96

export interface Sides {
  /** The zone of the node where the device stands, and the zone of its section. */
  readonly node: string
  readonly section: string
}

export function sidesOf(feeder: Feeder, device: string): Sides {
  const { at, section } = feeder.device(device)
  const { from, to } = feeder.section(section)
  return { node: feeder.zoneOf(at === 'to' ? to : from), section: feeder.zoneOfSection(section) }
}

/** By device, the IED that operates it. */
export function operatorsOf(file: FeederFile): ReadonlyMap<string, string> {
  const devices = new Set(file.devices.map(({ name }) => name))
  return new Map(
    file.ieds.flatMap(ied =>
      ied.operates !== undefined && devices.has(ied.operates) ? [[ied.operates, ied.name] as const] : [],
    ),
  )
}

/** The devices, by name, from the nearest on: around and within what is dark beyond `device`, and on its supplying path. */
export function teamOf(feeder: Feeder, device: string, dark: string, live: string): string[] {
  const team = new Set([device])
  const zones = new Set([dark])
  for (const zone of zones) {
    for (const { zone: beyond, device: between } of feeder.zoneNeighbours(zone)) {
      if (between === device) continue
      team.add(between)
      // Open ones are asked, and not gone through: if one turns out not to be, the circle widens.
      if (feeder.position(between) !== 'open' && zones.size < MOST) zones.add(beyond)
    }
  }
  for (const each of supplyOf(feeder, live)) team.add(each)
  return [...team].slice(0, MOST)
}

/** Devices between a zone and its source, nearest first. */
export function supplyOf(feeder: Feeder, zone: string): readonly string[] {
  const node = feeder.zones.find(({ name }) => name === zone)?.nodes[0]
  return node === undefined ? [] : feeder.upstream(node).devices
}
