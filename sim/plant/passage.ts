// What the line sensors see: which observed sections a disturbance or a fault's current enters, and which it leaves again.
//
// A sensor compares the current with what flowed before, so load does not count. Fault current that goes into a section
// comes out of it, unless the fault is in it; then it may still go on to a second fault beyond.

import type { FeederFile } from '../../topology/feeder-file.ts'
import {
  add,
  type Complex,
  conjugate,
  magnitude,
  multiply,
  PHASES,
  type PhaseComplex,
  subtract,
  type Triple,
  triple,
  ZERO,
} from '../solver/complex.ts'
import type { End, FaultAt, Solution } from '../solver/solver-port.ts'
import type { LiveTree } from './live-tree.ts'
import type { Disturbance } from './plant-port.ts'

export interface Passage {
  /** Observed sections that are entered, with the lowest voltage seen there in per unit. */
  readonly entered: ReadonlyMap<string, number>
  /** Of those, the sections that it also leaves. */
  readonly left: ReadonlySet<string>
}
export const NO_PASSAGE: Passage = { entered: new Map(), left: new Set() }

/** A sensor takes less for load. Primary amperes. */
const SENSITIVITY_AMPS = 10
/** Of the fault's current: a small generator's share, which comes from below, is not taken for the fault's way. */
const SENSITIVITY_SHARE = 0.2

/** What a sensor needs to know of a section. */
export interface Observed {
  readonly name: string
  readonly has: Triple<boolean>
  readonly node: Readonly<Record<End, string>>
  readonly nominalVolts: Readonly<Record<End, number>>
}

/** Every section that some IED observes. */
export function observedSections(file: FeederFile, nominalVolts: (node: string) => number): Observed[] {
  const names = new Set(file.ieds.flatMap(ied => ied.observes))
  return file.sections
    .filter(section => names.has(section.name))
    .map(({ name, phases, from, to }) => ({
      name,
      has: triple(i => phases.includes(PHASES[i])),
      node: { from, to },
      nominalVolts: { from: nominalVolts(from), to: nominalVolts(to) },
    }))
}

export interface PassageInput {
  readonly observed: readonly Observed[]
  readonly tree: LiveTree
  readonly disturbances: Iterable<Disturbance>
  readonly faults: readonly FaultAt[]
  readonly solution: Solution
  /** The same without disturbances and faults. */
  readonly before: Solution
}

export function passageOf(input: PassageInput): Passage {
  const entered = new Map<string, number>()
  const left = new Set<string>()
  const enter = (section: string, residualPu: number): void => {
    entered.set(section, Math.min(entered.get(section) ?? Number.POSITIVE_INFINITY, residualPu))
  }
  for (const { section, residualPu } of input.disturbances) {
    for (const name of input.tree.pathTo(section)) {
      enter(name, residualPu)
      if (name !== section) left.add(name)
    }
  }
  const { faults, solution } = input
  if (faults.length === 0) return { entered, left }
  // In volt-amperes: the currents of a transformer's two sides differ.
  const faultVa = faults.map((_, i) => largest(solution.faultAmps(i)) * solution.faultNominalVolts(i))
  const mostVa = Math.max(...faultVa)
  // A fault in a dark part carries nothing: what changes then is the doing of a disturbance.
  if (mostVa === 0) return { entered, left }
  const thresholdVa = SENSITIVITY_SHARE * mostVa
  for (const section of input.observed) {
    const way = faultWay(input, section, thresholdVa)
    if (way === 'none') continue
    enter(section.name, way === 'into' ? faultPu(input, section) : farPu(input, section))
    if (way === 'through') left.add(section.name)
  }
  return { entered, left }
}

const largest = (of: PhaseComplex): number => Math.max(...of.map(magnitude))
const isOn = ({ at }: FaultAt, section: string): boolean => 'section' in at && at.section === section

function faultWay(
  { solution, before, faults }: PassageInput,
  { name, nominalVolts }: Observed,
  thresholdVa: number,
): 'none' | 'into' | 'through' {
  const change = (end: End): PhaseComplex => {
    const now = solution.current(name, end)
    const then = before.current(name, end)
    return triple(i => subtract(now[i], then[i]))
  }
  const changes = { from: change('from'), to: change('to') }
  const size = (end: End): number => largest(changes[end]) * nominalVolts[end]
  const isSeen = (end: End): boolean => size(end) > Math.max(thresholdVa, SENSITIVITY_AMPS * nominalVolts[end])
  const near: End = size('from') >= size('to') ? 'from' : 'to'
  if (!isSeen(near)) return 'none'
  if (!faults.some(fault => isOn(fault, name))) return 'through'
  // Both count as flowing in, so what leaves points the other way.
  const product = triple(i => multiply(changes.from[i], conjugate(changes.to[i]))).reduce<Complex>(add, ZERO)
  return isSeen(near === 'from' ? 'to' : 'from') && product.re < 0 ? 'through' : 'into'
}

function faultPu({ solution, faults }: PassageInput, { name, has }: Observed): number {
  const volts = faults.flatMap((fault, index) => {
    if (!isOn(fault, name)) return []
    const at = solution.faultVolts(index)
    return at.flatMap((v, i) => (has[i] ? [magnitude(v) / solution.faultNominalVolts(index)] : []))
  })
  return Math.min(...volts)
}

/** At the end away from the source, where the disturbance is deeper. */
function farPu({ solution, tree }: PassageInput, { name, has, node, nominalVolts }: Observed): number {
  const far: End = tree.feedEnd(name) === 'from' ? 'to' : 'from'
  return Math.min(...solution.volts(node[far]).flatMap((v, i) => (has[i] ? [magnitude(v) / nominalVolts[far]] : [])))
}
