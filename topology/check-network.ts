// What shows only in the whole graph of a feeder file: loops, parts without a source, phases that nobody brings,
// observers that stand where they cannot see. References must have been checked before.

import type { Complain } from './complaint.ts'
import type { FeederFile, Phase } from './feeder-file.ts'
import { buildNetwork, isSection, type Network, type Vertex } from './network.ts'
import { type Orientation, orientAtRest, wayToSource } from './orientation.ts'

export function checkNetwork(file: FeederFile, complain: Complain): void {
  const network = buildNetwork(file)
  checkLoops(file, complain)
  const orientation = orientAtRest(file, network)
  checkConnection(file, network, orientation, complain)
  checkPhasesBrought(file, network, orientation, complain)
  checkObservers(file, network, orientation, complain)
}

function checkLoops(file: FeederFile, complain: Complain): void {
  const open = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ section }) => section))
  /** Toward the first node of each tree of closed sections found so far. */
  const root = new Map<string, string>()
  const rootOf = (node: string): string => {
    let top = node
    for (let above = root.get(top); above !== undefined; above = root.get(top)) top = above
    if (top !== node) root.set(node, top)
    return top
  }
  file.sections.forEach(({ name, from, to }, n) => {
    if (open.has(name)) return
    const one = rootOf(from)
    const other = rootOf(to)
    if (one !== other) root.set(one, other)
    else if (from !== to) {
      const text = `closes a loop between "${from}" and "${to}" in the normal state, want a normally open device in it`
      complain('FEEDER_LOOP', ['sections', n], name, text)
    }
  })
}

function checkConnection(file: FeederFile, network: Network, orientation: Orientation, complain: Complain): void {
  file.nodes.forEach(({ name }, n) => {
    if (orientation.connected[network.node(name)] !== 'no') return
    const text = `no sections lead to it from a source (${file.sources.map(source => `"${source.node}"`).join(', ')}), want it connected`
    complain('FEEDER_REFERENCE', ['nodes', n], name, text)
  })
}

/** Sections carry no phase that their nodes lack (checked before); so it remains that a node has what its feed brings. */
function checkPhasesBrought(file: FeederFile, network: Network, orientation: Orientation, complain: Complain): void {
  const brought = new Map<string, readonly Phase[]>(file.sections.map(({ name, phases }) => [name, phases]))
  file.nodes.forEach(({ name, phases }, n) => {
    const feed = orientation.toward[network.node(name)]
    if (feed === undefined) return
    const section = network.names[feed] as string
    const missing = phases.filter(phase => !brought.get(section)?.includes(phase))
    if (missing.length === 0) return
    const text = `section "${section}", which feeds it, has no phase ${missing.join(', ')}, want ${brought.get(section)}`
    complain('FEEDER_PHASES', ['nodes', n, 'phases'], name, text)
  })
}

/** An observer sees what enters its section, so it stands on the way from the source to it, near node included. */
function checkObservers(file: FeederFile, network: Network, orientation: Orientation, complain: Complain): void {
  const normallyOpen = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ section }) => section))
  file.ieds.forEach((ied, n) => {
    ied.observes.forEach((name, m) => {
      const section = network.section(name)
      // A tie has a source side at each end.
      const starts: Vertex[] = normallyOpen.has(name) ? bothEnds(network, section) : [section]
      const way = new Set(starts.flatMap(start => [...wayToSource(orientation, start)]))
      if (way.has(network.node(ied.node))) return
      const nodes = [...way].filter(vertex => !isSection(network, vertex)).map(vertex => `"${network.names[vertex]}"`)
      const text = `"${ied.name}" at node "${ied.node}" cannot see what enters it, want an IED at ${nodes.join(' or ')}`
      complain('FEEDER_REFERENCE', ['ieds', n, 'observes', m], name, text)
    })
  })
}

function bothEnds(network: Network, section: Vertex): Vertex[] {
  return (network.endsAt[section] ?? []).map(number => network.ends[number]?.node as Vertex)
}
