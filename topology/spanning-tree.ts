// The feeder as a tree: how each node is fed in the normal state, and what is left over.
//
// The normal state, not the live one, so that neither a picture nor a proposal changes while devices operate.

import type { FeederFile, SectionEntry } from './feeder-file.ts'
import { at, buildNetwork, byName } from './network.ts'
import { orientAtRest } from './orientation.ts'

export interface Branch {
  readonly node: string
  readonly section: SectionEntry
}

export interface SpanningTree {
  /** Nodes of the sources, then any node that no section leads to. */
  readonly roots: readonly string[]
  readonly children: ReadonlyMap<string, readonly Branch[]>
  readonly parent: ReadonlyMap<string, Branch>
  /** All nodes, each after its parent. */
  readonly order: readonly string[]
  /** Sections that are no branch: open ties and what closes loops. */
  readonly others: readonly SectionEntry[]
}

export function spanningTree(file: FeederFile): SpanningTree {
  const network = buildNetwork(file)
  const { toward, order } = orientAtRest(file, network)
  const sections = new Map(file.sections.map(section => [section.name, section]))
  const parent = new Map<string, Branch>()
  const children = new Map<string, Branch[]>()
  const used = new Set<string>()
  const reached = order.filter(vertex => vertex < network.nodeCount)
  for (const vertex of reached) {
    const feed = at(toward, vertex)
    if (feed < 0) continue
    const above = at(toward, feed)
    const section = sections.get(network.names[feed] as string)
    if (section === undefined) continue
    const node = network.names[vertex] as string
    const from = network.names[above] as string
    used.add(section.name)
    parent.set(node, { node: from, section })
    children.set(from, [...(children.get(from) ?? []), { node, section }])
  }
  const names = reached.map(vertex => network.names[vertex] as string)
  const known = new Set(names)
  const stray = file.nodes.map(({ name }) => name).filter(name => !known.has(name))
  return {
    roots: [...names, ...stray].filter(name => !parent.has(name)),
    children,
    parent,
    order: [...names, ...stray],
    others: [...file.sections].sort(byName).filter(({ name }) => !used.has(name)),
  }
}
