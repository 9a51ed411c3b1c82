// The way from a node to its source, and in a meshed state all ways.

import { type Graph, rootOf } from './graph.ts'
import { at, endBetween, isSection, type Network, type Vertex } from './network.ts'
import { type Answer, answerOf, type Orientation, wayToSource } from './orientation.ts'
import type { Bounds } from './situation.ts'
import { blocksOf, walk } from './walk.ts'

export interface Upstream {
  /**
   * The way with the fewest sections (equal ones: by name), closed for sure where there is such a way; nearest first, the
   * node itself and the source's among the nodes. All three lists are empty where no source reaches the node.
   */
  readonly nodes: readonly string[]
  readonly sections: readonly string[]
  /** On that way, in the order in which the current passes them backwards. */
  readonly devices: readonly string[]
  /** The sources at its end; one, unless several stand at one node. */
  readonly sources: readonly string[]
  /** Whether the node is connected to a source. */
  readonly connected: Answer
  /** The sections on any way to any source that visits nothing twice: in a radial state those of `sections`. */
  readonly onAnyWay: { readonly certain: ReadonlySet<string>; readonly undecided: ReadonlySet<string> }
}

export function upstreamOf(network: Network, orientation: Orientation, graphs: Bounds<Graph>, node: Vertex): Upstream {
  const connected = answerOf(at(orientation.connected, node))
  const way = connected === 'no' ? [] : [...wayToSource(orientation, node)]
  const nameOf = (vertex: Vertex): string => network.names[vertex] as string
  const top = way.at(-1)
  const certain = sectionsToward(network, graphs.certain, node)
  const possible = graphs.possible === graphs.certain ? certain : sectionsToward(network, graphs.possible, node)
  const forSure = new Set(certain)
  return {
    nodes: way.filter(vertex => !isSection(network, vertex)).map(nameOf),
    sections: way.filter(vertex => isSection(network, vertex)).map(nameOf),
    devices: way.flatMap((vertex, index) => devicesBetween(network, vertex, way[index + 1])),
    sources: network.sources.filter(source => source.node === top).map(({ name }) => name),
    connected,
    onAnyWay: {
      certain: new Set(certain.map(nameOf)),
      undecided: new Set(possible.filter(section => !forSure.has(section)).map(nameOf)),
    },
  }
}

function devicesBetween(network: Network, one: Vertex, other: Vertex | undefined): string[] {
  if (other === undefined) return []
  const [section, node] = isSection(network, one) ? [one, other] : [other, one]
  return network.devicesAt(endBetween(network, section, node)).map(device => network.devices[device]?.name as string)
}

/** All sections of the blocks that the walk's way to the root runs through: in a block, any vertex is on some way. */
function sectionsToward(network: Network, graph: Graph, node: Vertex): Vertex[] {
  const walked = walk(rootOf(network), graph)
  const block = blocksOf(walked)
  const blocks = new Set<number>()
  for (let here = at(walked.place, node); here > 0; here = at(walked.parent, here)) blocks.add(at(block, here))
  const found: Vertex[] = []
  for (let section = network.nodeCount; section < network.names.length; section++) {
    const place = at(walked.place, section)
    if (place >= 0 && blocks.has(at(block, place))) found.push(section)
  }
  return found
}
