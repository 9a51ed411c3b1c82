// Zones: what switching devices enclose, whatever their state, so that a zone keeps its name while they operate.
//
// A zone is named after its node nearest to the source in the normal state. A section with devices at both ends and
// nothing between them is a zone without nodes, and carries the name of the section.

import { across, at, type End, isSection, type Network, sectionAt, type Vertex } from './network.ts'
import type { Orientation } from './orientation.ts'
import { unknownName } from './topology-error.ts'

export interface Zone {
  readonly name: string
  readonly nodes: readonly string[]
  readonly ieds: readonly string[]
  /** The devices that part it from other zones. */
  readonly boundary: readonly string[]
}

/** A zone that shares a switching device with another one. */
export interface ZoneNeighbour {
  readonly zone: string
  /** The device between them; where several part the two, each has an entry. */
  readonly device: string
}

export interface Zones {
  /** Nearest to the source in the normal state first. */
  readonly all: readonly Zone[]
  nameAt(vertex: Vertex): string
  /** By name of the device. @throws TopologyError UNKNOWN_NAME */
  neighbours(zone: string): readonly ZoneNeighbour[]
  /** Its nodes and sections. @throws TopologyError UNKNOWN_NAME */
  members(zone: string): readonly Vertex[]
}

/** @param rest orientation in the normal state */
export function findZones(
  network: Network,
  rest: Orientation,
  iedsAt: ReadonlyMap<Vertex, readonly { readonly name: string }[]>,
): Zones {
  const zoneAt = new Int32Array(network.names.length).fill(-1)
  const taken = new Set(network.names.slice(0, network.nodeCount))
  const names: string[] = []
  const membersOf: (readonly Vertex[])[] = []
  for (const start of nodesFirst(network, rest)) {
    if (at(zoneAt, start) >= 0) continue
    const members = enclosed(network, start, zoneAt, names.length)
    const own = network.names[start] as string
    names.push(isSection(network, start) ? freeName(own, taken) : own)
    membersOf.push(members)
  }
  const nameAt = (vertex: Vertex): string => names[at(zoneAt, vertex)] as string
  const neighbours = neighboursByZone(network, zoneAt, names)
  const all = names.map((name, number) => {
    const nodes = (membersOf[number] as readonly Vertex[]).filter(vertex => !isSection(network, vertex))
    return {
      name,
      nodes: nodes.map(vertex => network.names[vertex] as string).sort(),
      ieds: nodes.flatMap(vertex => (iedsAt.get(vertex) ?? []).map(ied => ied.name)).sort(),
      boundary: (neighbours[number] as readonly ZoneNeighbour[]).map(({ device }) => device),
    }
  })
  const numbers = new Map(names.map((name, number) => [name, number]))
  const numberOf = (name: string): number => {
    const number = numbers.get(name)
    if (number === undefined) throw unknownName('zone', name, numbers.keys())
    return number
  }
  return {
    all,
    nameAt,
    neighbours: name => neighbours[numberOf(name)] as readonly ZoneNeighbour[],
    members: name => membersOf[numberOf(name)] as readonly Vertex[],
  }
}

function nodesFirst(network: Network, { order, connected }: Orientation): Vertex[] {
  const others = network.names.flatMap((_, vertex) => (at(connected, vertex) === 0 ? [vertex] : []))
  const all = [...order, ...others]
  return [...all.filter(vertex => !isSection(network, vertex)), ...all.filter(vertex => isSection(network, vertex))]
}

function enclosed(network: Network, start: Vertex, zoneAt: Int32Array, number: number): Vertex[] {
  const members = [start]
  zoneAt[start] = number
  for (const vertex of members) {
    for (let n = at(network.firstEnd, vertex); n < at(network.firstEnd, vertex + 1); n++) {
      const end = at(network.endsAt, n)
      const next = across(network, end, vertex)
      if (at(zoneAt, next) >= 0 || network.devicesAt(end).length > 0) continue
      zoneAt[next] = number
      members.push(next)
    }
  }
  return members
}

/** Devices come by name, so each zone's entries do. */
function neighboursByZone(network: Network, zoneAt: Int32Array, names: readonly string[]): ZoneNeighbour[][] {
  const neighbours: ZoneNeighbour[][] = names.map(() => [])
  for (const { name: device, end } of network.devices) {
    const [one, other] = sidesOf(network, zoneAt, end)
    if (one === other) continue
    neighbours[one]?.push({ zone: names[other] as string, device })
    neighbours[other]?.push({ zone: names[one] as string, device })
  }
  return neighbours
}

function sidesOf(network: Network, zoneAt: Int32Array, end: End): readonly [number, number] {
  return [at(zoneAt, at(network.endNode, end)), at(zoneAt, sectionAt(network, end))]
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (taken.has(name)) name += '-section'
  taken.add(name)
  return name
}
