// The feeder as rows to print: a tree from the source, each node below the section that feeds it.

import type { Answer, DevicePosition, Feeder } from './feeder.ts'
import type { DeviceEntry, SectionEntry } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import { at, buildNetwork, byName, endStates, OPEN, positionCode } from './network.ts'
import { orient, orientAtRest } from './orientation.ts'

export interface TreeLine {
  /** 0 at the source. */
  readonly depth: number
  readonly node: string
  /** The section that leads here and its devices, absent at the source. */
  readonly via?: {
    readonly section: string
    readonly devices: readonly { readonly name: string; readonly position: DevicePosition }[]
  }
  /**
   * True for a section that is no branch of the tree (an open tie, or what closes a loop): this row shows it under one of
   * its nodes, and the node named here, with its IEDs and loads, has a row of its own.
   */
  readonly tie: boolean
  readonly energised: Answer
  readonly ieds: readonly string[]
  /** At the node, and along the section that leads here. */
  readonly loads: readonly string[]
}

/** Rows from the source down, depth first, branches by name. Dark parts hang where they are fed in the normal state. */
export function feederTree(feeder: Feeder): TreeLine[] {
  const { file } = feeder
  const feeds = feedingSections(feeder)
  const devices = groupBy([...file.devices].sort(byName), device => device.section)
  const ieds = groupBy([...file.ieds].sort(byName), ied => ied.node)
  const loads = groupBy([...file.loads].sort(byName), load => load.node ?? load.along)
  const sections = [...file.sections].sort(byName)
  const sectionsAt = groupBy(
    sections.flatMap(section => [section.from, section.to].map(node => ({ node, section }))),
    ({ node }) => node,
  )
  const lines: TreeLine[] = []
  const tiesShown = new Set<string>()
  const tops = [...new Set(file.sources.map(({ node }) => node))]
  const pending = tops.map(node => branch(0, node, undefined)).reverse()
  for (let line = pending.pop(); line !== undefined; line = pending.pop()) {
    lines.push(line)
    if (!line.tie) pending.push(...below(line).reverse())
  }
  return lines

  function below({ depth, node, via }: TreeLine): TreeLine[] {
    return (sectionsAt.get(node) ?? []).flatMap(({ section }) => {
      const far = section.from === node ? section.to : section.from
      if (section.name === via?.section) return []
      if (feeds.get(far) === section.name) return [branch(depth + 1, far, section)]
      if (tiesShown.has(section.name)) return []
      tiesShown.add(section.name)
      return [{ ...branch(depth + 1, far, section), tie: true, ieds: [], loads: namesOf(loads.get(section.name)) }]
    })
  }

  function branch(depth: number, node: string, section: SectionEntry | undefined): TreeLine {
    const here = { depth, node, tie: false, energised: feeder.energised(node), ieds: namesOf(ieds.get(node)) }
    if (!section) return { ...here, loads: namesOf(loads.get(node)) }
    const via = { section: section.name, devices: positionsOf(feeder, devices.get(section.name)) }
    return { ...here, via, loads: [...namesOf(loads.get(section.name)), ...namesOf(loads.get(node))] }
  }
}

function positionsOf(feeder: Feeder, devices: readonly DeviceEntry[] = []) {
  return devices.map(({ name }) => ({ name, position: feeder.position(name) }))
}

/** The section by which each node is fed: now, for a dark node in the normal state. */
function feedingSections(feeder: Feeder): Map<string, string> {
  const network = buildNetwork(feeder.file)
  const positions = Uint8Array.from(network.devices, ({ name }) => positionCode(feeder.position(name)))
  const live = orient(network, endStates(network, positions))
  const rest = orientAtRest(feeder.file, network)
  const feeds = new Map<string, string>()
  for (let node = 0; node < network.nodeCount; node++) {
    const feed = at((at(live.connected, node) === OPEN ? rest : live).toward, node)
    if (feed >= 0) feeds.set(network.names[node] as string, network.names[feed] as string)
  }
  return feeds
}

function namesOf(entries: readonly { readonly name: string }[] = []): string[] {
  return entries.map(({ name }) => name)
}
