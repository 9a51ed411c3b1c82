// From where each zone is fed: the tree that closed devices make of the zones.

import type { DevicePosition } from '../../../topology/feeder.ts'
import { beyond, type ZoneGraph } from './zone-graph.ts'

export interface Feeds {
  /** By zone: the one that feeds it, -1 for a source's zone and without a source. */
  readonly parent: Int32Array
  /** By zone: the device through which it is fed, -1 likewise. */
  readonly entry: Int32Array
  /** By zone: its place in the order outward from the sources, -1 without a source. */
  readonly place: Int32Array
  /** By zone: the zone of the source that feeds it, -1 without one. */
  readonly root: Int32Array
  /** By device: the zone that it feeds, -1 where it feeds none. */
  readonly childAt: Int32Array
  /** By zone: 1 where a closed device joins it to another zone in a second way. */
  readonly isMeshed: Uint8Array
  children(zone: number): readonly number[]
  /** The zone and all that it feeds, outward. */
  below(zone: number): readonly number[]
}

/**
 * @param positions by device
 * @param unknownIsClosed whether what may be closed feeds as well
 * @param excluded zones that feed nothing and are not fed
 */
export function feedsOf(
  graph: ZoneGraph,
  positions: readonly DevicePosition[],
  { unknownIsClosed = false, excluded }: { unknownIsClosed?: boolean; excluded?: ReadonlySet<number> } = {},
): Feeds {
  const count = graph.zones.length
  const ints = (): Int32Array => new Int32Array(count).fill(-1)
  const [parent, entry, place, root] = [ints(), ints(), ints(), ints()]
  const childAt = new Int32Array(graph.devices.length).fill(-1)
  const isMeshed = new Uint8Array(count)
  const passes = (device: number): boolean =>
    positions[device] === 'closed' || (unknownIsClosed && positions[device] === 'unknown')
  const order: number[] = []
  for (const zone of [...graph.sourcesIn.keys()].sort((one, other) => one - other)) {
    if (excluded?.has(zone)) continue
    place[zone] = order.length
    root[zone] = zone
    order.push(zone)
  }
  for (const zone of order) {
    for (const device of graph.devicesAt[zone] ?? []) {
      if (device === entry[zone] || !passes(device)) continue
      const next = beyond(graph.devices[device] as ZoneGraph['devices'][number], zone)
      if (excluded?.has(next)) continue
      if ((place[next] as number) >= 0) {
        if (childAt[device] === -1) {
          isMeshed[zone] = 1
          isMeshed[next] = 1
        }
        continue
      }
      place[next] = order.length
      root[next] = root[zone] as number
      parent[next] = zone
      entry[next] = device
      childAt[device] = next
      order.push(next)
    }
  }
  const children = (zone: number): number[] =>
    (graph.devicesAt[zone] ?? []).flatMap(device => {
      const child = childAt[device] as number
      return child >= 0 && parent[child] === zone ? [child] : []
    })
  return {
    parent,
    entry,
    place,
    root,
    childAt,
    isMeshed,
    children,
    below(zone) {
      const reached = [zone]
      for (const one of reached) reached.push(...children(one))
      return reached
    },
  }
}
