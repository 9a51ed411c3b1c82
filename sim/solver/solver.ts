// Solves a feeder's three-phase network: admittance equations per phase, loads and generators as currents that are
// corrected until the voltages stand still.
//
//   Y V = I(V)    Y: lines, transformers, capacitors, sources, faults, and all loads as impedances
//                 I: of the sources' electromotive force, and of what loads draw less or more than as impedances
//
// Y is factored once for each state of the devices (and kept, so that a recloser's shots cost nothing twice); each
// iteration is then one solution with the factors. With faults, the state before them is solved first: it gives the
// electromotive force that sources and machines keep.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { Complex } from './complex.ts'
import { addDemand, type Demand, type DemandFrame, demandFrame, demandOf, loadElement } from './demand.ts'
import { buildGrid, type Grid, generatorPhases } from './grid.ts'
import { buildNetwork, type Network } from './network.ts'
import { addProduction, type Feed, producedAt, productionOf } from './production.ts'
import { createSolution, type Solved } from './solution.ts'
import type { OperatingState, Solution, Solver } from './solver-port.ts'
import { emfBehind, machineElement, type Supply, sourceElement, sourceEmf } from './supply.ts'

export type {
  End,
  FaultAt,
  FaultKind,
  FaultPlace,
  OperatingState,
  Solution,
  Solver,
  Terminal,
} from './solver-port.ts'
export { normalState } from './solver-port.ts'

const MOST_ITERATIONS = 150
/** From here on generators keep their currents and each step goes half the way, lest it swing to and fro for ever. */
const PATIENCE = 60
/** Of the nominal voltage, between two iterations. */
const STANDSTILL_PU = 1e-9
/** Networks kept for states seen lately. What gives way is the one not asked for longest. */
const NETWORKS_KEPT = 8

/** What one state of the devices has in common for all levels of load. */
interface Prepared {
  readonly network: Network
  readonly frame: DemandFrame
  /** By unknown, the square of the change in volts below which it stands still. */
  readonly tolerance: Float64Array
}

const prepare = (grid: Grid, network: Network): Prepared => ({
  network,
  frame: demandFrame(grid, network),
  tolerance: tolerances(grid, network),
})

/** @throws RangeError for names that the file does not have and impedance matrices that cannot be inverted */
export function createSolver(file: FeederFile): Solver {
  const grid = buildGrid(file)
  const atNodes = grid.loadParts.flatMap(part => ('vertex' in part.at ? [loadElement(part, part.at.vertex)] : []))
  const kept = new Map<string, Prepared>()

  function preparedFor(state: OperatingState, supplies: readonly Supply[]): Prepared {
    const key = keyOf(file, state)
    const known = kept.get(key)
    kept.delete(key)
    const prepared = known ?? prepare(grid, build(state, supplies))
    kept.set(key, prepared)
    const [oldest] = kept.keys()
    if (kept.size > NETWORKS_KEPT && oldest !== undefined) kept.delete(oldest)
    return prepared
  }

  function build(state: OperatingState, supplies: readonly Supply[]): Network {
    const capacitors = grid.capacitorParts.filter(({ capacitor }) =>
      state.isConnected(file.capacitors[capacitor]?.name ?? ''),
    )
    const hanging = [...atNodes, ...capacitors.map(({ element }) => element), ...supplies.map(({ element }) => element)]
    const fed = supplies.flatMap(({ kind, element }) => (kind === 'source' ? element.slots : []))
    return buildNetwork(grid, { ...state, hanging, fed }, (section, vertex) =>
      (grid.partsAlong.get(section) ?? []).map(part => loadElement(part, vertex)),
    )
  }

  function solve(state: OperatingState): Solution {
    const isFaulted = state.faults.length > 0
    const before = isFaulted ? solve({ ...state, faults: [] }) : undefined
    const supplies = suppliesOf(grid, state, before)
    const prepared = preparedFor(state, supplies)
    const was = before && ((slot: number): Complex => before.volts(nodeName(grid, slot))[(slot % 3) as 0 | 1 | 2])
    const demand = demandOf(grid, prepared.frame, state)
    const feeds = productionOf(grid, prepared.network, state, was)
    return createSolution(grid, state, iterate(prepared, supplies, demand, feeds))
  }

  return { nominalVolts: node => grid.nominalVolts[grid.nodeNumber.get(node) ?? -1] ?? 0, solve }
}

const nodeName = (grid: Grid, slot: number): string => grid.file.nodes[Math.floor(slot / 3)]?.name ?? ''

/** What the equations depend on. */
function keyOf(file: FeederFile, { isOpen, isConnected, faults, depressed }: OperatingState): string {
  const open = file.devices.filter(({ name }) => isOpen(name)).map(({ name }) => name)
  const off = [...file.capacitors, ...file.generators].filter(({ name }) => !isConnected(name)).map(({ name }) => name)
  return JSON.stringify([open, off, faults, [...depressed]])
}

function suppliesOf(grid: Grid, state: OperatingState, before: Solution | undefined): Supply[] {
  const { sources, generators, nodes } = grid.file
  const sourceSupplies = sources.map((source, index): Supply => {
    const vertex = grid.nodeNumber.get(source.node)
    if (vertex === undefined)
      throw new RangeError(`source ${source.name}: node ${source.node} is not in the feeder file`)
    const nominal = grid.nominalVolts[vertex] as number
    const phases = nodes[vertex]?.phases ?? []
    const isHeld = source.holds === 'node' && before === undefined
    const element = sourceElement(source, phases, vertex, nominal, isHeld)
    const keeps = source.holds === 'node' && before !== undefined
    const emf = keeps
      ? emfBehind(element, before.volts(source.node), before.source(source.name).amps)
      : sourceEmf(source, nominal)
    return { kind: 'source', index, element, emf }
  })
  if (before === undefined) return sourceSupplies
  const machines = generators.flatMap((generator, index): Supply[] => {
    const { kind, name, node } = generator
    const vertex = grid.nodeNumber.get(node)
    if (kind !== 'synchronous' || vertex === undefined || !state.isConnected(name)) return []
    const phases = generatorPhases(grid, generator)
    const element = machineElement(generator, phases, vertex, grid.nominalVolts[vertex] as number)
    const emf = emfBehind(element, before.volts(node), before.generator(name).amps)
    return [{ kind: 'machine', index, element, emf }]
  })
  return [...sourceSupplies, ...machines]
}

function iterate(
  { network, tolerance }: Prepared,
  supplies: readonly Supply[],
  demand: Demand,
  feeds: readonly Feed[],
): Solved {
  const { size, factors } = network
  const driving = new Float64Array(2 * size)
  for (const supply of supplies) addEmf(supply, network, driving)
  let volts = driving.slice()
  factors.solve(volts)
  let next = new Float64Array(2 * size)
  const produced = new Float64Array(2 * feeds.length)
  let iterations = 1
  let converged = false
  for (; iterations < MOST_ITERATIONS && !converged; iterations++) {
    next.set(driving)
    addDemand(demand, volts, next)
    if (iterations <= PATIENCE) producedAt(feeds, volts, produced)
    addProduction(feeds, produced, next)
    factors.solve(next)
    if (iterations > PATIENCE) goHalfway(volts, next)
    converged = standsStill(volts, next, tolerance)
    ;[volts, next] = [next, volts]
  }
  return { network, supplies, demand, feeds, produced, volts, converged, iterations }
}

function goHalfway(before: Float64Array, after: Float64Array): void {
  for (let n = 0; n < after.length; n++) after[n] = ((before[n] as number) + (after[n] as number)) / 2
}

function tolerances(grid: Grid, { size, unknownOf, nodeOf }: Network): Float64Array {
  const tolerance = new Float64Array(size)
  unknownOf.forEach((unknown, slot) => {
    if (unknown < 0) return
    const volts = STANDSTILL_PU * (grid.nominalVolts[nodeOf[Math.floor(slot / 3)] as number] as number)
    tolerance[unknown] = volts * volts
  })
  return tolerance
}

function standsStill(before: Float64Array, after: Float64Array, tolerance: Float64Array): boolean {
  for (let n = 0; n < tolerance.length; n++) {
    const re = (after[2 * n] as number) - (before[2 * n] as number)
    const im = (after[2 * n + 1] as number) - (before[2 * n + 1] as number)
    if (!(re * re + im * im <= (tolerance[n] as number))) return false
  }
  return true
}

/** The current that the electromotive force would drive into a short circuit. */
function addEmf({ element, emf }: Supply, { unknownOf }: Network, right: Float64Array): void {
  const { slots, admittance } = element
  slots.forEach((slot, row) => {
    const at = 2 * (unknownOf[slot] as number)
    if (at < 0) return
    slots.forEach((other, column) => {
      const entry = 2 * (row * slots.length + column)
      const conductance = admittance.values[entry] as number
      const susceptance = admittance.values[entry + 1] as number
      const { re, im } = emf[(other % 3) as 0 | 1 | 2]
      right[at] = (right[at] as number) + conductance * re - susceptance * im
      right[at + 1] = (right[at + 1] as number) + conductance * im + susceptance * re
    })
  })
}
