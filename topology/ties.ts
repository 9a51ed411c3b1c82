// Ties: where something could be fed from if it lost its feed, or had none.

import { type Graph, rootOf } from './graph.ts'
import { across, at, CLOSED, type End, endsOf, isSection, type Network, OPEN, type Vertex } from './network.ts'
import type { Bounds } from './situation.ts'

export interface Tie {
  readonly section: string
  /** What has to close: all at this end of the section that are not closed for sure. */
  readonly devices: readonly string[]
  /** The nearest node on the live side. */
  readonly node: string
  /** It is open, and its other side is live, whatever the unknown positions are; otherwise they decide. */
  readonly certain: boolean
}

/**
 * The open places at the edge of a group whose other side has a source without the group's help, by section.
 *
 * @param group vertices that would be fed
 * @param graphs with the root
 */
export function tiesInto(
  network: Network,
  ends: Uint8Array,
  positions: Uint8Array,
  graphs: Bounds<Graph>,
  group: readonly Vertex[],
): Tie[] {
  const inside = new Set(group)
  const live = liveWithout(network, graphs.certain, inside)
  const perhaps = graphs.possible === graphs.certain ? live : liveWithout(network, graphs.possible, inside)
  const edge = group.flatMap(vertex =>
    [...endsOf(network, vertex)].flatMap(end => {
      const beyond = across(network, end, vertex)
      return inside.has(beyond) || at(ends, end) === CLOSED || at(perhaps, beyond) === 0 ? [] : [{ end, beyond }]
    }),
  )
  return edge
    .sort((one, other) => one.end - other.end)
    .map(({ end, beyond }) => ({
      section: network.names[network.nodeCount + (end >> 1)] as string,
      devices: notClosed(network, positions, end),
      node: network.names[nodeBeyond(network, end, beyond)] as string,
      certain: at(live, beyond) === 1 && at(ends, end) === OPEN,
    }))
}

/**
 * A zone and all that loses the source along with it: what a tie into any of it would feed.
 *
 * @param certain the graph of what is closed for sure, with the root
 */
export function losingWith(network: Network, certain: Graph, zone: readonly Vertex[]): readonly Vertex[] {
  const inside = new Set(zone)
  const live = liveWithout(network, certain, inside)
  live[rootOf(network)] = 1
  const group = [...zone]
  for (const vertex of group) {
    for (let n = at(certain.first, vertex); n < at(certain.first, vertex + 1); n++) {
      const next = at(certain.neighbours, n)
      if (at(live, next) === 1 || inside.has(next)) continue
      inside.add(next)
      group.push(next)
    }
  }
  return group
}

function liveWithout(network: Network, { first, neighbours, size }: Graph, inside: ReadonlySet<Vertex>): Uint8Array {
  const live = new Uint8Array(size)
  const reached = [rootOf(network)]
  for (const vertex of reached) {
    for (let n = at(first, vertex); n < at(first, vertex + 1); n++) {
      const next = at(neighbours, n)
      if (at(live, next) === 1 || inside.has(next)) continue
      live[next] = 1
      reached.push(next)
    }
  }
  return live
}

function notClosed(network: Network, positions: Uint8Array, end: End): string[] {
  return network
    .devicesAt(end)
    .filter(device => at(positions, device) !== CLOSED)
    .map(device => network.devices[device]?.name as string)
}

/** The section's far node where the section is on the live side. */
function nodeBeyond(network: Network, end: End, beyond: Vertex): Vertex {
  return isSection(network, beyond) ? at(network.endNode, end ^ 1) : beyond
}
