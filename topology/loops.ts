// Closed loops, and sources that run in parallel.

import type { Phase } from './feeder-file.ts'
import { edgeList, type Graph, groupsOf, rootless, rootOf } from './graph.ts'
import { groupBy } from './group-by.ts'
import { at, CLOSED, type Network, UNKNOWN, type Vertex } from './network.ts'
import type { Bounds } from './situation.ts'
import { blocksOf, isOnLoop, walk } from './walk.ts'

/** Groups of names, each sorted; those there for sure, and those that an unknown device may make or enlarge. */
export interface Groups {
  readonly certain: readonly (readonly string[])[]
  readonly undecided: readonly (readonly string[])[]
}

/**
 * Groups of sections of which any two lie on a common loop of closed devices, with or without a source. Sections side by
 * side between the same two nodes on phases of their own are one connection, and alone no loop.
 */
export function loopsOf(network: Network, ends: Uint8Array, phasesOf: (section: Vertex) => readonly Phase[]): Groups {
  const found = (least: number): string[][] =>
    loopsIn(network, rootless(network, ends, least))
      .filter(sections => !isOneConnection(network, sections, phasesOf))
      .map(sections => sections.map(section => network.names[section] as string))
  return certainFirst({ certain: found(CLOSED), possible: ends.includes(UNKNOWN) ? found(UNKNOWN) : [] })
}

/** Each loop's sections in the order of their names. */
function loopsIn(network: Network, graph: Graph): Vertex[][] {
  const walked = walk(rootOf(network), oneRooted(network, graph))
  const block = blocksOf(walked)
  const looped: Vertex[] = []
  for (let section = network.nodeCount; section < network.names.length; section++) {
    if (isOnLoop(walked, section)) looped.push(section)
  }
  return [...groupBy(looped, section => at(block, at(walked.place, section))).values()]
}

/** With an edge from the root to one vertex of each group, so that one walk reaches all and the root closes no loop. */
function oneRooted(network: Network, graph: Graph): Graph {
  const group = groupsOf(graph)
  const root = rootOf(network)
  const edges = edgeList(graph.neighbours.length / 2 + graph.size)
  let groups = 0
  for (let vertex = 0; vertex < root; vertex++) {
    if (at(group, vertex) === groups) {
      edges.add(root, vertex)
      groups++
    }
    for (let n = at(graph.first, vertex); n < at(graph.first, vertex + 1); n++) {
      if (at(graph.neighbours, n) > vertex) edges.add(vertex, at(graph.neighbours, n))
    }
  }
  return edges.graph(graph.size)
}

function isOneConnection(
  network: Network,
  sections: readonly Vertex[],
  phasesOf: (section: Vertex) => readonly Phase[],
): boolean {
  const nodes = new Set(sections.flatMap(section => nodesOf(network, section)))
  const phases = sections.flatMap(phasesOf)
  return nodes.size === 2 && new Set(phases).size === phases.length
}

function nodesOf(network: Network, section: Vertex): readonly Vertex[] {
  const first = (section - network.nodeCount) * 2
  return [at(network.endNode, first), at(network.endNode, first + 1)]
}

/** Sources joined by closed devices, in groups of two and more. */
export function sourcesInParallel(network: Network, groups: Bounds<Int32Array>): Groups {
  const joined = (group: Int32Array): string[][] =>
    [...groupBy(network.sources, ({ node }) => at(group, node)).values()]
      .filter(sources => sources.length > 1)
      .map(sources => sources.map(({ name }) => name))
  return certainFirst({ certain: joined(groups.certain), possible: joined(groups.possible) })
}

function certainFirst({ certain, possible }: Bounds<readonly (readonly string[])[]>): Groups {
  const known = new Set(certain.map(names => names.join(' ')))
  return { certain, undecided: possible.filter(names => !known.has(names.join(' '))) }
}
