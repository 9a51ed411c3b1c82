// The faults that settings are judged by, and what each protecting device carries of them: next to each device and at the
// far ends of its stretch, of every kind and on every choice of phases, with the generators and without them.

import type { Feeder } from '../../topology/feeder.ts'
import type { Phase } from '../../topology/feeder-file.ts'
import { residual } from '../plant/angles.ts'
import { liveTrees } from '../plant/live-tree.ts'
import { throughDevice } from '../plant/readings.ts'
import { add, magnitude, type PhaseComplex, triple } from '../solver/complex.ts'
import { createSolver, normalState, type OperatingState, type Solution, type Solver } from '../solver/solver.ts'
import type { End, FaultKind, FaultPlace } from '../solver/solver-port.ts'
import { type Stretch, stretchesOf } from './stretches.ts'

/** What an overcurrent relay compares, in primary amperes RMS. */
export interface Amps {
  /** Of the largest phase. */
  readonly phase: number
  /** The sum of the phases, 3I0. */
  readonly residual: number
}

export type Generation = 'in' | 'out'

export interface StudiedFault {
  /** `671`, or `s4-s5 at to`. */
  readonly place: string
  readonly kind: StudiedKind
  readonly phases: readonly Phase[]
  readonly generation: Generation
  /** By device. */
  readonly through: ReadonlyMap<string, Amps>
  /** By device whose near side is the faulted node: as if the fault were just beyond it. */
  readonly closeIn: ReadonlyMap<string, Amps>
}

export interface FaultStudy {
  readonly feeder: Feeder
  readonly stretches: readonly Stretch[]
  readonly faults: readonly StudiedFault[]
  /** The load of the evening peak: the largest that each device carries, with generators in and out. */
  readonly load: ReadonlyMap<string, Amps>
  readonly loads: Readonly<Record<Generation, ReadonlyMap<string, Amps>>>
  readonly nominalVolts: (node: string) => number
  /** Of the load flow and all faults: otherwise the feeder cannot carry its load and the figures mean nothing. */
  readonly converged: boolean
}

/** With how many phases. Two phases to ground lie between these. */
const CHOICES = { 'line-ground': 1, 'line-line': 2, 'three-phase': 3 } as const satisfies Partial<
  Record<FaultKind, number>
>
type StudiedKind = keyof typeof CHOICES

export interface StudyOptions {
  /** Of faults to ground; 0 is bolted. */
  readonly groundOhm?: number
  readonly solver?: Solver
}

export function studyFaults(feeder: Feeder, { groundOhm = 0, solver: given }: StudyOptions = {}): FaultStudy {
  const { file } = feeder
  const stretches = stretchesOf(feeder)
  const solver = given ?? createSolver(file)
  const isOpen = (device: string): boolean => feeder.position(device) !== 'closed'
  const tree = liveTrees(file)(isOpen)
  const phasesOf = new Map(file.nodes.map(({ name, phases }) => [name, phases]))
  const closeTo = new Map<string, Stretch[]>()
  for (const stretch of stretches) closeTo.set(stretch.nearNode, [...(closeTo.get(stretch.nearNode) ?? []), stretch])
  const places = placesOf(feeder, stretches, phasesOf, tree.feedEnd)
  let converged = true

  const stateOf = (generation: Generation): OperatingState => ({
    ...normalState(file),
    isOpen,
    isConnected: name => generation === 'in' || !file.generators.some(generator => generator.name === name),
  })
  const solve = (state: OperatingState): Solution => {
    const solution = solver.solve(state)
    converged &&= solution.converged
    return solution
  }
  const currents = (solution: Solution): Map<string, PhaseComplex> =>
    new Map(stretches.map(({ device }) => [device.name, throughDevice(device, { solution, tree }).amps]))
  const faultAt = (
    { place, name, phases }: Place,
    kind: StudiedKind,
    on: readonly Phase[],
    generation: Generation,
  ): StudiedFault => {
    const fault = { at: place, kind, phases: on, resistanceOhm: kind === 'line-ground' ? groundOhm : 0 }
    const solution = solve({ ...stateOf(generation), faults: [fault] })
    const amps = currents(solution)
    const into = solution.faultAmps(0)
    const near = phases.length > 0 && 'node' in place ? (closeTo.get(place.node) ?? []) : []
    const closeIn = near
      .filter(({ device }) => on.every(phase => feeder.section(device.section).phases.includes(phase)))
      .map(({ device }) => [device.name, ampsOf(sum(into, amps.get(device.name)))] as const)
    return {
      place: name,
      kind,
      phases: on,
      generation,
      through: new Map([...amps].map(([device, each]) => [device, ampsOf(each)])),
      closeIn: new Map(closeIn),
    }
  }
  const generations: Generation[] = file.generators.length === 0 ? ['out'] : ['in', 'out']
  const loadOf = (generation: Generation): Map<string, Amps> =>
    new Map([...currents(solve(stateOf(generation)))].map(([device, each]) => [device, ampsOf(each)]))
  const loads = { in: loadOf('in'), out: loadOf('out') }
  const faults = generations.flatMap(generation =>
    places.flatMap(place => faultsOn(place.phases).map(({ kind, on }) => faultAt(place, kind, on, generation))),
  )
  return {
    feeder,
    stretches,
    faults,
    load: new Map(stretches.map(({ device: { name } }) => [name, larger(loads.in.get(name), loads.out.get(name))])),
    loads,
    nominalVolts: solver.nominalVolts,
    converged,
  }
}

interface Place {
  readonly place: FaultPlace
  readonly name: string
  readonly phases: readonly Phase[]
}

/**
 * Where faults are the largest and the least: next to each device, at the far ends of its stretch, and before transformers.
 * Between them lies all the rest.
 */
function placesOf(
  feeder: Feeder,
  stretches: readonly Stretch[],
  phasesOf: ReadonlyMap<string, readonly Phase[]>,
  feedEnd: (section: string) => End | undefined,
): Place[] {
  const beforeTransformers = new Set(feeder.file.transformers.map(({ section }) => feeder.section(section).from))
  const nodes = new Set(
    stretches.flatMap(({ nearNode, nodes: own, sections }) => {
      // Where fewer phases go on than the node has, some kinds of fault are at their end.
      const goesOn = new Set(
        [...sections].flatMap(name => {
          const section = feeder.section(name)
          const node = section[feedEnd(name) ?? 'from']
          return (phasesOf.get(node) ?? []).every(phase => section.phases.includes(phase)) ? [node] : []
        }),
      )
      return [nearNode, ...[...own].filter(node => !goesOn.has(node) || beforeTransformers.has(node))]
    }),
  )
  const ends = stretches.flatMap(stretch => stretch.ends)
  return [
    ...[...nodes].map(node => ({ place: { node }, name: node, phases: phasesOf.get(node) ?? [] })),
    ...ends.map(({ section, end }) => ({
      place: { section, position: end === 'from' ? 0 : 1 },
      name: `${section} at ${end}`,
      phases: feeder.section(section).phases,
    })),
  ]
}

function faultsOn(phases: readonly Phase[]): { readonly kind: StudiedKind; readonly on: readonly Phase[] }[] {
  const pairs = phases.flatMap((one, n) => phases.slice(n + 1).map(other => [one, other]))
  const choices: Readonly<Record<number, readonly (readonly Phase[])[]>> = {
    1: phases.map(phase => [phase]),
    2: pairs,
    3: phases.length === 3 ? [phases] : [],
  }
  return (Object.keys(CHOICES) as StudiedKind[]).flatMap(kind =>
    (choices[CHOICES[kind]] ?? []).map(on => ({ kind, on })),
  )
}

const sum = (one: PhaseComplex, other: PhaseComplex | undefined): PhaseComplex =>
  other === undefined ? one : triple(i => add(one[i], other[i]))

const ampsOf = (amps: PhaseComplex): Amps => ({
  phase: Math.max(...amps.map(magnitude)),
  residual: magnitude(residual(amps)),
})

const larger = (one: Amps | undefined, other: Amps | undefined): Amps => ({
  phase: Math.max(one?.phase ?? 0, other?.phase ?? 0),
  residual: Math.max(one?.residual ?? 0, other?.residual ?? 0),
})

/** Faults in a device's own stretch, with what it carries of each; the close-in ones among them. */
export function ownFaults(
  { faults }: FaultStudy,
  stretch: Stretch,
): { readonly fault: StudiedFault; readonly amps: Amps }[] {
  const { device, nodes, ends } = stretch
  const places = new Set([...nodes, ...ends.map(({ section, end }) => `${section} at ${end}`)])
  return faults.flatMap(fault => {
    const closeIn = fault.closeIn.get(device.name)
    if (closeIn !== undefined) return [{ fault, amps: closeIn }]
    const amps = fault.through.get(device.name)
    return amps !== undefined && places.has(fault.place) ? [{ fault, amps }] : []
  })
}
