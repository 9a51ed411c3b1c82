// What loses the source when one section alone opens, where the position of some devices is unknown.
//
// Each unknown device may be open or closed, so there are many possible worlds. Two answers are exact for all of them,
// without going through them:
//
// - For sure: connected to the source through closed devices alone, and cut off by the section even if every unknown
//   device is closed.
// - Perhaps: in some world. Merge what hangs together for sure without the section. In the merged graph, whose edges are
//   the unknown ends and those of the section, a vertex may be fed through the section exactly when a way from the source
//   to it visits the section and nothing twice (close that way and nothing else). Such ways exist for all that lies
//   behind the point where the block of the section hangs on the rest of the graph.
//
// Both come out of one depth-first walk with low points (Hopcroft and Tarjan, Communications of the ACM 16, 1973).

import { across, type DevicePosition, type Network, type Vertex } from './network.ts'
import type { Answer } from './orientation.ts'

export interface FedThrough {
  readonly certain: ReadonlySet<Vertex>
  readonly undecided: ReadonlySet<Vertex>
}

/**
 * Prepares the question for one state of the devices. Without unknown devices an answer costs what it lists; with some,
 * the first answer for each section costs one walk over the feeder.
 *
 * @param connected whether each vertex is connected to the source in this state
 */
export function createFedThrough(
  network: Network,
  ends: readonly DevicePosition[],
  connected: readonly Answer[],
): (section: Vertex) => FedThrough {
  const whole = walk(network.sources[0] as Vertex, passableNeighbours(network, ends))
  const doubtful = ends.includes('unknown')
  const answers = new Map<Vertex, FedThrough>()
  return section => {
    const known = answers.get(section)
    if (known) return known
    const certain = new Set(cutOff(whole, section).filter(vertex => connected[vertex] === 'yes'))
    const perhaps = doubtful ? perhapsThrough(network, ends, section) : []
    const answer = { certain, undecided: new Set(perhaps.filter(vertex => !certain.has(vertex))) }
    answers.set(section, answer)
    return answer
  }
}

function passableNeighbours(network: Network, ends: readonly DevicePosition[]): Vertex[][] {
  return network.endsAt.map((numbers, vertex) =>
    numbers.flatMap(number => {
      const end = network.ends[number]
      return end && ends[number] !== 'open' ? [across(end, vertex)] : []
    }),
  )
}

/** A depth-first walk. A place is a position in `order`; a subtree takes up the places from its top's to before `end`. */
interface Walk {
  readonly order: readonly Vertex[]
  readonly place: ReadonlyMap<Vertex, number>
  /** By place: the first place that the subtree touches, its top's parent included. */
  readonly low: readonly number[]
  /** By place: place of the parent, -1 for the root. */
  readonly parent: readonly number[]
  /** By place: first place after the subtree. */
  readonly end: readonly number[]
}

function walk(root: Vertex, neighbours: readonly (readonly Vertex[])[]): Walk {
  const order = [root]
  const place = new Map([[root, 0]])
  const low = [0]
  const parent = [-1]
  const end = [0]
  const pending = [{ at: 0, next: 0 }] // a stack of our own: a feeder may be deeper than the engine's
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const neighbour = neighbours[order[top.at] as Vertex]?.[top.next++]
    if (neighbour === undefined) {
      end[top.at] = order.length
      pending.pop()
      const above = parent[top.at] as number
      if (above >= 0) low[above] = Math.min(low[above] as number, low[top.at] as number)
      continue
    }
    const seen = place.get(neighbour)
    if (seen !== undefined) {
      low[top.at] = Math.min(low[top.at] as number, seen)
      continue
    }
    const at = order.push(neighbour) - 1
    place.set(neighbour, at)
    low.push(at)
    parent.push(top.at)
    end.push(at)
    pending.push({ at, next: 0 })
  }
  return { order, place, low, parent, end }
}

/** What the root no longer reaches without `vertex`, which has two neighbours at the most, so one child. */
function cutOff({ order, place, low, parent, end }: Walk, vertex: Vertex): Vertex[] {
  const at = place.get(vertex)
  if (at === undefined) return []
  const child = at + 1
  const separated = parent[child] === at && (low[child] as number) >= at
  return separated ? order.slice(child, end[child]) : []
}

function perhapsThrough(network: Network, ends: readonly DevicePosition[], section: Vertex): Vertex[] {
  const group = groupsWithout(network, ends, section)
  const neighbours: Vertex[][] = network.names.map(() => [])
  network.ends.forEach((end, number) => {
    const one = group[end.node] as Vertex
    const other = group[end.section] as Vertex
    if (ends[number] === 'open' || one === other) return
    neighbours[one]?.push(other)
    neighbours[other]?.push(one)
  })
  const merged = walk(group[network.sources[0] as Vertex] as Vertex, neighbours)
  const behind = new Set(behindBlockOf(merged, section))
  return network.names.flatMap((_, vertex) =>
    vertex !== section && behind.has(group[vertex] as Vertex) ? [vertex] : [],
  )
}

/** The groups that hang together for sure without the section, each named by one of its vertices. */
function groupsWithout(network: Network, ends: readonly DevicePosition[], section: Vertex): Vertex[] {
  const group: (Vertex | undefined)[] = network.names.map(() => undefined)
  for (const start of network.names.keys()) {
    if (group[start] !== undefined) continue
    group[start] = start
    const reached = [start]
    for (const vertex of reached) {
      for (const number of network.endsAt[vertex] ?? []) {
        const end = network.ends[number]
        if (!end || ends[number] !== 'closed' || end.section === section) continue
        const next = across(end, vertex)
        if (group[next] !== undefined) continue
        group[next] = start
        reached.push(next)
      }
    }
  }
  return group as Vertex[]
}

/** All vertices to which a way from the root leads through `vertex` and visits nothing twice. */
function behindBlockOf({ order, place, low, parent, end }: Walk, vertex: Vertex): readonly Vertex[] {
  const at = place.get(vertex)
  if (at === undefined) return []
  let top = parent[at + 1] === at ? at + 1 : at
  // Climb to where the block hangs: from there up, one vertex carries all that is below.
  for (let above = parent[top] as number; above >= 0 && (low[top] as number) < above; above = parent[top] as number) {
    top = above
  }
  return order.slice(top, end[top])
}
