// What each zone drew before the fault, over what the feeder file says: as measured by the nearest device above it, with
// what the generators below it may have hidden. It is what comes back when the zone is fed again, whatever is drawn now.

import type { Feeder } from '../../../topology/feeder.ts'
import { totalOf } from '../../../topology/load-power.ts'
import { feedsOf } from './feeds.ts'
import type { Gathered } from './sequence-types.ts'
import { positionsOf, zoneGraphOf } from './zone-graph.ts'

/** A meter that shows more than so many times the file's load is not believed: the file's counts. */
const MOST = 5

/** @param before with the positions from before the fault @returns by zone; those above which nobody measures are not in it */
export function loadSharesOf(before: Feeder, facts: Gathered): ReadonlyMap<string, number> {
  const { file } = before
  const graph = zoneGraphOf(before)
  const feeds = feedsOf(graph, positionsOf(before, graph))
  const loadKva = new Float64Array(graph.zones.length)
  const generatorKw = new Float64Array(graph.zones.length)
  const add = (to: Float64Array, name: string, what: number): void => {
    const zone = graph.zone(name)
    to[zone] = (to[zone] as number) + what
  }
  for (const { node, along = '', kw, kvar } of file.loads) {
    const zone = node === undefined ? before.zoneOfSection(along) : before.zoneOf(node)
    add(loadKva, zone, Math.sqrt(totalOf(kw) ** 2 + totalOf(kvar) ** 2))
  }
  for (const { node, kw } of file.generators) add(generatorKw, before.zoneOf(node), kw)
  const sumBelow = (of: Float64Array, zone: number): number =>
    feeds.below(zone).reduce((sum, each) => sum + (of[each] as number), 0)

  const byDevice = new Map<number, number | undefined>()
  function shareBelow(device: number): number | undefined {
    if (byDevice.has(device)) return byDevice.get(device)
    const measured = facts.get(graph.devices[device]?.name ?? '')?.loadKva
    const child = feeds.childAt[device] ?? -1
    const filed = child < 0 ? 0 : sumBelow(loadKva, child)
    const share = measured === undefined || filed === 0 ? undefined : (measured + sumBelow(generatorKw, child)) / filed
    const believed = share !== undefined && share <= MOST ? share : undefined
    byDevice.set(device, believed)
    return believed
  }

  const shares = new Map<string, number>()
  graph.zones.forEach((name, zone) => {
    for (let at = zone; at >= 0; at = feeds.parent[at] ?? -1) {
      const entry = feeds.entry[at] ?? -1
      const share = entry < 0 ? undefined : shareBelow(entry)
      if (share === undefined) continue
      shares.set(name, share)
      return
    }
  })
  return shares
}
