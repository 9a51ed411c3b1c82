// How far a disturbance pulls the voltage down, as the solver wants it: a factor on what it would be otherwise.

import { magnitude } from '../solver/complex.ts'
import type { Solution } from '../solver/solver-port.ts'
import type { LiveTree } from './live-tree.ts'
import type { Disturbance } from './plant-port.ts'

export interface DepressionInput {
  readonly disturbances: readonly Disturbance[]
  /** Without any disturbance. */
  readonly before: Solution
  readonly tree: LiveTree
  readonly endsOf: (section: string) => { readonly from: string; readonly to: string }
  readonly nominalVolts: (node: string) => number
}

/**
 * For each disturbed section the factor that brings the highest phase behind it to the residual voltage. What another
 * disturbance above it does already is not done twice, and nothing is raised.
 */
export function depressionOf(input: DepressionInput): Map<string, number> {
  const { disturbances, before, tree, endsOf, nominalVolts } = input
  const residuals = new Map(disturbances.map(({ section, residualPu }) => [section, residualPu]))
  const factors = new Map<string, number>()
  const paths = disturbances.map(({ section }) => tree.pathTo(section)).sort((one, other) => one.length - other.length)
  for (const path of paths) {
    const section = path.at(-1)
    if (section === undefined) continue // dark: there is nothing to pull down
    const far = endsOf(section)[tree.feedEnd(section) === 'from' ? 'to' : 'from']
    const otherwise = Math.max(...before.volts(far).map(magnitude)) / nominalVolts(far)
    const above = path.reduce((product, name) => product * (factors.get(name) ?? 1), 1)
    const residualPu = residuals.get(section) ?? 1
    factors.set(section, otherwise * above > residualPu ? residualPu / (otherwise * above) : 1)
  }
  return factors
}
