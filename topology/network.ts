// The static graph of a feeder: what is joined to what when every device is closed.
//
// Nodes and sections are both vertices, and the end of a section at a node is what joins them. Devices stand at section
// ends, so opening one cuts exactly one edge, a section dead at one end can still be live from the other, and "what does
// this section feed" is a question about removing one vertex. Vertices are numbered by name, nodes first, so nothing
// here depends on the order in the file.

import type { FeederFile } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import { unknownName } from './topology-error.ts'

export type DevicePosition = 'open' | 'closed' | 'unknown'

/** Number of a node or of a section. */
export type Vertex = number

export interface SectionEnd {
  readonly node: Vertex
  readonly section: Vertex
  /** In series: the end passes current only when all are closed. */
  readonly devices: readonly string[]
}

export interface Network {
  readonly names: readonly string[]
  /** Vertices below this number are nodes, the others sections. */
  readonly nodeCount: number
  readonly sources: readonly Vertex[]
  readonly ends: readonly SectionEnd[]
  /** Numbers of the ends at each vertex, in the order of their far vertices. */
  readonly endsAt: readonly (readonly number[])[]
  /** @throws TopologyError UNKNOWN_NAME */
  node(name: string): Vertex
  /** @throws TopologyError UNKNOWN_NAME */
  section(name: string): Vertex
}

export function buildNetwork(file: FeederFile): Network {
  const sections = sorted(file.sections)
  const nodeNames = sorted(file.nodes).map(node => node.name)
  const names = [...nodeNames, ...sections.map(section => section.name)]
  const node = numbering('node', nodeNames, 0)
  const section = numbering(
    'section',
    sections.map(entry => entry.name),
    nodeNames.length,
  )
  const devicesAt = groupBy(file.devices, device => `${device.at} ${device.section}`)
  const ends = sections.flatMap(entry =>
    (['from', 'to'] as const).map(at => ({
      node: node(entry[at]),
      section: section(entry.name),
      devices: (devicesAt.get(`${at} ${entry.name}`) ?? []).map(({ name }) => name),
    })),
  )
  const endsAt: number[][] = names.map(() => [])
  ends.forEach((end, number) => {
    endsAt[end.node]?.push(number)
    endsAt[end.section]?.push(number)
  })
  return {
    names,
    nodeCount: nodeNames.length,
    sources: file.sources.map(source => node(source.node)),
    ends,
    endsAt,
    node,
    section,
  }
}

export const isSection = (network: Network, vertex: Vertex): boolean => vertex >= network.nodeCount

/** The vertex at the other side of a section's end. */
export function across(end: SectionEnd, vertex: Vertex): Vertex {
  return vertex === end.node ? end.section : end.node
}

/** Whether each section end passes current, by number of the end. A device that the map lacks counts as unknown. */
export function endPositions(network: Network, positions: ReadonlyMap<string, DevicePosition>): DevicePosition[] {
  return network.ends.map(({ devices }) => inSeries(devices.map(device => positions.get(device) ?? 'unknown')))
}

function inSeries(positions: readonly DevicePosition[]): DevicePosition {
  if (positions.includes('open')) return 'open'
  return positions.includes('unknown') ? 'unknown' : 'closed'
}

function numbering(kind: string, names: readonly string[], first: number): (name: string) => Vertex {
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

function sorted<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  return [...entries].sort(byName)
}
