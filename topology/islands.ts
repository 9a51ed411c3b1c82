// Islands: what hangs together by closed devices and has no source.

import { groupBy } from './group-by.ts'
import { at, CLOSED, isSection, type Network, OPEN, type Vertex } from './network.ts'
import type { Orientation } from './orientation.ts'

export interface Island {
  /** In alphabetical order; none where a section is cut off at both of its ends. */
  readonly nodes: readonly string[]
  readonly sections: readonly string[]
  /** What could keep the island alive. */
  readonly generators: readonly string[]
  readonly customers: number
  /** No source reaches it whatever the unknown positions are; otherwise they decide. */
  readonly certain: boolean
}

export interface IslandContents {
  generators(vertex: Vertex): readonly { readonly name: string }[]
  customers(vertex: Vertex): number
}

/** @param group by vertex, the number of what hangs together with it for sure */
export function islandsOf(
  network: Network,
  { connected }: Orientation,
  group: Int32Array,
  { generators, customers }: IslandContents,
): Island[] {
  const cutOff: Vertex[] = []
  for (let vertex = 0; vertex < network.names.length; vertex++) {
    if (at(connected, vertex) !== CLOSED) cutOff.push(vertex)
  }
  const namesOf = (vertices: readonly Vertex[]): string[] => vertices.map(vertex => network.names[vertex] as string)
  return [...groupBy(cutOff, vertex => at(group, vertex)).values()].map(vertices => ({
    nodes: namesOf(vertices.filter(vertex => !isSection(network, vertex))),
    sections: namesOf(vertices.filter(vertex => isSection(network, vertex))),
    generators: vertices.flatMap(vertex => generators(vertex).map(({ name }) => name)).sort(),
    customers: vertices.reduce((sum, vertex) => sum + customers(vertex), 0),
    // One answer for all: what reaches one of them for sure or perhaps reaches the others through closed devices.
    certain: at(connected, vertices[0] as Vertex) === OPEN,
  }))
}
