// What disturbances and faults do to a live feeder: which voltages they hold down, and which sections carry them.

import {
  add,
  type Complex,
  complex,
  divide,
  magnitude,
  ROTATION,
  scaleBy,
  subtract,
  type Triple,
  triple,
} from './complex.ts'
import { BASE_VA, baseVolts, type Grid } from './grid.ts'
import { type LiveBranch, type LiveTree, pathTo } from './live-tree.ts'

/** A voltage that everything fed through the section is held down to, whatever its cause. */
export interface Disturbance {
  readonly section: string
  readonly residualPu: number
}

/** All phases of the section short-circuited in its middle. */
export interface Fault {
  readonly section: string
  /** Instead of what the impedances up to there allow. */
  readonly currentAmps?: number
}

/** The feeder file says nothing about the network behind the source; this is a usual distribution bus. */
export const SOURCE_SHORT_CIRCUIT_AMPS = 10_000

export interface Passage {
  /** Sections that disturbance current enters, with the lowest voltage seen there in per unit. */
  readonly entered: ReadonlyMap<string, number>
  /** Of those, the sections that it also leaves. */
  readonly left: ReadonlySet<string>
  /** Fault current in the sections that carry it up to the far end, and in the faulted one up to the fault. Per unit. */
  readonly faultCurrent: ReadonlyMap<string, { readonly amps: Triple<number>; readonly endsHere: boolean }>
  /** Upper limit of the voltage at each node, phase by phase, in per unit. */
  readonly limits: ReadonlyMap<string, Triple<number>>
}

export function passageOf(
  grid: Grid,
  tree: LiveTree,
  disturbances: Iterable<Disturbance>,
  faults: Iterable<Fault>,
): Passage {
  const entered = new Map<string, number>()
  const left = new Set<string>()
  const faultCurrent = new Map<string, { amps: Triple<number>; endsHere: boolean }>()
  const held = new Map<string, Triple<number>>()
  const hold = (node: string, has: Triple<boolean>, limit: number): void => {
    const before = held.get(node) ?? FREE
    held.set(
      node,
      triple(i => (has[i] ? Math.min(before[i], limit) : before[i])),
    )
  }
  const enter = (section: string, residualPu: number): void => {
    entered.set(section, Math.min(entered.get(section) ?? Number.POSITIVE_INFINITY, residualPu))
  }

  for (const { section, residualPu } of disturbances) {
    const live = tree.bySection.get(section)
    if (live === undefined) continue
    for (const step of pathTo(tree, live)) {
      enter(step.branch.name, residualPu)
      if (step !== live) left.add(step.branch.name)
    }
    if (live.child !== undefined) hold(live.child, live.has, residualPu)
  }

  for (const fault of faults) {
    const live = tree.bySection.get(fault.section)
    if (live === undefined) continue
    const { amps, voltages, sourceVoltage } = shortCircuit(grid, tree, live, fault)
    hold(grid.sourceNode, live.has, sourceVoltage)
    for (const { step, voltage } of voltages) {
      const isFaulted = step === live
      enter(step.branch.name, voltage)
      if (!isFaulted) left.add(step.branch.name)
      if (step.child !== undefined) hold(step.child, live.has, voltage)
      const before = faultCurrent.get(step.branch.name)
      faultCurrent.set(step.branch.name, {
        amps: triple(i => Math.max(before?.amps[i] ?? 0, live.has[i] ? amps : 0)),
        endsHere: isFaulted && (before?.endsHere ?? true),
      })
    }
  }
  return { entered, left, faultCurrent, limits: inherit(grid, tree, held) }
}

const FREE: Triple<number> = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]

/** What holds a node down holds down everything that it feeds. */
function inherit(
  grid: Grid,
  tree: LiveTree,
  held: ReadonlyMap<string, Triple<number>>,
): ReadonlyMap<string, Triple<number>> {
  if (held.size === 0) return held
  const limits = new Map([[grid.sourceNode, held.get(grid.sourceNode) ?? FREE]])
  for (const { parent, child } of tree.order) {
    if (child === undefined) continue
    const above = limits.get(parent) ?? FREE
    const own = held.get(child) ?? FREE
    limits.set(
      child,
      triple(i => Math.min(above[i], own[i])),
    )
  }
  return limits
}

interface ShortCircuit {
  /** Per unit. */
  readonly amps: number
  readonly sourceVoltage: number
  /** Each section of the path with the voltage at its far end; at the fault itself for the last one. */
  readonly voltages: readonly { readonly step: LiveBranch; readonly voltage: number }[]
}

/** Source voltage over the summed positive-sequence impedance of the path; voltages by the divider along it. */
function shortCircuit(grid: Grid, tree: LiveTree, live: LiveBranch, fault: Fault): ShortCircuit {
  const sourceImpedance = complex(0, BASE_VA / baseVolts(grid, grid.sourceNode) / SOURCE_SHORT_CIRCUIT_AMPS)
  let total = sourceImpedance
  const upTo: { step: LiveBranch; z: Complex }[] = []
  for (const step of pathTo(tree, live)) {
    total = add(total, scaleBy(step.branch.positiveSequence, step === live ? 0.5 : 1))
    upTo.push({ step, z: total })
  }
  const bolted = grid.sourcePu / magnitude(total)
  const given = fault.currentAmps
  const amps = given === undefined ? bolted : (given * baseVolts(grid, live.parent)) / BASE_VA
  const voltageAt = (z: Complex): number => {
    const share = scaleBy(divide(z, total), Math.min(amps / bolted, 1))
    return grid.sourcePu * magnitude(subtract(ROTATION[0], share))
  }
  const voltages = upTo.map(({ step, z }) => ({ step, voltage: voltageAt(z) }))
  return { amps, sourceVoltage: voltageAt(sourceImpedance), voltages }
}
