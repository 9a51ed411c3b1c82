// The feeder as a tree in the terminal: one row for each node, below the section that feeds it.

import type { Feeder } from '../../../topology/feeder.ts'
import { groupBy } from '../../../topology/group-by.ts'
import { kwOf } from '../../../topology/load-power.ts'
import { feederTree, type TreeLine } from '../../../topology/tree.ts'

export interface ShownTree {
  readonly lines: readonly string[]
  readonly rows: readonly unknown[]
}

export function shownTree(feeder: Feeder): ShownTree {
  const { file } = feeder
  const loads = new Map(file.loads.map(load => [load.name, load]))
  const equipment = groupBy([...file.transformers, ...file.regulators], ({ section }) => section)
  const hanging = groupBy([...file.capacitors, ...file.generators], ({ node }) => node)
  const kinds = new Map(file.devices.map(({ name, kind }) => [name, kind]))
  const sources = new Set(file.sources.map(({ node }) => node))
  const tree = feederTree(feeder)
  const trunks = trunksOf(tree)

  const lines = tree.map((row, index) => {
    const here = row.loads.flatMap(name => loads.get(name) ?? [])
    const customers = here.reduce((sum, load) => sum + load.customers, 0)
    const devices = (row.via?.devices ?? []).map(
      ({ name, position }) =>
        `[${kinds.get(name)} ${name}${position === 'closed' ? '' : ` ${position.toUpperCase()}`}]`,
    )
    const units = (equipment.get(row.via?.section ?? '') ?? []).map(({ name }) => `(${name})`)
    const machines = row.tie ? [] : (hanging.get(row.node) ?? []).map(({ name }) => `{${name}}`)
    const power =
      here.length === 0
        ? []
        : [`${kwOf(here)} kW${customers > 0 ? `, ${customers} ${customers === 1 ? 'customer' : 'customers'}` : ''}`]
    const words = [
      row.tie ? `~ ${row.node}` : row.node,
      ...(sources.has(row.node) && row.depth === 0 ? ['source'] : []),
      ...(row.energised === 'yes' ? [] : [row.energised === 'no' ? 'DARK' : 'voltage unknown']),
      ...(row.via ? [`via ${row.via.section}`] : []),
      ...devices,
      ...units,
      ...machines,
      ...power,
      ...(row.ieds.length > 0 ? [`IED ${row.ieds.join(' ')}`] : []),
    ]
    return `${trunks[index]}${words.join('  ')}`
  })
  const rows = tree.map(row => {
    const here = row.loads.flatMap(name => loads.get(name) ?? [])
    return { ...row, loadKw: kwOf(here), customers: here.reduce((sum, load) => sum + load.customers, 0) }
  })
  return { lines: [...lines, '', legend(tree)], rows }
}

function legend(tree: readonly TreeLine[]): string {
  const ties = tree.some(({ tie }) => tie)
    ? '   ~ node: shown where it is fed, the way to it here is open or closes a loop'
    : ''
  return `[device]   (transformer or regulator)   {generator or capacitor}${ties}`
}

/** The lines that lead from each row to those below it. Deeper than this the depth is written as a number. */
const MOST_DEPTH = 40

function trunksOf(tree: readonly TreeLine[]): string[] {
  /** By depth, whether a further row of that depth comes before the tree goes back above it; from the last row up. */
  const isFollowed: boolean[] = []
  const trunks: string[] = []
  for (let index = tree.length - 1; index >= 0; index--) {
    const depth = (tree[index] as TreeLine).depth
    const above = Array.from({ length: Math.min(depth, MOST_DEPTH) }, (_, level) => level + 1)
    const bars = above.map(level => {
      if (level < depth) return isFollowed[level] === true ? '│ ' : '  '
      return isFollowed[level] === true ? '├ ' : '└ '
    })
    trunks.push(`${bars.join('')}${depth > MOST_DEPTH ? `(${depth}) ` : ''}`)
    isFollowed.length = depth + 1
    isFollowed[depth] = true
  }
  return trunks.reverse()
}
