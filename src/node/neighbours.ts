// Who and what is around an IED on its feeder.

import type { ComponentContext } from './component.ts'

type Place = Pick<ComponentContext, 'feeder' | 'name'>

/** More are not told by name. */
const MOST = 256

/**
 * The devices at the borders of the zones that the own device stands between: their positions decide what this IED may do.
 * Whatever their state; the own one not.
 */
export function devicesAround({ feeder, name }: Place): ReadonlySet<string> {
  const ied = feeder.file.ieds.find(each => each.name === name)
  if (ied === undefined) return new Set()
  const own = feeder.file.devices.find(device => device.name === ied.operates)
  const zones = [feeder.zoneOf(ied.node), ...(own === undefined ? [] : [feeder.zoneOfSection(own.section)])]
  const around = new Set(zones.flatMap(zone => feeder.zoneNeighbours(zone).map(({ device }) => device)))
  around.delete(ied.operates ?? '')
  return around
}

/** The IEDs next to it on the live feeder, by name. */
export function neighboursOf({ feeder, name }: Place): string[] {
  if (!feeder.file.ieds.some(ied => ied.name === name)) return []
  const parent = feeder.parent(name)
  return [...new Set([...(parent === undefined ? [] : [parent]), ...feeder.children(name)])].slice(0, MOST).sort()
}
