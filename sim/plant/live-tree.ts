// Which way power comes now: the shortest way over closed devices from a source to each node and section.
//
// The solver needs no such tree; instruments do, to say what flows away from the source. In a closed loop, where current
// may come from both sides, the side with fewer sections counts.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { End } from '../solver/solver-port.ts'

export interface LiveTree {
  /** The end at which the section is fed; undefined where it is dark. */
  readonly feedEnd: (section: string) => End | undefined
  /** The section that feeds a node; none for a source's own node and a dark one. */
  readonly feeding: (node: string) => string | undefined
  /** Names of the sources that stand at a node. */
  readonly sourcesAt: (node: string) => readonly string[]
  /** The sections from the source to this one, both included; none for a dark one. */
  readonly pathTo: (section: string) => readonly string[]
}

interface Branch {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly devices: { readonly from: string[]; readonly to: string[] }
}

/** Prepares once what does not change, and finds the way for any positions of the devices. */
export function liveTrees(file: FeederFile): (isOpen: (device: string) => boolean) => LiveTree {
  const branches = new Map<string, Branch>()
  const at = new Map<string, Branch[]>(file.nodes.map(node => [node.name, []]))
  for (const { name, from, to } of file.sections) {
    const branch: Branch = { name, from, to, devices: { from: [], to: [] } }
    branches.set(name, branch)
    at.get(from)?.push(branch)
    at.get(to)?.push(branch)
  }
  for (const device of file.devices) branches.get(device.section)?.devices[device.at].push(device.name)
  const sources = new Map<string, string[]>()
  for (const { name, node } of file.sources) sources.set(node, [...(sources.get(node) ?? []), name])

  return isOpen => {
    const feedEnds = new Map<string, End>()
    const feeding = new Map<string, Branch | undefined>([...sources.keys()].map(node => [node, undefined]))
    const conducts = (branch: Branch, end: End): boolean => !branch.devices[end].some(isOpen)
    for (const [node] of feeding) {
      for (const branch of at.get(node) ?? []) {
        const near: End = branch.from === node ? 'from' : 'to'
        const far: End = near === 'from' ? 'to' : 'from'
        if (feedEnds.has(branch.name) || !conducts(branch, near)) continue
        feedEnds.set(branch.name, near)
        const child = branch[far]
        if (conducts(branch, far) && !feeding.has(child)) feeding.set(child, branch)
      }
    }
    return {
      feedEnd: section => feedEnds.get(section),
      feeding: node => feeding.get(node)?.name,
      sourcesAt: node => sources.get(node) ?? [],
      pathTo(section) {
        const path: string[] = []
        for (let next = branches.get(section); next !== undefined; ) {
          const end = feedEnds.get(next.name)
          if (end === undefined) return []
          path.unshift(next.name)
          next = feeding.get(next[end])
        }
        return path
      },
    }
  }
}
