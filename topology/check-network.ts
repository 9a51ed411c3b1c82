// What shows only in the whole graph of a feeder file: loops, parts without a source, phases that nobody brings,
// observers that stand where they cannot see. References must have been checked before.

import { checkLoops } from './check-loops.ts'
import { centreTapped } from './check-phases.ts'
import type { Complain } from './complaint.ts'
import type { FeederFile, Phase, SectionEntry } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import { at, buildNetwork, CLOSED, isSection, type Network, OPEN, type Vertex } from './network.ts'
import { type Orientation, orientAtRest, wayToSource } from './orientation.ts'

export function checkNetwork(file: FeederFile, complain: Complain): void {
  const network = buildNetwork(file)
  checkLoops(file, complain)
  const orientation = orientAtRest(file, network)
  checkConnection(file, network, orientation, complain)
  checkPhasesBrought(file, network, orientation, complain)
  checkObservers(file, network, orientation, complain)
}

function checkConnection(file: FeederFile, network: Network, orientation: Orientation, complain: Complain): void {
  const sources = file.sources.map(source => `"${source.node}"`).join(', ')
  file.nodes.forEach(({ name }, n) => {
    if (at(orientation.connected, network.node(name)) !== OPEN) return
    const text = `no sections lead to it from a source (${sources}), want it connected`
    complain('FEEDER_REFERENCE', ['nodes', n], name, text)
  })
}

/**
 * Each phase of each node comes from a source, section by section that has it. A complaint stands where it is lost: at the
 * node whose feeding section lacks it, not at all those below.
 */
function checkPhasesBrought(file: FeederFile, network: Network, orientation: Orientation, complain: Complain): void {
  const brought = phasesBrought(file, network, orientation)
  const sections = new Map(file.sections.map(section => [section.name, section]))
  const tapped = centreTapped(file)
  file.nodes.forEach(({ name, phases }, n) => {
    const feed = at(orientation.toward, network.node(name))
    const section = sections.get(network.names[feed] ?? '')
    if (!section) return
    const gives = givenBy(section, name, tapped)
    const missing = phases.filter(phase => !gives.includes(phase) && !brought.get(name)?.has(phase))
    if (missing.length === 0) return
    const text = `section "${section.name}", which feeds it, has no phase ${missing.join(', ')}, want ${gives.join(', ')}`
    complain('FEEDER_PHASES', ['nodes', n, 'phases'], name, text)
  })
}

const LEGS: readonly Phase[] = ['a', 'b']

/** The phases that a section has at its end at the node. */
function givenBy({ name, to, phases }: SectionEntry, node: string, tapped: ReadonlySet<string>): readonly Phase[] {
  return tapped.has(name) && node === to ? LEGS : phases
}

/** By node, what reaches it phase by phase in the normal state; through open devices only where all is dark otherwise. */
function phasesBrought(file: FeederFile, network: Network, { connected }: Orientation): Map<string, Set<Phase>> {
  const open = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ section }) => section))
  const tapped = centreTapped(file)
  const isDark = (node: string): boolean => at(connected, network.node(node)) !== CLOSED
  const sectionsAt = groupBy(
    file.sections.flatMap(section => [section.from, section.to].map(node => ({ node, section }))),
    ({ node }) => node,
  )
  const own = new Map(file.nodes.map(({ name, phases }) => [name, phases]))
  const brought = new Map<string, Set<Phase>>()
  const pending: { readonly node: string; readonly phase: Phase }[] = []
  const bring = (node: string, phase: Phase): void => {
    const here = brought.get(node) ?? new Set()
    if (here.has(phase)) return
    brought.set(node, here.add(phase))
    pending.push({ node, phase })
  }
  for (const { node } of file.sources) for (const phase of own.get(node) ?? []) bring(node, phase)
  for (const { node, phase } of pending) {
    for (const { section } of sectionsAt.get(node) ?? []) {
      const far = section.from === node ? section.to : section.from
      if (open.has(section.name) && !isDark(far)) continue
      if (!givenBy(section, node, tapped).includes(phase)) continue
      if (tapped.has(section.name)) for (const leg of givenBy(section, far, tapped)) bring(far, leg)
      else bring(far, phase)
    }
  }
  return brought
}

/** An observer sees what enters its section, so it stands on the way from the source to it, near node included. */
function checkObservers(file: FeederFile, network: Network, orientation: Orientation, complain: Complain): void {
  const normallyOpen = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ section }) => section))
  const sections = new Map(file.sections.map(section => [section.name, section]))
  file.ieds.forEach((ied, n) => {
    ied.observes.forEach((name, m) => {
      const { from, to } = sections.get(name) as SectionEntry
      // A tie has a source side at each end.
      const starts = normallyOpen.has(name) ? [network.node(from), network.node(to)] : [network.section(name)]
      const way = new Set(starts.flatMap(start => [...wayToSource(orientation, start)]))
      if (way.has(network.node(ied.node))) return
      const text = `"${ied.name}" at node "${ied.node}" cannot see what enters it, want an IED at ${nodesOn(network, way)}`
      complain('FEEDER_REFERENCE', ['ieds', n, 'observes', m], name, text)
    })
  })
}

/** So many are offered; the nearest are the likely ones. */
const MOST_OFFERED = 5

function nodesOn(network: Network, way: ReadonlySet<Vertex>): string {
  const nodes = [...way].filter(vertex => !isSection(network, vertex)).slice(0, MOST_OFFERED)
  return nodes.map(vertex => `"${network.names[vertex]}"`).join(' or ')
}
