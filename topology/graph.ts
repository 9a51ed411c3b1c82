// One state of a feeder as a plain graph in flat arrays: what the walks go over.
//
// Beside the feeder's vertices there is one more, the root, which stands above all sources: "connected to a source" is
// connected to the root, and two sources in parallel are a loop through it.

import { across, at, type Network, type Vertex } from './network.ts'

export interface Graph {
  readonly size: number
  /** The neighbours of v are `neighbours[first[v]]` up to before `neighbours[first[v + 1]]`. */
  readonly first: Int32Array
  readonly neighbours: Int32Array
}

export const rootOf = (network: Network): Vertex => network.names.length

/** @param least the section ends in this state (see `endStates`) or a more closed one are taken as closed */
export function graphOf(network: Network, ends: Uint8Array, least: number): Graph {
  const sources = new Set(network.sources.map(source => source.node))
  return joined(network, ends, least, sources)
}

/** The same without the root's edges: what hangs together by closed devices, whether or not a source is there. */
export function rootless(network: Network, ends: Uint8Array, least: number): Graph {
  return joined(network, ends, least, new Set())
}

/** In one pass over the network's own lists: this is done at each switching. */
function joined(network: Network, ends: Uint8Array, least: number, tops: ReadonlySet<Vertex>): Graph {
  const root = rootOf(network)
  const first = new Int32Array(root + 2)
  const neighbours = new Int32Array(network.endsAt.length + 2 * tops.size)
  let count = 0
  for (let vertex = 0; vertex < root; vertex++) {
    first[vertex] = count
    if (tops.has(vertex)) neighbours[count++] = root
    for (let n = at(network.firstEnd, vertex); n < at(network.firstEnd, vertex + 1); n++) {
      const end = at(network.endsAt, n)
      if (at(ends, end) >= least) neighbours[count++] = across(network, end, vertex)
    }
  }
  first[root] = count
  for (const top of tops) neighbours[count++] = top
  first[root + 1] = count
  return { size: root + 1, first, neighbours: neighbours.subarray(0, count) }
}

export interface EdgeList {
  add(one: Vertex, other: Vertex): void
  graph(size: number): Graph
}

/** Collects edges, at most `most` of them. */
export function edgeList(most: number): EdgeList {
  const ones = new Int32Array(most)
  const others = new Int32Array(most)
  let count = 0
  return {
    add(one, other) {
      ones[count] = one
      others[count++] = other
    },
    graph(size) {
      const first = new Int32Array(size + 1)
      for (let edge = 0; edge < count; edge++) {
        first[at(ones, edge) + 1] = at(first, at(ones, edge) + 1) + 1
        first[at(others, edge) + 1] = at(first, at(others, edge) + 1) + 1
      }
      for (let vertex = 0; vertex < size; vertex++) first[vertex + 1] = at(first, vertex + 1) + at(first, vertex)
      const filled = first.slice(0, size)
      const neighbours = new Int32Array(count * 2)
      const put = (from: Vertex, to: Vertex): void => {
        const place = at(filled, from)
        neighbours[place] = to
        filled[from] = place + 1
      }
      for (let edge = 0; edge < count; edge++) {
        put(at(ones, edge), at(others, edge))
        put(at(others, edge), at(ones, edge))
      }
      return { size, first, neighbours }
    },
  }
}

/** What hangs together: by vertex the number of its group, groups numbered by their first vertex. */
export function groupsOf({ size, first, neighbours }: Graph): Int32Array {
  const group = new Int32Array(size).fill(-1)
  const reached = new Int32Array(size)
  let groups = 0
  for (let start = 0; start < size; start++) {
    if (at(group, start) >= 0) continue
    let count = 0
    group[start] = groups
    reached[count++] = start
    for (let next = 0; next < count; next++) {
      const vertex = at(reached, next)
      for (let n = at(first, vertex); n < at(first, vertex + 1); n++) {
        const neighbour = at(neighbours, n)
        if (at(group, neighbour) >= 0) continue
        group[neighbour] = groups
        reached[count++] = neighbour
      }
    }
    groups++
  }
  return group
}
