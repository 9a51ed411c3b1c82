// Zones: what switching devices enclose, whatever their state, so that a zone keeps its name while they operate.
//
// A zone is named after its node nearest to the source in the normal state. A section with devices at both ends and
// nothing between them is a zone without nodes, and carries the name of the section.

import { across, isSection, type Network, type Vertex } from './network.ts'
import type { Orientation } from './orientation.ts'

export interface Zone {
  readonly name: string
  readonly nodes: readonly string[]
  readonly ieds: readonly string[]
  /** The devices that part it from other zones. */
  readonly boundary: readonly string[]
}

export interface Zones {
  /** Nearest to the source in the normal state first. */
  readonly all: readonly Zone[]
  nameAt(vertex: Vertex): string
}

/** @param rest orientation in the normal state */
export function findZones(
  network: Network,
  rest: Orientation,
  iedsAt: ReadonlyMap<Vertex, readonly { readonly name: string }[]>,
): Zones {
  const names: (string | undefined)[] = network.names.map(() => undefined)
  const taken = new Set(network.names.slice(0, network.nodeCount))
  const all: Zone[] = []
  for (const start of nodesFirst(network, rest)) {
    if (names[start] !== undefined) continue
    const members = enclosed(network, start)
    const name = isSection(network, start) ? freeName(network.names[start] as string, taken) : network.names[start]
    for (const vertex of members) names[vertex] = name
    const nodes = members.filter(vertex => !isSection(network, vertex))
    all.push({
      name: name as string,
      nodes: nodes.map(vertex => network.names[vertex] as string).sort(),
      ieds: nodes.flatMap(vertex => (iedsAt.get(vertex) ?? []).map(ied => ied.name)).sort(),
      boundary: boundary(network, new Set(members)),
    })
  }
  return { all, nameAt: vertex => names[vertex] as string }
}

function nodesFirst(network: Network, rest: Orientation): Vertex[] {
  const reached = new Set(rest.order)
  const others = [...network.names.keys()].filter(vertex => !reached.has(vertex))
  const order = [...rest.order, ...others]
  return [...order.filter(vertex => !isSection(network, vertex)), ...order.filter(vertex => isSection(network, vertex))]
}

function enclosed(network: Network, start: Vertex): Vertex[] {
  const members = new Set([start])
  for (const vertex of members) {
    for (const number of network.endsAt[vertex] ?? []) {
      const end = network.ends[number]
      if (end?.devices.length === 0) members.add(across(end, vertex))
    }
  }
  return [...members]
}

function boundary(network: Network, members: ReadonlySet<Vertex>): string[] {
  const devices = [...members].flatMap(vertex =>
    (network.endsAt[vertex] ?? []).flatMap(number => {
      const end = network.ends[number]
      return end && !members.has(across(end, vertex)) ? end.devices : []
    }),
  )
  return devices.sort()
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (taken.has(name)) name += '-section'
  taken.add(name)
  return name
}
