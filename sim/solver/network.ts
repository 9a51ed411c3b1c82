// The network in one state of its devices: each section as a chain of elements between the vertices that are left, with
// faults and loads inside it, and the equations of it all.

import { type Element, vertexOf } from './element.ts'
import { type Equations, edgesOf, equationsOf } from './equations.ts'
import { checkFault, faultElement } from './fault.ts'
import { type Grid, LOAD_POSITION } from './grid.ts'
import { type Chain, type Cut, chainOf, through } from './section-chain.ts'
import type { End, FaultAt } from './solver-port.ts'

export interface Topology {
  readonly isOpen: (device: string) => boolean
  readonly faults: readonly FaultAt[]
  readonly depressed: ReadonlyMap<string, number>
  /** Sources, machines, capacitors, and the loads at nodes as impedances. */
  readonly hanging: readonly Element[]
  /** Slots that a source feeds. */
  readonly fed: readonly number[]
}

export interface Network extends Equations {
  /** By section; absent while both of its ends are open. */
  readonly chains: readonly (Chain | undefined)[]
  /** By section with a load along it: the vertex where the load stands. */
  readonly loadPoints: ReadonlyMap<number, number>
  readonly faults: readonly Element[]
  /** By vertex: the node whose nominal voltage it has. */
  readonly nodeOf: Int32Array
}

/**
 * @param alongLoads the loads along a section as impedances at a vertex
 * @throws RangeError for a fault where there is no such place or phase
 */
export function buildNetwork(
  grid: Grid,
  topology: Topology,
  alongLoads: (section: number, vertex: number) => readonly Element[],
): Network {
  const nodeOf = [...grid.nodeNumber.values()]
  const inner = (node: number): number => nodeOf.push(node) - 1
  const cuts = cutsOf(grid, topology.faults, inner)
  const loadPoints = new Map<number, number>()
  const hanging = [...topology.hanging]

  const chains = grid.sections.map((section, n): Chain | undefined => {
    const { from, to, devices, isLoaded, model } = section
    const isOpen = (end: End): boolean => devices.some(d => d.end === end && topology.isOpen(d.name))
    const open = { from: isOpen('from'), to: isOpen('to') }
    const own = [...(cuts.bySection.get(n) ?? [])]
    if (isLoaded) {
      const vertex = inner(to)
      loadPoints.set(n, vertex)
      own.push({ vertex, position: LOAD_POSITION })
      hanging.push(...alongLoads(n, vertex))
    }
    if (open.from && open.to) return undefined
    own.sort((one, other) => one.position - other.position)
    const ends = { from: open.from ? inner(from) : from, to: open.to ? inner(to) : to }
    const make = (): Chain => chainOf(model, ends.from, ends.to, own, () => inner(to))
    // A line behind a transformer begins at a vertex that each network makes anew.
    const hasInner = model.units.length > 0 && model.line.isReal
    const chain = own.length === 0 && !open.from && !open.to && !hasInner ? section.plain(make) : make()
    return { ...chain, atEnd: { from: open.from ? [] : chain.atEnd.from, to: open.to ? [] : chain.atEnd.to } }
  })
  hanging.push(...cuts.elements)
  depress(grid, topology, chains, nodeOf.length)
  const equations = equationsOf(nodeOf.length, elementsOf(chains), hanging, topology.fed)
  return { ...equations, chains, loadPoints, faults: cuts.elements, nodeOf: Int32Array.from(nodeOf) }
}

function elementsOf(chains: readonly (Chain | undefined)[]): Element[] {
  const elements: Element[] = []
  for (const chain of chains) if (chain !== undefined) for (const element of chain.elements) elements.push(element)
  return elements
}

function cutsOf(grid: Grid, faults: readonly FaultAt[], inner: (node: number) => number) {
  const bySection = new Map<number, Cut[]>()
  const elements = faults.map(fault => {
    const { at } = fault
    if ('node' in at) {
      const node = grid.nodeNumber.get(at.node)
      if (node === undefined) throw new RangeError(`fault at node ${at.node}: not in the feeder file`)
      checkFault(fault, grid.file.nodes[node]?.phases ?? [])
      return faultElement(fault, node)
    }
    const n = grid.sectionNumber.get(at.section) ?? -1
    const section = grid.sections[n]
    if (section === undefined) throw new RangeError(`fault at section ${at.section}: not in the feeder file`)
    checkFault(fault, at.position < 0.5 ? section.model.entry.phases : section.model.farPhases)
    const isNear = section.model.units.length > 0 && at.position < 0.5 && !section.model.line.isReal
    const vertex = inner(isNear ? section.from : section.to)
    bySection.set(n, [...(bySection.get(n) ?? []), { vertex, position: at.position }])
    return faultElement(fault, vertex)
  })
  return { bySection, elements }
}

/** Puts a ratio at the source's end of each depressed section. Steps from the source decide which end that is. */
function depress(grid: Grid, topology: Topology, chains: (Chain | undefined)[], vertices: number): void {
  if (topology.depressed.size === 0) return
  const steps = stepsFromSources(chains, topology.fed, vertices)
  for (const [name, ratio] of topology.depressed) {
    const n = grid.sectionNumber.get(name) ?? -1
    const chain = chains[n]
    const section = grid.sections[n]
    if (section === undefined) throw new RangeError(`disturbed section ${name}: not in the feeder file`)
    if (chain === undefined) continue
    const isReversed = (steps[section.to] as number) < (steps[section.from] as number)
    const near = isReversed ? section.to : section.from
    const changed = new Map(
      chain.atEnd[isReversed ? 'to' : 'from'].map(element => [element, through(element, near, ratio)]),
    )
    const swap = (list: readonly Element[]): Element[] => list.map(element => changed.get(element) ?? element)
    chains[n] = {
      elements: swap(chain.elements),
      atEnd: { from: swap(chain.atEnd.from), to: swap(chain.atEnd.to) },
    }
  }
}

function stepsFromSources(
  chains: readonly (Chain | undefined)[],
  fed: readonly number[],
  vertices: number,
): Float64Array {
  const around: number[][] = Array.from({ length: vertices }, () => [])
  const edges = edgesOf(elementsOf(chains))
  for (let at = 0; at < edges.length; at += 2) {
    const [one = 0, other = 0] = [edges[at], edges[at + 1]]
    around[one]?.push(other)
    around[other]?.push(one)
  }
  const steps = new Float64Array(vertices).fill(Number.POSITIVE_INFINITY)
  const reached = [...new Set(fed.map(vertexOf))]
  for (const vertex of reached) steps[vertex] = 0
  for (const vertex of reached) {
    for (const next of around[vertex] ?? []) {
      if (steps[next] !== Number.POSITIVE_INFINITY) continue
      steps[next] = (steps[vertex] as number) + 1
      reached.push(next)
    }
  }
  return steps
}
