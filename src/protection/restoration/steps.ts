// A way of feeding dark zones as steps, each with what must have been done before.
//
// Openings come before the closings beside them, shedding before the closing that feeds the load, and closings follow each
// other outward. Where the steps come from different hands, `after` is what counts and not the order.

import { type Feeds, feedsOf } from './feeds.ts'
import { loadFlow, sizeAt } from './load-flow.ts'
import type { Chosen } from './plan.ts'
import type { CloseStep, OpenStep, PathFigures, PlanStep, ShedStep } from './plan-types.ts'
import type { Edge, Scene } from './scene.ts'
import type { ZoneDevice } from './zone-graph.ts'

export interface Outcome {
  readonly steps: readonly PlanStep[]
  /** With all steps carried out: what is live for sure. */
  readonly feeds: Feeds
}

/** @param chosen undefined: isolation alone */
export function stepsOf(scene: Scene, chosen: Chosen | undefined): Outcome {
  const { graph, isolation, edges } = scene
  const steps: PlanStep[] = []
  const add = <T extends PlanStep>(step: Omit<T, 'number'>): number => {
    const number = steps.length + 1
    steps.push({ ...step, number } as T)
    return number
  }
  /** By device, the step that opens it. */
  const openedIn = new Map<number, number>()
  const open = (device: number, why: OpenStep['why']): void => {
    const { name, nodeSide, sectionSide } = graph.devices[device] as ZoneDevice
    const between = [nodeSide, sectionSide].map(zone => graph.zones[zone] as string).sort()
    openedIn.set(device, add<OpenStep>({ kind: 'open', device: name, why, between, after: [] }))
  }
  for (const name of isolation.open) open(graph.device(name), 'isolate')
  if (chosen === undefined) return { steps, feeds: scene.feeds }

  const { candidate } = chosen
  const isFed = (block: number): boolean => block >= 0 && (candidate.sourceAt[block] as number) >= 0
  edges.forEach(({ device, one, other, isClosed, mustOpen }, n) => {
    if ((isClosed || mustOpen) && candidate.used[n] === 0 && (isFed(one) || isFed(other))) open(device, 'split')
  })
  const shedIn = new Map<number, number[]>()
  for (const { load, kw, zone } of chosen.shed) {
    const number = add<ShedStep>({ kind: 'shed', load, kw: Math.round(kw * 10) / 10, after: [] })
    shedIn.set(zone, [...(shedIn.get(zone) ?? []), number])
  }

  const { feeds, figures } = outcomeOf(scene, chosen)
  /** By zone, the step that feeds it. */
  const fedIn = new Map<number, number>()
  for (const edge of chosen.edges) {
    const entry = edges[edge] as Edge
    if (entry.isClosed) continue
    const target = candidate.used[edge] === 1 ? entry.other : entry.one
    const zones = fedAlong(scene, chosen, target)
    const { name, nodeSide, sectionSide } = graph.devices[entry.device] as ZoneDevice
    const inside = new Set(zones)
    const from = inside.has(nodeSide) ? sectionSide : nodeSide
    const around = boundaryOf(scene, inside).filter(device => device !== entry.device)
    const before = [
      ...around.map(device => openedIn.get(device)),
      ...zones.flatMap(zone => shedIn.get(zone) ?? []),
      fedIn.get(from),
    ]
    const number = add<CloseStep>({
      kind: 'close',
      device: name,
      from: graph.zones[from] as string,
      feeds: zones.map(zone => graph.zones[zone] as string).sort(),
      boundary: around.map(device => graph.devices[device]?.name ?? ''),
      path: pathFrom(scene, feeds, from),
      source: scene.model.sources[candidate.sourceAt[target] as number]?.name ?? '',
      check: figures(candidate.sourceAt[target] as number, name),
      after: before.filter(step => step !== undefined).sort((one, other) => one - other),
    })
    for (const zone of zones) fedIn.set(zone, number)
  }
  return { steps, feeds }
}

/** The zones that become live with a block: its own, and those behind closed edges that are used. */
function fedAlong({ blocks, edges, edgesAt }: Scene, { candidate }: Chosen, target: number): number[] {
  const reached = [target]
  const seen = new Set(reached)
  for (const block of reached) {
    for (const edge of edgesAt[block] ?? []) {
      const { one, other, isClosed } = edges[edge] as Edge
      const next = one === block ? other : one
      if (!isClosed || candidate.used[edge] === 0 || next < 0 || seen.has(next)) continue
      seen.add(next)
      reached.push(next)
    }
  }
  return reached.flatMap(block => blocks[block]?.zones ?? [])
}

function boundaryOf({ graph }: Scene, inside: ReadonlySet<number>): number[] {
  const devices = new Set([...inside].flatMap(zone => graph.devicesAt[zone] ?? []))
  return [...devices]
    .filter(device => {
      const { nodeSide, sectionSide } = graph.devices[device] as ZoneDevice
      return inside.has(nodeSide) !== inside.has(sectionSide)
    })
    .sort((one, other) => one - other)
}

/** The state with all steps carried out. */
function outcomeOf(scene: Scene, { edges: way, candidate }: Chosen) {
  const { graph, edges, model } = scene
  const positions = [...scene.positions]
  edges.forEach(({ device, isClosed, mustOpen, one, other }) => {
    const touches = [one, other].some(block => block >= 0 && (candidate.sourceAt[block] as number) >= 0)
    if ((isClosed || mustOpen) && touches) positions[device] = 'open'
  })
  for (const edge of way) positions[(edges[edge] as Edge).device] = 'closed'
  const feeds = feedsOf(graph, positions, { excluded: scene.isolated })
  const kept = new Map<number, { verdict: ReturnType<typeof candidate.check>; flow: ReturnType<typeof loadFlow> }>()
  const figures = (source: number, device: string): PathFigures => {
    const known = kept.get(source)
    const { verdict, flow } = known ?? {
      verdict: candidate.check(source),
      flow: loadFlow(model, source, candidate.state),
    }
    kept.set(source, { verdict, flow })
    const own = model.device.get(device) ?? -1
    const place = flow.branch.findIndex(branch => model.branches[branch]?.devices.includes(own) === true)
    const amps = place < 0 ? 0 : Math.max(...[0, 1, 2].map(phase => sizeAt(flow.amps, place, phase)))
    const { loading, voltsPu, reach } = verdict
    return { loading, voltsPu, amps, ...(reach && { reach }) }
  }
  return { feeds, figures }
}

function pathFrom({ graph }: Scene, { entry, parent }: Feeds, from: number): string[] {
  const path: string[] = []
  for (let zone = from; (parent[zone] as number) >= 0; zone = parent[zone] as number) {
    path.push(graph.devices[entry[zone] as number]?.name ?? '')
  }
  return path
}
