// What hangs on a set of nodes and sections: the loads, generators, IEDs and customers there.

import type { FeederFile, LoadEntry } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import type { IedPosts } from './ied-tree.ts'
import type { IslandContents } from './islands.ts'
import { kwOf } from './load-power.ts'
import { isSection, type Network, type Vertex } from './network.ts'

/** What a section or device feeds. */
export interface Downstream {
  readonly nodes: ReadonlySet<string>
  readonly sections: ReadonlySet<string>
  readonly loads: ReadonlySet<string>
  readonly generators: ReadonlySet<string>
  readonly ieds: ReadonlySet<string>
  readonly customers: number
  /** Of the loads, at rated voltage, to the watt. */
  readonly loadKw: number
}

export interface Contents extends IslandContents {
  /** @param alongToo a section whose load along it belongs to the answer though the section itself does not */
  on(vertices: readonly Vertex[], alongToo?: Vertex): Downstream
}

export function contentsOf(file: FeederFile, network: Network, posts: IedPosts): Contents {
  const loadsAt = groupBy(file.loads, ({ node, along }) =>
    node !== undefined ? network.node(node) : network.section(along ?? ''),
  )
  const generatorsAt = groupBy(file.generators, generator => network.node(generator.node))
  const loads = (vertex: Vertex): readonly LoadEntry[] => loadsAt.get(vertex) ?? []
  const generators = (vertex: Vertex) => generatorsAt.get(vertex) ?? []
  return {
    generators,
    customers: vertex => loads(vertex).reduce((sum, load) => sum + load.customers, 0),
    on(vertices, alongToo) {
      const namesOf = (those: readonly Vertex[]): Set<string> => new Set(those.map(v => network.names[v] as string))
      const fed = [...(alongToo === undefined ? [] : loads(alongToo)), ...vertices.flatMap(loads)]
      return {
        nodes: namesOf(vertices.filter(vertex => !isSection(network, vertex))),
        sections: namesOf(vertices.filter(vertex => isSection(network, vertex))),
        loads: new Set(fed.map(({ name }) => name)),
        generators: new Set(vertices.flatMap(generators).map(({ name }) => name)),
        ieds: new Set(vertices.flatMap(vertex => posts.at.get(vertex) ?? []).map(({ name }) => name)),
        customers: fed.reduce((sum, load) => sum + load.customers, 0),
        loadKw: kwOf(fed),
      }
    },
  }
}
