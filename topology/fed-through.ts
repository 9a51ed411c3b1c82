// What loses the source when one section alone opens, where the position of some devices is unknown.
//
// Each unknown device may be open or closed, so there are many possible worlds. Two answers are exact for all of them,
// without going through them (the root stands above all sources, so that losing one of two is not losing the source):
//
// - For sure: connected to the root through closed devices alone, and cut off by the section even if every unknown
//   device is closed.
// - Perhaps: in some world. Merge what hangs together for sure without the section. In the merged graph, whose edges are
//   the unknown ends and those of the section, a vertex may be fed through the section exactly when a way from the root
//   to it visits the section and nothing twice (close that way and nothing else). Such ways exist for all that lies
//   behind the point where the block of the section hangs on the rest of the graph.
//
// Both come out of one depth-first walk (`walk.ts`). The order of the walk puts all that is cut off by one section side by
// side, so the first answer costs what it lists.

import { edgeList, type Graph, graphOf, groupsOf, rootOf } from './graph.ts'
import { at, CLOSED, type Network, OPEN, sectionAt, UNKNOWN, type Vertex } from './network.ts'
import type { Answer } from './orientation.ts'
import { behindBlockOf, cutOffByEdge, cutOffByVertex, type Stretch, type Walk, walk } from './walk.ts'

export interface FedThrough {
  /** Connected to a source for sure. */
  isLive(vertex: Vertex): boolean
  /** Fed through the section for sure; the section itself is not among them. */
  certain(section: Vertex): readonly Vertex[]
  /** Fed through the section in some world, but not in all. */
  undecided(section: Vertex): readonly Vertex[]
  isFedThrough(vertex: Vertex, section: Vertex): Answer
  /** Those of the marked vertices that are fed for sure. */
  certainMarks(section: Vertex): readonly Vertex[]
  /** What loses the source for sure when the section's end at a node alone opens, the section included if it does. */
  certainBeyond(section: Vertex, node: Vertex): readonly Vertex[]
}

/** While positions are unknown, so many sections' second answers are kept; the oldest goes first. */
const MOST_KEPT = 32

/**
 * Prepares the question for one state of the devices with a walk over the feeder. With unknown devices, "perhaps" costs
 * one more walk for each section.
 *
 * @param connected whether each vertex is connected to a source in this state (`Orientation`); asked for where some
 * position is unknown, because otherwise the walk knows
 * @param marks vertices of which `certainMarks` is asked
 */
export function createFedThrough(
  network: Network,
  ends: Uint8Array,
  connected: () => Uint8Array,
  marks: Iterable<Vertex>,
): FedThrough {
  const whole = walk(rootOf(network), graphOf(network, ends, UNKNOWN))
  const doubtful = ends.includes(UNKNOWN)
  const markedPlaces = Int32Array.from(marks, vertex => at(whole.place, vertex)).sort()
  const kept = new Map<Vertex, ReadonlySet<Vertex>>()

  const isLive = (vertex: Vertex): boolean =>
    doubtful ? at(connected(), vertex) === CLOSED : at(whole.place, vertex) >= 0
  const forSure = (vertices: Int32Array): readonly Vertex[] => Array.from(doubtful ? vertices.filter(isLive) : vertices)
  const listed = ([from, to]: Stretch): readonly Vertex[] => forSure(whole.order.subarray(from, to))
  const isCertain = (vertex: Vertex, section: Vertex): boolean => {
    const [from, to] = cutOffByVertex(whole, section)
    const place = at(whole.place, vertex)
    return place >= from && place < to && isLive(vertex)
  }
  const perhaps = (section: Vertex): ReadonlySet<Vertex> => {
    if (!doubtful) return NOBODY
    const known = kept.get(section)
    if (known) return known
    const found = new Set(perhapsThrough(network, ends, section).filter(vertex => !isCertain(vertex, section)))
    for (const oldest of kept.keys()) if (kept.size >= MOST_KEPT) kept.delete(oldest)
    kept.set(section, found)
    return found
  }

  return {
    isLive,
    certain: section => listed(cutOffByVertex(whole, section)),
    undecided: section => [...perhaps(section)],
    isFedThrough(vertex, section) {
      if (isCertain(vertex, section)) return 'yes'
      return perhaps(section).has(vertex) ? 'unknown' : 'no'
    },
    certainMarks(section) {
      const [from, to] = cutOffByVertex(whole, section)
      const places = markedPlaces.subarray(firstFrom(markedPlaces, from), firstFrom(markedPlaces, to))
      return forSure(places.map(place => at(whole.order, place)))
    },
    certainBeyond: (section, node) => listed(cutOffByEdge(whole, section, node)),
  }
}

const NOBODY: ReadonlySet<Vertex> = new Set()

/** Index of the first entry that is not below the limit. */
function firstFrom(sorted: Int32Array, limit: number): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (at(sorted, middle) < limit) from = middle + 1
    else to = middle
  }
  return from
}

function perhapsThrough(network: Network, ends: Uint8Array, section: Vertex): Vertex[] {
  const { merged, group } = mergedWithout(network, ends, section)
  const [from, to] = behindBlockOf(merged, at(group, section))
  const found: Vertex[] = []
  for (let vertex = 0; vertex < network.names.length; vertex++) {
    const place = at(merged.place, at(group, vertex))
    if (vertex !== section && place >= from && place < to) found.push(vertex)
  }
  return found
}

/** The walk over the groups that hang together for sure without the section, and the group of each vertex. */
function mergedWithout(network: Network, ends: Uint8Array, section: Vertex): { merged: Walk; group: Int32Array } {
  const cut = ends.slice()
  const first = (section - network.nodeCount) * 2
  cut.fill(OPEN, first, first + 2)
  const group = groupsOf(graphOf(network, cut, CLOSED))
  const edges = edgeList(ends.length)
  for (let end = 0; end < ends.length; end++) {
    const one = at(group, at(network.endNode, end))
    const other = at(group, sectionAt(network, end))
    if (at(ends, end) !== OPEN && one !== other) edges.add(one, other)
  }
  const graph: Graph = edges.graph(network.names.length + 1)
  return { merged: walk(at(group, rootOf(network)), graph), group }
}
