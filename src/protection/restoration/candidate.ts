// One way of feeding dark blocks, while it is being put together: which edges are used, and whether their sources can.
//
// Every edge at a dark block counts as open until it is used, so that a block that is fed is parted from all others.

import { type FlowState, loadFlow } from './load-flow.ts'
import { type Baseline, baselineOf, judge, limitsOf, type Verdict } from './path-check.ts'
import type { Edge, Scene } from './scene.ts'

export interface Candidate {
  /** By block: place of its source in the model's list, -1 while it is dark. */
  readonly sourceAt: Int32Array
  /** By edge: 1 where it feeds. */
  readonly used: Uint8Array
  readonly state: FlowState
  /** The dark side of an edge whose other side is fed; -1 where both are dark or both are fed. */
  darkSide(edge: number): number
  /** Feeds the dark side through the edge. */
  use(edge: number): void
  /** Takes back the last use of it. */
  drop(edge: number): void
  /** Whether the source can carry what it now has. */
  check(source: number): Verdict
  /** Devices that would operate. */
  operations(): number
  /** Nodes computed so far. */
  readonly cost: () => number
}

/** Starts with nothing fed. */
export function createCandidate(scene: Scene, leastPu: number): Candidate {
  const { graph, model, edges, blocks, positions, settings, input } = scene
  const { devices } = model.file
  const isOpen = new Uint8Array(devices.length)
  devices.forEach(({ name, normal }, n) => {
    const position = input.feeder.position(name)
    isOpen[n] = (position === 'unknown' ? normal : position) === 'closed' ? 0 : 1
  })
  const inFile = graph.devices.map(({ name }) => model.device.get(name) ?? 0)
  positions.forEach((position, device) => {
    const { nodeSide, sectionSide } = graph.devices[device] as Scene['graph']['devices'][number]
    const isDark = (scene.blockAt[nodeSide] as number) >= 0 && scene.blockAt[nodeSide] === scene.blockAt[sectionSide]
    // Within a block, what may be closed is: a loop through it then shows.
    if (position === 'open') isOpen[inFile[device] as number] = 1
    else if (isDark) isOpen[inFile[device] as number] = 0
  })
  for (const { device } of edges) isOpen[inFile[device] as number] = 1
  const zoneScale = Float64Array.from(
    graph.zones,
    (name, zone) => (input.loadShares?.get(name) ?? 1) * ((scene.blockAt[zone] as number) >= 0 ? settings.coldLoad : 1),
  )
  const state = { isOpen, zoneScale, loadScale: new Float64Array(model.file.loads.length).fill(1) }
  const sourceAt = new Int32Array(blocks.length).fill(-1)
  const used = new Uint8Array(edges.length)
  const limits = limitsOf(model, settings, leastPu)
  const baselines = new Map<number, Baseline>()
  let cost = 0

  const flowOf = (source: number) => {
    const flow = loadFlow(model, source, state)
    cost += flow.count * Math.max(1, flow.sweeps)
    return flow
  }
  const sourceOf = ({ one, source }: Edge): number => (one === -1 ? source : (sourceAt[one] as number))
  const isNew = (vertex: number): boolean => {
    const block = scene.blockAt[model.zoneAt[vertex] as number] as number
    return block >= 0 && (sourceAt[block] as number) >= 0
  }
  /** What the source has when none of the edges is used. */
  function baselineFor(source: number): Baseline {
    const known = baselines.get(source)
    if (known !== undefined) return known
    const kept = edges.map(({ device }) => isOpen[inFile[device] as number] as number)
    for (const { device } of edges) isOpen[inFile[device] as number] = 1
    const baseline = baselineOf(model, flowOf(source))
    edges.forEach(({ device }, n) => {
      isOpen[inFile[device] as number] = kept[n] as number
    })
    baselines.set(source, baseline)
    return baseline
  }

  return {
    sourceAt,
    used,
    state,
    cost: () => cost,
    darkSide(edge) {
      const { one, other } = edges[edge] as Edge
      const isFed = (block: number): boolean => block === -1 || (sourceAt[block] as number) >= 0
      if (isFed(one) === isFed(other)) return -1
      return isFed(one) ? other : one
    },
    use(edge) {
      const entry = edges[edge] as Edge
      const { one, other, device } = entry
      const isForward = one === -1 || (sourceAt[one] as number) >= 0
      const source = isForward ? sourceOf(entry) : (sourceAt[other] as number)
      sourceAt[isForward ? other : one] = source
      used[edge] = isForward ? 1 : 2
      isOpen[inFile[device] as number] = 0
    },
    drop(edge) {
      const { one, other, device } = edges[edge] as Edge
      sourceAt[used[edge] === 1 ? other : one] = -1
      used[edge] = 0
      isOpen[inFile[device] as number] = 1
    },
    check(source) {
      const before = baselineFor(source)
      return judge(model, source, flowOf(source), before, isNew, limits)
    },
    operations() {
      let count = 0
      edges.forEach(({ one, other, isClosed, mustOpen }, n) => {
        if (used[n] !== 0) count += isClosed ? 0 : 1
        else if ((isClosed || mustOpen) && [one, other].some(block => block >= 0 && (sourceAt[block] as number) >= 0)) {
          count++
        }
      })
      return count
    },
  }
}
