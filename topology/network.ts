// The static graph of a feeder: what is joined to what when every device is closed.
//
// Nodes and sections are both vertices, and the end of a section at a node is what joins them. Devices stand at section
// ends, so opening one cuts exactly one edge, a section dead at one end can still be live from the other, and "what does
// this section feed" is a question about removing one vertex. Vertices are numbered by name, nodes first, so nothing
// here depends on the order in the file. All is held in flat arrays: a walk over ten thousand nodes takes a millisecond.

import type { FeederFile } from './feeder-file.ts'
import { unknownName } from './topology-error.ts'

export type DevicePosition = 'open' | 'closed' | 'unknown'

/** Number of a node or of a section. */
export type Vertex = number
/** Number of a section end: 2k is the `from`, 2k + 1 the `to` of the section with vertex `nodeCount + k`. */
export type End = number

/** Whether current passes, as one byte, so that devices in series are as their least one. */
export const OPEN = 0
export const UNKNOWN = 1
export const CLOSED = 2

export interface Network {
  readonly names: readonly string[]
  /** Vertices below this number are nodes, the others sections. */
  readonly nodeCount: number
  /** By name. */
  readonly sources: readonly { readonly name: string; readonly node: Vertex }[]
  /** By end, its node. */
  readonly endNode: Int32Array
  /** The ends at vertex v are `endsAt[firstEnd[v]]` up to before `endsAt[firstEnd[v + 1]]`, in the order of sections. */
  readonly firstEnd: Int32Array
  readonly endsAt: Int32Array
  readonly devices: readonly { readonly name: string; readonly end: End }[]
  /** Numbers of the devices at an end: in series, so that it passes current only when all are closed. */
  devicesAt(end: End): readonly number[]
  /** @throws TopologyError UNKNOWN_NAME */
  node(name: string): Vertex
  /** @throws TopologyError UNKNOWN_NAME */
  section(name: string): Vertex
  /** @throws TopologyError UNKNOWN_NAME */
  device(name: string): number
}

type Topology = Pick<FeederFile, 'nodes' | 'sections' | 'devices' | 'sources'>

export function buildNetwork(file: Topology): Network {
  const sections = [...file.sections].sort(byName)
  const nodeNames = file.nodes.map(({ name }) => name).sort()
  const nodeCount = nodeNames.length
  const sectionNames = sections.map(({ name }) => name)
  const names = [...nodeNames, ...sectionNames]
  const node = numbering('node', nodeNames, 0)
  const section = numbering('section', sectionNames, nodeCount)
  const endNode = Int32Array.from({ length: sections.length * 2 })
  sections.forEach(({ from, to }, index) => {
    endNode[index * 2] = node(from)
    endNode[index * 2 + 1] = node(to)
  })
  const sorted = [...file.devices].sort(byName)
  const devices = sorted.map(({ name, at, section: on }) => ({
    name,
    end: (section(on) - nodeCount) * 2 + (at === 'to' ? 1 : 0),
  }))
  const atEnd = new Map<End, number[]>()
  devices.forEach(({ end }, number) => {
    const others = atEnd.get(end)
    if (others) others.push(number)
    else atEnd.set(end, [number])
  })
  return {
    names,
    nodeCount,
    sources: [...file.sources].sort(byName).map(source => ({ name: source.name, node: node(source.node) })),
    endNode,
    ...endsByVertex(nodeCount, endNode),
    devices,
    devicesAt: end => atEnd.get(end) ?? NONE,
    node,
    section,
    device: numbering(
      'device',
      devices.map(({ name }) => name),
      0,
    ),
  }
}

const NONE: readonly number[] = []

/** Counts, then fills: each vertex has a stretch of `endsAt`. */
function endsByVertex(nodeCount: number, endNode: Int32Array): Pick<Network, 'firstEnd' | 'endsAt'> {
  const firstEnd = new Int32Array(nodeCount + endNode.length / 2 + 1)
  const sectionOf = (end: End): Vertex => nodeCount + (end >> 1)
  for (let end = 0; end < endNode.length; end++) {
    for (const vertex of [endNode[end] as Vertex, sectionOf(end)]) firstEnd[vertex + 1] = at(firstEnd, vertex + 1) + 1
  }
  for (let vertex = 1; vertex < firstEnd.length; vertex++) {
    firstEnd[vertex] = at(firstEnd, vertex) + at(firstEnd, vertex - 1)
  }
  const filled = firstEnd.slice()
  const endsAt = new Int32Array(endNode.length * 2)
  for (let end = 0; end < endNode.length; end++) {
    for (const vertex of [endNode[end] as Vertex, sectionOf(end)]) {
      const place = at(filled, vertex)
      endsAt[place] = end
      filled[vertex] = place + 1
    }
  }
  return { firstEnd, endsAt }
}

/** What stands in a flat array at a place that it has. */
export const at = (array: Int32Array | Uint8Array, place: number): number => array[place] as number

export const isSection = (network: Network, vertex: Vertex): boolean => vertex >= network.nodeCount
export const sectionAt = (network: Network, end: End): Vertex => network.nodeCount + (end >> 1)

/** The vertex at the other side of a section's end. */
export function across(network: Network, end: End, vertex: Vertex): Vertex {
  const node = at(network.endNode, end)
  return vertex === node ? sectionAt(network, end) : node
}

/** The end at which the section meets the node. */
export function endBetween(network: Network, section: Vertex, node: Vertex): End {
  const first = (section - network.nodeCount) * 2
  return at(network.endNode, first) === node ? first : first + 1
}

export function endsOf(network: Network, vertex: Vertex): Int32Array {
  return network.endsAt.subarray(network.firstEnd[vertex], network.firstEnd[vertex + 1])
}

export const positionCode = (position: DevicePosition): number =>
  position === 'open' ? OPEN : position === 'closed' ? CLOSED : UNKNOWN
export const positionOf = (code: number): DevicePosition =>
  code === OPEN ? 'open' : code === CLOSED ? 'closed' : 'unknown'

/** Whether each section end passes current, by number of the end. @param positions of the devices, by their number */
export function endStates(network: Network, positions: Uint8Array): Uint8Array {
  const states = new Uint8Array(network.endNode.length).fill(CLOSED)
  network.devices.forEach(({ end }, number) => {
    states[end] = Math.min(at(states, end), at(positions, number))
  })
  return states
}

function numbering(kind: string, names: readonly string[], first: number): (name: string) => number {
  const numbers = new Map(names.map((name, index) => [name, first + index]))
  return name => {
    const number = numbers.get(name)
    if (number === undefined) throw unknownName(kind, name, numbers.keys())
    return number
  }
}

export function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0
}
