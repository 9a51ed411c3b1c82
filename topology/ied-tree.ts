// Who stands between an IED and the source: the tree along which protection messages are relayed.

import type { FeederFile, IedEntry } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import { at, byName, endsOf, isSection, type Network, type Vertex } from './network.ts'
import { type Orientation, wayToSource } from './orientation.ts'

export interface IedPosts {
  readonly at: ReadonlyMap<Vertex, readonly IedEntry[]>
  /** The observer of each section that has one. */
  readonly observers: ReadonlyMap<string, string>
}

export function postIeds(file: FeederFile, network: Network): IedPosts {
  const posts = groupBy([...file.ieds].sort(byName), ied => network.node(ied.node))
  const observers = new Map(file.ieds.flatMap(ied => ied.observes.map(section => [section, ied.name] as const)))
  return { at: posts, observers }
}

/**
 * The IEDs at each node of the way to the source, nearest first, one group for each node with an IED.
 *
 * Within a group the one best placed to relay comes first: who operates a device on the way, else who observes a section
 * of it, else who is not a meter; equal ones by name.
 *
 * @param way starts with the node of the IED asked about, whose own post is left out, or with a section
 */
export function* iedsAlong(network: Network, posts: IedPosts, way: Iterable<Vertex>): Generator<readonly IedEntry[]> {
  const passed = new Set<Vertex>()
  let atStart = true
  for (const vertex of way) {
    if (isSection(network, vertex)) passed.add(vertex)
    const here = isSection(network, vertex) || atStart ? undefined : posts.at.get(vertex)
    atStart = false
    if (here) yield inOrderOfCall(network, here, passed)
  }
}

function inOrderOfCall(network: Network, ieds: readonly IedEntry[], passed: ReadonlySet<Vertex>): readonly IedEntry[] {
  if (ieds.length === 1) return ieds
  const sections = new Set([...passed].map(section => network.names[section]))
  const devices = new Set([...passed].flatMap(section => devicesOf(network, section)))
  const rank = (ied: IedEntry): number => {
    if (ied.operates !== undefined && devices.has(ied.operates)) return 0
    if (ied.observes.some(section => sections.has(section))) return 1
    return ied.kind === 'meter' ? 3 : 2
  }
  return [...ieds].sort((one, other) => rank(one) - rank(other) || byName(one, other))
}

function devicesOf(network: Network, section: Vertex): string[] {
  return [...endsOf(network, section)].flatMap(end =>
    network.devicesAt(end).map(device => network.devices[device]?.name as string),
  )
}

export interface IedTree {
  parent(ied: IedEntry): string | undefined
  children(ied: string): readonly string[]
}

/**
 * Each IED's parent is the one best placed at the next node with an IED toward the source.
 *
 * @param live orientation now; what it does not reach is asked of `rest`, the normal state
 */
export function iedTree(network: Network, posts: IedPosts, live: Orientation, rest: Orientation): IedTree {
  const nextLive = nextPosts(network, posts, live)
  const nextAtRest = nextPosts(network, posts, rest)
  const parentOfNode = (node: Vertex): string | undefined => {
    const dark = at(live.connected, node) === 0
    const post = at(dark ? nextAtRest : nextLive, node)
    const ieds = posts.at.get(post)
    if (!ieds || ieds.length === 1) return ieds?.[0]?.name
    const [nearest] = iedsAlong(network, posts, wayToSource(dark ? rest : live, node))
    return nearest?.[0]?.name
  }
  const parents = new Map<string, string>()
  for (const [node, ieds] of posts.at) {
    const parent = parentOfNode(node)
    if (parent !== undefined) for (const { name } of ieds) parents.set(name, parent)
  }
  const children = groupBy([...parents.keys()].sort(), child => parents.get(child))
  return { parent: ({ name }) => parents.get(name), children: name => children.get(name) ?? [] }
}

/** By vertex, the nearest node with an IED strictly on its way to the source; -1 where there is none. */
function nextPosts(network: Network, posts: IedPosts, { order, toward }: Orientation): Int32Array {
  const next = new Int32Array(network.names.length).fill(-1)
  for (const vertex of order) {
    const above = at(toward, vertex)
    if (above >= 0) next[vertex] = posts.at.has(above) ? above : at(next, above)
  }
  return next
}
