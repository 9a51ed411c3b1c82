// A depth-first walk with low points: what a vertex or an edge alone holds to the root (Hopcroft and Tarjan,
// Communications of the ACM 16, 1973).

import type { Graph } from './graph.ts'
import { at, type Vertex } from './network.ts'

/** A place is a position in `order`; a subtree takes up the places from its top's to before its `end`. */
export interface Walk {
  /** What was reached from the root, in the order of the walk. */
  readonly order: Int32Array
  /** By vertex; -1 where the root does not reach. */
  readonly place: Int32Array
  /** By place: the first place that the subtree touches, its top's parent included. */
  readonly low: Int32Array
  /** By place: place of the parent, -1 for the root. */
  readonly parent: Int32Array
  /** By place: first place after the subtree. */
  readonly end: Int32Array
}

/** Places from the first to before the second. */
export type Stretch = readonly [number, number]
const NOTHING: Stretch = [0, 0]

export function walk(root: Vertex, { size, first, neighbours }: Graph): Walk {
  const order = new Int32Array(size)
  const place = new Int32Array(size).fill(-1)
  const low = new Int32Array(size)
  const parent = new Int32Array(size)
  const end = new Int32Array(size)
  const next = first.slice(0, size) // by vertex, which of its neighbours comes next
  let count = 0
  const enter = (vertex: Vertex, above: number): number => {
    order[count] = vertex
    place[vertex] = count
    low[count] = count
    parent[count] = above
    return count++
  }
  // The way back up is in `parent`, so a feeder may be deeper than the engine's stack.
  for (let here = enter(root, -1); here >= 0; ) {
    const vertex = at(order, here)
    const n = at(next, vertex)
    if (n === at(first, vertex + 1)) {
      end[here] = count
      const above = at(parent, here)
      if (above >= 0 && at(low, here) < at(low, above)) low[above] = at(low, here)
      here = above
      continue
    }
    next[vertex] = n + 1
    const neighbour = at(neighbours, n)
    const seen = at(place, neighbour)
    if (seen < 0) here = enter(neighbour, here)
    else if (seen < at(low, here)) low[here] = seen
  }
  const cut = (array: Int32Array): Int32Array => array.subarray(0, count)
  return { order: cut(order), place, low: cut(low), parent: cut(parent), end: cut(end) }
}

/** What the root no longer reaches without `vertex`, which has two neighbours at the most, so one child. */
export function cutOffByVertex({ place, low, parent, end }: Walk, vertex: Vertex): Stretch {
  const here = at(place, vertex)
  const child = here + 1
  if (here < 0 || child >= low.length) return NOTHING
  const separated = at(parent, child) === here && at(low, child) >= here
  return separated ? [child, at(end, child)] : NOTHING
}

/** What the root no longer reaches without the edge between a section, which has two neighbours at the most, and a node. */
export function cutOffByEdge({ place, low, parent, end }: Walk, section: Vertex, node: Vertex): Stretch {
  const here = at(place, section)
  const there = at(place, node)
  if (here < 0 || there < 0) return NOTHING
  if (at(parent, there) === here) return at(low, there) >= here ? [there, at(end, there)] : NOTHING
  if (at(parent, here) !== there) return NOTHING // it closes a loop
  const child = here + 1 < low.length && at(parent, here + 1) === here
  const separated = child ? at(low, here + 1) >= here : at(low, here) >= there
  return separated ? [here, at(end, here)] : NOTHING
}

/** All vertices to which a way from the root leads through `vertex` and visits nothing twice. */
export function behindBlockOf({ place, low, parent, end }: Walk, vertex: Vertex): Stretch {
  const here = at(place, vertex)
  if (here < 0) return NOTHING
  let top = here + 1 < parent.length && at(parent, here + 1) === here ? here + 1 : here
  // Climb to where the block hangs: from there up, one vertex carries all that is below.
  for (let above = at(parent, top); above >= 0 && at(low, top) < above; above = at(parent, top)) top = above
  return [top, at(end, top)]
}

/**
 * The blocks of the graph: largest sets of edges of which any two lie on a common loop, or single edges on none. By place
 * of the lower vertex of each edge of the walk, a number that the edges of one block share; -1 for the root.
 */
export function blocksOf({ low, parent }: Walk): Int32Array {
  const block = new Int32Array(low.length).fill(-1)
  for (let here = 1; here < low.length; here++) {
    const above = at(parent, here)
    // What reaches further up than `above` shares a loop with the edge over it.
    block[here] = at(low, here) < above ? at(block, above) : here
  }
  return block
}

/** Whether a vertex with two neighbours at the most, which the walk reached, lies on a loop. */
export function isOnLoop({ place, low, parent }: Walk, vertex: Vertex): boolean {
  const here = at(place, vertex)
  const child = here + 1 < low.length && at(parent, here + 1) === here
  return child ? at(low, here + 1) < here : at(low, here) < at(parent, here)
}
