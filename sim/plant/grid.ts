// The part of a feeder file that never changes while it runs, in per unit.
//
// Base power is 1 MVA for each phase; base voltage is the node's nominal line-to-neutral voltage, which changes at
// transformers. So a transformer is a plain impedance, and a regulator the only ratio.

import type { FeederFile, Phase } from '../../topology/feeder-file.ts'
import { add, type Complex, complex, scaleBy, subtract, type Triple, triple, ZERO } from './complex.ts'

export const BASE_VA = 1e6
export const PHASES: readonly Phase[] = ['a', 'b', 'c']
export type End = 'from' | 'to'

export interface Branch {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly has: Triple<boolean>
  /** Series impedance in per unit, phase by phase. */
  readonly z: Triple<Triple<Complex>>
  readonly positiveSequence: Complex
  /** Voltage behind a regulator at the `from` end, over the voltage at `from`. */
  readonly ratio: Triple<number>
  readonly devices: readonly { readonly name: string; readonly end: End }[]
}

export interface Grid {
  readonly sourceNode: string
  readonly sourcePu: number
  readonly nodes: ReadonlyMap<string, { readonly has: Triple<boolean>; readonly baseVolts: number }>
  readonly branches: ReadonlyMap<string, Branch>
  readonly branchesAt: ReadonlyMap<string, readonly Branch[]>
}

export const baseAmps = (grid: Grid, node: string): number => BASE_VA / baseVolts(grid, node)
export const baseVolts = (grid: Grid, node: string): number => grid.nodes.get(node)?.baseVolts ?? 1

export function buildGrid(file: FeederFile): Grid {
  const base = nominalVolts(file)
  const branches = new Map<string, Branch>()
  const branchesAt = new Map<string, Branch[]>(file.nodes.map(node => [node.name, []]))
  for (const section of file.sections) {
    const branch = branchOf(file, section, base.get(section.to) ?? 1)
    branches.set(section.name, branch)
    branchesAt.get(section.from)?.push(branch)
    branchesAt.get(section.to)?.push(branch)
  }
  const nodes = new Map(
    file.nodes.map(node => [node.name, { has: hasPhases(node.phases), baseVolts: base.get(node.name) ?? 1 }]),
  )
  const [source] = file.sources
  return { sourceNode: source?.node ?? '', sourcePu: source?.voltagePu ?? 1, nodes, branches, branchesAt }
}

export const hasPhases = (phases: readonly Phase[]): Triple<boolean> => triple(i => phases.includes(PHASES[i] ?? 'a'))

/** Line to neutral. Follows the sections out from the source, whatever their devices' state. */
function nominalVolts(file: FeederFile): Map<string, number> {
  const lineToNeutral = (kv: number): number => (kv * 1000) / Math.sqrt(3)
  const volts = new Map(file.sources.map(({ node }) => [node, lineToNeutral(file.nominalKv)]))
  for (let grows = true; grows; ) {
    grows = false
    for (const { name, from, to } of file.sections) {
      const transformer = file.transformers.find(t => t.section === name)
      for (const [near, far, kv] of [
        [from, to, transformer?.secondaryKv],
        [to, from, transformer?.primaryKv],
      ] as const) {
        const known = volts.get(near)
        if (known === undefined || volts.has(far)) continue
        volts.set(far, kv === undefined ? known : lineToNeutral(kv))
        grows = true
      }
    }
  }
  for (const { name } of file.nodes) if (!volts.has(name)) volts.set(name, lineToNeutral(file.nominalKv))
  return volts
}

function branchOf(file: FeederFile, section: FeederFile['sections'][number], volts: number): Branch {
  const { name, from, to, phases } = section
  const regulator = file.regulators.find(r => r.section === name)
  const z = seriesImpedance(file, section, volts)
  return {
    name,
    from,
    to,
    has: hasPhases(phases),
    z,
    positiveSequence: positiveSequenceOf(z, hasPhases(phases)),
    ratio: triple(i => 1 + 0.00625 * (regulator?.taps[PHASES[i] ?? 'a'] ?? 0)),
    devices: file.devices.filter(d => d.section === name).map(d => ({ name: d.name, end: d.at })),
  }
}

function seriesImpedance(
  file: FeederFile,
  section: FeederFile['sections'][number],
  volts: number,
): Triple<Triple<Complex>> {
  const code = file.lineCodes.find(c => c.name === section.lineCode)
  const perUnitOfOhm = BASE_VA / volts ** 2
  const km = section.lengthM / 1000
  const line = (row: number, column: number): Complex => {
    const r = code?.rOhmPerKm[row]?.[column] ?? 0
    const x = code?.xOhmPerKm[row]?.[column] ?? 0
    return scaleBy(complex(r, x), km * perUnitOfOhm)
  }
  const transformer = file.transformers.find(t => t.section === section.name)
  const ofRating = transformer === undefined ? 0 : BASE_VA / ((transformer.kva * 1000) / section.phases.length) / 100
  const winding = complex(
    (transformer?.resistancePercent ?? 0) * ofRating,
    (transformer?.reactancePercent ?? 0) * ofRating,
  )
  return triple(i =>
    triple(j => {
      const row = code?.phases.indexOf(PHASES[i] ?? 'a') ?? -1
      const column = code?.phases.indexOf(PHASES[j] ?? 'a') ?? -1
      return add(row < 0 || column < 0 ? ZERO : line(row, column), i === j ? winding : ZERO)
    }),
  )
}

/** Self less mutual impedance, averaged over the phases there are; the self impedance of a single phase. */
function positiveSequenceOf(z: Triple<Triple<Complex>>, has: Triple<boolean>): Complex {
  const present = ([0, 1, 2] as const).filter(i => has[i])
  const self = present.reduce((sum, i) => add(sum, z[i][i]), ZERO)
  const pairs = present.flatMap(i => present.filter(j => j !== i).map(j => z[i][j]))
  const mutual = pairs.reduce((sum, m) => add(sum, m), ZERO)
  return subtract(scaleBy(self, 1 / present.length), scaleBy(mutual, 1 / Math.max(pairs.length, 1)))
}
