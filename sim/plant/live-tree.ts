// What is energised now, and from which side.

import { type Triple, triple } from './complex.ts'
import type { Branch, End, Grid } from './grid.ts'

/** One energised section. Current flows from `parent`. */
export interface LiveBranch {
  readonly branch: Branch
  readonly parent: string
  readonly feedEnd: End
  /** Absent when an open device at the far end, or a loop, ends the flow here. */
  readonly child?: string
  readonly has: Triple<boolean>
}

export interface LiveTree {
  /** Every section before those that it feeds. */
  readonly order: readonly LiveBranch[]
  readonly bySection: ReadonlyMap<string, LiveBranch>
  /** The section that feeds a node. */
  readonly feeding: ReadonlyMap<string, LiveBranch>
  /** Phases of energised nodes. */
  readonly nodes: ReadonlyMap<string, Triple<boolean>>
}

/**
 * Breadth first from the source, so that ties turn sections round as they do in the field. Where closed devices make a
 * loop, the section that closes it stays energised and carries nothing: the calculation is for radial states.
 */
export function liveTree(grid: Grid, isOpen: (device: string) => boolean): LiveTree {
  const order: LiveBranch[] = []
  const bySection = new Map<string, LiveBranch>()
  const feeding = new Map<string, LiveBranch>()
  const source = grid.nodes.get(grid.sourceNode)
  const nodes = new Map<string, Triple<boolean>>(source === undefined ? [] : [[grid.sourceNode, source.has]])
  const conducts = ({ devices }: Branch, end: End): boolean => !devices.some(d => d.end === end && isOpen(d.name))

  for (const [parent, phases] of nodes) {
    for (const branch of grid.branchesAt.get(parent) ?? []) {
      const feedEnd: End = branch.from === parent ? 'from' : 'to'
      const farEnd: End = feedEnd === 'from' ? 'to' : 'from'
      if (bySection.has(branch.name) || !conducts(branch, feedEnd)) continue
      const has = triple(i => phases[i] && branch.has[i])
      if (!has.includes(true)) continue
      const far = branch[farEnd]
      const passes = conducts(branch, farEnd) && !nodes.has(far)
      const live: LiveBranch = { branch, parent, feedEnd, has, ...(passes ? { child: far } : {}) }
      bySection.set(branch.name, live)
      order.push(live)
      if (!passes) continue
      feeding.set(far, live)
      nodes.set(
        far,
        triple(i => has[i] && (grid.nodes.get(far)?.has[i] ?? false)),
      )
    }
  }
  return { order, bySection, feeding, nodes }
}

/** The sections from the source to this one, both included. */
export function pathTo(tree: LiveTree, section: LiveBranch): LiveBranch[] {
  const path = [section]
  for (let above = tree.feeding.get(section.parent); above !== undefined; above = tree.feeding.get(above.parent)) {
    path.unshift(above)
  }
  return path
}
