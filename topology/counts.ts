// The size of a feeder in a few numbers, as engineers compare files.
//
// They are counted on the file in its normal state, and so that an imported feeder counts as its original does: a section
// that is nothing but a switching device is a switch, one that also has a length is a line whatever stands at its ends.

import type { FeederFile } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import { kwOf } from './load-power.ts'

export interface FeederCounts {
  /** Nodes, those of the sources included. */
  readonly buses: number
  /** Sections that are neither switches nor hold a transformer or regulator. */
  readonly lines: number
  /** Sections without length that hold a switching device, by their normal position. */
  readonly switchesClosed: number
  readonly switchesOpen: number
  /** Transformers and regulators, each entry one. */
  readonly transformers: number
  readonly capacitors: number
  readonly loads: number
  /** All phases of all loads, to the watt. */
  readonly loadKw: number
  /** In the normal state each bus has one way to one source, sections between the same two buses taken as one. */
  readonly radial: boolean
  /** Sections from the nearest source to the bus that has most of them. */
  readonly depth: number
  /** Of several equally deep the last by name. */
  readonly deepestBus: string
}

export function feederCounts(file: FeederFile): FeederCounts {
  const devices = groupBy(file.devices, ({ section }) => section)
  const transforming = new Set([...file.transformers, ...file.regulators].map(({ section }) => section))
  const isOpen = (name: string): boolean => devices.get(name)?.some(({ normal }) => normal === 'open') ?? false
  const plain = file.sections.filter(({ name }) => !transforming.has(name))
  const switches = plain.filter(({ name, lengthM }) => devices.has(name) && lengthM === 0)
  const open = switches.filter(({ name }) => isOpen(name)).length
  return {
    buses: file.nodes.length,
    lines: plain.length - switches.length,
    switchesClosed: switches.length - open,
    switchesOpen: open,
    transformers: file.transformers.length + file.regulators.length,
    capacitors: file.capacitors.length,
    loads: file.loads.length,
    loadKw: kwOf(file.loads),
    ...shapeOf(
      file,
      file.sections.filter(({ name }) => !isOpen(name)),
    ),
  }
}

/** Breadth first from all sources at once. */
function shapeOf(
  file: FeederFile,
  closed: FeederFile['sections'],
): Pick<FeederCounts, 'radial' | 'depth' | 'deepestBus'> {
  const neighbours = new Map<string, Set<string>>(file.nodes.map(({ name }) => [name, new Set()]))
  for (const { from, to } of closed) {
    neighbours.get(from)?.add(to)
    neighbours.get(to)?.add(from)
  }
  const sources = new Set(file.sources.map(({ node }) => node))
  const depths = new Map([...sources].map(node => [node, 0]))
  let deepestBus = [...sources].sort().at(-1) ?? ''
  let ways = 0
  // A map goes on to what is added while it is gone through.
  for (const [bus, depth] of depths) {
    const deepest = depths.get(deepestBus) ?? 0
    if (depth > deepest || (depth === deepest && bus > deepestBus)) deepestBus = bus
    for (const next of neighbours.get(bus) ?? []) {
      ways++
      if (!depths.has(next)) depths.set(next, depth + 1)
    }
  }
  // Each way was met from both its ends. A forest has as many as buses, less one for each tree.
  const radial = depths.size === file.nodes.length && ways / 2 === depths.size - sources.size
  return { radial, depth: depths.get(deepestBus) ?? 0, deepestBus }
}
