// Backward/forward sweep over the live tree: currents add up toward the source, voltages fall away from it.
//
// Loads draw constant power down to 0.8 pu and behave as impedances below, so that a sag does not diverge.

import {
  add,
  type Complex,
  conjugate,
  divide,
  magnitude,
  multiply,
  ROTATION,
  scaleBy,
  subtract,
  type Triple,
  triple,
  ZERO,
} from './complex.ts'
import type { Grid } from './grid.ts'
import type { LiveBranch, LiveTree } from './live-tree.ts'

export interface PowerFlowInput {
  readonly grid: Grid
  readonly tree: LiveTree
  /** Power drawn at each node in per unit, at or above 0.8 pu; negative for generation. */
  readonly drawn: ReadonlyMap<string, Triple<Complex>>
  /** Capacitive susceptance at each node in per unit. */
  readonly capacitive: ReadonlyMap<string, Triple<number>>
  /** Upper limits of voltage magnitudes that disturbances set, in per unit. */
  readonly limits: ReadonlyMap<string, Triple<number>>
}

export interface PowerFlow {
  /** In per unit; zero where not energised. */
  readonly volts: (node: string) => Triple<Complex>
  /** Current into an energised section at the end that feeds it, and out of it at the other. In per unit. */
  readonly into: (section: string) => Triple<Complex>
  readonly outOf: (section: string) => Triple<Complex>
}

const NONE: Triple<Complex> = [ZERO, ZERO, ZERO]
const MAX_SWEEPS = 100
const TOLERANCE_PU = 1e-7

/** The share of its power that a load draws at this voltage, in per unit. */
export const shareDrawn = (voltsPu: number): number => (voltsPu >= 0.8 ? 1 : (voltsPu / 0.8) ** 2)

export function powerFlow(input: PowerFlowInput): PowerFlow {
  const { grid, tree } = input
  const source = limited(
    input,
    grid.sourceNode,
    triple(i => (tree.nodes.get(grid.sourceNode)?.[i] ? scaleBy(ROTATION[i], grid.sourcePu) : ZERO)),
  )
  let volts = new Map([[grid.sourceNode, source]])
  for (const live of tree.order) if (live.child !== undefined) volts.set(live.child, atFarEnd(input, live, volts, NONE))
  let currents = new Map<string, Currents>()
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    currents = backward(input, volts)
    const next = new Map([[grid.sourceNode, source]])
    let change = 0
    for (const live of tree.order) {
      if (live.child === undefined) continue
      const after = atFarEnd(input, live, next, currents.get(live.branch.name)?.line ?? NONE)
      const before = volts.get(live.child) ?? NONE
      change = Math.max(change, ...([0, 1, 2] as const).map(i => magnitude(subtract(after[i], before[i]))))
      next.set(live.child, after)
    }
    volts = next
    if (change < TOLERANCE_PU) break
  }
  return {
    volts: node => volts.get(node) ?? NONE,
    into: section => currents.get(section)?.into ?? NONE,
    outOf: section => currents.get(section)?.outOf ?? NONE,
  }
}

interface Currents {
  readonly into: Triple<Complex>
  readonly line: Triple<Complex>
  readonly outOf: Triple<Complex>
}

function backward(input: PowerFlowInput, volts: ReadonlyMap<string, Triple<Complex>>): Map<string, Currents> {
  const needed = new Map<string, Triple<Complex>>()
  const currents = new Map<string, Currents>()
  for (let i = input.tree.order.length - 1; i >= 0; i--) {
    const live = input.tree.order[i]
    if (live?.child === undefined) continue
    const { child, branch, parent, has } = live
    const own = nodeCurrent(input, child, volts.get(child) ?? NONE)
    const below = needed.get(child) ?? NONE
    const outOf = triple(p => (has[p] ? add(own[p], below[p]) : ZERO))
    const isForward = live.feedEnd === 'from'
    const line = isForward ? outOf : triple(p => scaleBy(outOf[p], 1 / branch.ratio[p]))
    const into = isForward ? triple(p => scaleBy(line[p], branch.ratio[p])) : line
    currents.set(branch.name, { into, line, outOf })
    const above = needed.get(parent) ?? NONE
    needed.set(
      parent,
      triple(p => add(above[p], into[p])),
    )
  }
  return currents
}

function nodeCurrent(input: PowerFlowInput, node: string, volts: Triple<Complex>): Triple<Complex> {
  const drawn = input.drawn.get(node)
  const susceptance = input.capacitive.get(node)
  return triple(i => {
    const size = magnitude(volts[i])
    if (size === 0) return ZERO
    const power = drawn === undefined ? ZERO : scaleBy(drawn[i], shareDrawn(size))
    const capacitor = multiply({ re: 0, im: susceptance?.[i] ?? 0 }, volts[i])
    return add(conjugate(divide(power, volts[i])), capacitor)
  })
}

function atFarEnd(
  input: PowerFlowInput,
  { branch, parent, child, feedEnd, has }: LiveBranch,
  volts: ReadonlyMap<string, Triple<Complex>>,
  line: Triple<Complex>,
): Triple<Complex> {
  const start = volts.get(parent) ?? NONE
  const drop = (i: 0 | 1 | 2): Complex =>
    ([0, 1, 2] as const).reduce<Complex>((sum, j) => add(sum, multiply(branch.z[i][j], line[j])), ZERO)
  const end = triple(i => {
    if (!has[i]) return ZERO
    return feedEnd === 'from'
      ? subtract(scaleBy(start[i], branch.ratio[i]), drop(i))
      : scaleBy(subtract(start[i], drop(i)), 1 / branch.ratio[i])
  })
  return limited(input, child ?? '', end)
}

function limited({ limits }: PowerFlowInput, node: string, volts: Triple<Complex>): Triple<Complex> {
  const limit = limits.get(node)
  if (limit === undefined) return volts
  return triple(i => {
    const size = magnitude(volts[i])
    return size > limit[i] ? scaleBy(volts[i], limit[i] / size) : volts[i]
  })
}
