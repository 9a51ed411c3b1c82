// Who stands between an IED and the source: the tree along which protection messages are relayed.

import type { FeederFile, IedEntry } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import { byName, isSection, type Network, type Vertex } from './network.ts'

export interface IedPosts {
  readonly at: ReadonlyMap<Vertex, readonly IedEntry[]>
  /** The observer of each section that has one. */
  readonly observers: ReadonlyMap<string, string>
}

export function postIeds(file: FeederFile, network: Network): IedPosts {
  const at = groupBy([...file.ieds].sort(byName), ied => network.node(ied.node))
  const observers = new Map(file.ieds.flatMap(ied => ied.observes.map(section => [section, ied.name] as const)))
  return { at, observers }
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

function devicesOf(network: Network, section: Vertex): readonly string[] {
  return (network.endsAt[section] ?? []).flatMap(number => network.ends[number]?.devices ?? [])
}
