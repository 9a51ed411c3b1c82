// The network in one state of its devices: which slots are alive, their equations, and the factors that solve them.
//
// Alive is what conducting elements join to a source; the rest is dark and has no equations. Where no winding, source
// or earth fault ties a part to ground (behind a delta), a tiny admittance does: its voltages to ground mean little,
// but those between its phases come out as they are.

import { type Element, shunt, slotOf, vertexOf } from './element.ts'
import { checkFault, faultElement } from './fault.ts'
import type { Grid } from './grid.ts'
import { LOAD_POSITION } from './grid.ts'
import { eliminationOrder } from './ordering.ts'
import { type Chain, type Cut, chainOf, through } from './section-chain.ts'
import type { End, FaultAt } from './solver-port.ts'
import { type Factors, factorise, type SymmetricMatrix } from './sparse-ldl.ts'

/** In siemens: less than a milliampere at 600 V. */
const TIE_TO_GROUND = 1e-6

export interface Topology {
  readonly isOpen: (device: string) => boolean
  readonly faults: readonly FaultAt[]
  readonly depressed: ReadonlyMap<string, number>
  /** Sources, machines, capacitors, and the loads at nodes as impedances. */
  readonly hanging: readonly Element[]
  /** Slots that a source feeds. */
  readonly fed: readonly number[]
}

export interface Network {
  /** Number of unknowns. */
  readonly size: number
  /** By slot: number of its unknown, -1 where dark. */
  readonly unknownOf: Int32Array
  readonly factors: Factors
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
    const chain = own.length === 0 && !open.from && !open.to ? section.plain(make) : make()
    return { ...chain, atEnd: { from: open.from ? [] : chain.atEnd.from, to: open.to ? [] : chain.atEnd.to } }
  })
  hanging.push(...cuts.elements)
  depress(grid, topology, chains, nodeOf.length)
  return assemble(chains, hanging, topology.fed, Int32Array.from(nodeOf), { loadPoints, faults: cuts.elements })
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
  for (const [one, other] of edgesOf(chains.flatMap(chain => chain?.elements ?? []))) {
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

/** Pairs of vertices that elements join. */
function edgesOf(elements: readonly Element[]): (readonly [number, number])[] {
  return elements.flatMap(({ slots }) => {
    const first = vertexOf(slots[0] ?? 0)
    const last = vertexOf(slots.at(-1) ?? 0)
    return first === last ? [] : [[first, last] as const]
  })
}

function assemble(
  chains: readonly (Chain | undefined)[],
  hanging: Element[],
  fed: readonly number[],
  nodeOf: Int32Array,
  rest: Pick<Network, 'loadPoints' | 'faults'>,
): Network {
  const conducting = chains.flatMap(chain => chain?.elements ?? [])
  const slots = 3 * nodeOf.length
  const isAlive = aliveSlots(slots, conducting, fed)
  const elements = [...conducting, ...hanging]
  elements.push(...tiesToGround(slots, elements, isAlive))

  const edges = edgesOf(conducting).flat()
  const order = eliminationOrder(nodeOf.length, edges)
  const unknownOf = new Int32Array(slots).fill(-1)
  let size = 0
  for (const vertex of order) {
    for (let slot = 3 * vertex; slot < 3 * vertex + 3; slot++) if (isAlive[slot] === 1) unknownOf[slot] = size++
  }
  const factors = factorise(matrixOf(size, elements, unknownOf))
  return { size, unknownOf, factors, chains, nodeOf, ...rest }
}

function aliveSlots(slots: number, conducting: readonly Element[], fed: readonly number[]): Uint8Array {
  const groups = groupsOf(slots)
  for (const element of conducting) for (const places of element.conducts) groups.join(element.slots, places)
  const alive = new Set(fed.map(groups.of))
  return Uint8Array.from({ length: slots }, (_, slot) => (alive.has(groups.of(slot)) ? 1 : 0))
}

/** One for each slot of the first vertex of each part that nothing ties to ground. */
function tiesToGround(slots: number, elements: readonly Element[], isAlive: Uint8Array): Element[] {
  const groups = groupsOf(slots)
  for (const element of elements) for (const places of element.joined) groups.join(element.slots, places)
  const grounded = new Set<number>()
  for (const { slots: own, grounded: places } of elements) {
    for (const place of places) grounded.add(groups.of(own[place] as number))
  }
  const first = new Map<number, number>()
  const ties: Element[] = []
  for (let slot = 0; slot < slots; slot++) {
    if (isAlive[slot] !== 1) continue
    const group = groups.of(slot)
    if (grounded.has(group)) continue
    const vertex = first.get(group) ?? vertexOf(slot)
    first.set(group, vertex)
    if (vertexOf(slot) === vertex) ties.push(shunt(slotOf(vertex, 'a') + (slot % 3), -1, 0, TIE_TO_GROUND))
  }
  return ties
}

/** Sets of slots that grow together (union-find). */
function groupsOf(count: number) {
  const above = Int32Array.from({ length: count }, (_, n) => n)
  const of = (slot: number): number => {
    let top = slot
    while (above[top] !== top) {
      above[top] = above[above[top] as number] as number
      top = above[top] as number
    }
    return top
  }
  return {
    of,
    join(slots: readonly number[], places: readonly number[]): void {
      const first = of(slots[places[0] ?? 0] as number)
      for (const place of places) above[of(slots[place] as number)] = first
    },
  }
}

/** Entries on and above the diagonal, by column. */
function matrixOf(size: number, elements: readonly Element[], unknownOf: Int32Array): SymmetricMatrix {
  const start = new Int32Array(size + 1)
  visit((_, column) => {
    start[column + 1] = (start[column + 1] as number) + 1
  })
  for (let n = 0; n < size; n++) start[n + 1] = (start[n + 1] as number) + (start[n] as number)
  const entries = start[size] as number
  const next = start.slice(0, size)
  const row = new Int32Array(entries)
  const values = new Float64Array(2 * entries)
  visit((at, column, element, entry) => {
    const place = next[column] as number
    next[column] = place + 1
    row[place] = at
    values[2 * place] = element.admittance.values[entry] as number
    values[2 * place + 1] = element.admittance.values[entry + 1] as number
  })
  return { size, start, row, values }

  function visit(each: (row: number, column: number, element: Element, entry: number) => void): void {
    for (const element of elements) {
      const count = element.slots.length
      for (let i = 0; i < count; i++) {
        const one = unknownOf[element.slots[i] as number] as number
        if (one < 0) continue
        for (let j = 0; j < count; j++) {
          const other = unknownOf[element.slots[j] as number] as number
          if (other >= one) each(one, other, element, 2 * (i * count + j))
        }
      }
    }
  }
}
