// The plan after a fault: isolate the suspect zones, then feed again what is healthy and dark, as much as can be carried.
//
// Voltages within the normal limits first; down to the emergency limit, or with sheddable load dropped, only where that
// feeds more. Nothing here closes a loop, joins two sources, feeds a suspect zone, or uses a device that must not be.

import { totalOf } from '../../../topology/load-power.ts'
import { createCandidate } from './candidate.ts'
import type { DarkGroup, LeftDark, Plan, PlanInput } from './plan-types.ts'
import { type Scene, sceneOf, weightOf } from './scene.ts'
import { type Found, search } from './search.ts'
import { stepsOf } from './steps.ts'
import type { ZoneDevice } from './zone-graph.ts'

export type { PlanSettings } from './plan-settings.ts'
export type {
  CloseStep,
  DarkGroup,
  LeftDark,
  OpenStep,
  PathFigures,
  Plan,
  PlanInput,
  PlanStep,
  ShedStep,
} from './plan-types.ts'

/** For all dark groups together. @throws TopologyError UNKNOWN_NAME for a suspect zone that the feeder does not have */
export function planRestoration(input: PlanInput): Plan {
  return planFor(sceneOf(input), () => true)
}

/**
 * For the dark group that a zone belongs to, and nothing else: what the leader of that group plans. The zone is named as
 * in `darkGroups`.
 *
 * @throws TopologyError UNKNOWN_NAME for a zone that the feeder does not have
 */
export function planGroup(input: PlanInput, zone: string): Plan {
  const scene = sceneOf(input)
  const number = scene.graph.zone(zone)
  const own = new Set(groupsOf(scene).find(group => group.includes(scene.blockAt[number] as number)) ?? [])
  return planFor(scene, block => own.has(block))
}

/** By the first of their zones. */
export function darkGroups(input: PlanInput): readonly DarkGroup[] {
  const scene = sceneOf(input)
  return groupsOf(scene)
    .map(group => describeGroup(scene, group))
    .sort((one, other) => ((one.zones[0] as string) < (other.zones[0] as string) ? -1 : 1))
}

function describeGroup(scene: Scene, group: readonly number[]): DarkGroup {
  const { graph, blocks, feeds, positions } = scene
  const zones = group.flatMap(block => blocks[block]?.zones ?? [])
  const inside = new Set(zones)
  const devices = [...new Set(zones.flatMap(zone => graph.devicesAt[zone] ?? []))].sort((one, other) => one - other)
  const outer = devices.filter(device => {
    const { nodeSide, sectionSide } = graph.devices[device] as ZoneDevice
    return inside.has(nodeSide) !== inside.has(sectionSide)
  })
  const isCandidate = (device: number): boolean => {
    const { nodeSide, sectionSide } = graph.devices[device] as ZoneDevice
    const outside = inside.has(nodeSide) ? sectionSide : nodeSide
    return (
      positions[device] === 'open' && (feeds.place[outside] as number) >= 0 && scene.barReason(device) === undefined
    )
  }
  const named = (numbers: readonly number[]): string[] => numbers.map(device => graph.devices[device]?.name ?? '')
  return {
    zones: zones.map(zone => graph.zones[zone] as string).sort(),
    kw: tenth(group.reduce((sum, block) => sum + (blocks[block]?.kw ?? 0), 0)),
    customers: group.reduce((sum, block) => sum + (blocks[block]?.customers ?? 0), 0),
    candidates: named(outer.filter(isCandidate)),
    boundary: named(outer),
  }
}

/** Blocks that hang together through what is closed, or may be. */
function groupsOf({ blocks, edges, edgesAt }: Scene): number[][] {
  const seen = new Set<number>()
  return blocks.flatMap((_, start) => {
    if (seen.has(start)) return []
    seen.add(start)
    const group = [start]
    for (const block of group) {
      for (const edge of edgesAt[block] ?? []) {
        const { one, other, isClosed, mustOpen } = edges[edge] as Scene['edges'][number]
        const next = one === block ? other : one
        if (!(isClosed || mustOpen) || next < 0 || seen.has(next)) continue
        seen.add(next)
        group.push(next)
      }
    }
    return [group]
  })
}

function planFor(scene: Scene, isOurs: (block: number) => boolean): Plan {
  const { blocks, isolation, settings } = scene
  const nothing = {
    steps: [],
    restored: [],
    restoredKw: 0,
    shedKw: 0,
    left: [],
    isEmergencyVoltage: false,
    isCutShort: false,
  }
  if (isolation.hasSource) return { ...nothing, outcome: 'not-isolated', isolated: isolation.zones }
  const ours = blocks.map((_, n) => n).filter(isOurs)
  const mayFeed = ours.filter(block => blocks[block]?.doubt === undefined)
  if (mayFeed.length === 0) {
    const { steps } = stepsOf(scene, undefined)
    const left = leftOf(scene, ours, () => false, new Map())
    return { ...nothing, outcome: ours.length === 0 ? 'nothing-dark' : 'none', steps, left, isolated: isolation.zones }
  }
  const allowed = new Set(mayFeed)
  const chosen = choose(scene, block => !allowed.has(block))
  const { candidate } = chosen
  const isFed = (block: number): boolean => (candidate.sourceAt[block] as number) >= 0
  const fed = mayFeed.filter(isFed)
  const kw = fed.reduce((sum, block) => sum + (blocks[block]?.kw ?? 0), 0)
  const shedKw = chosen.shed.reduce((sum, { kw }) => sum + kw, 0)
  const { steps, feeds } = stepsOf(scene, chosen)
  const isLive = (name: string): boolean => (feeds.place[scene.graph.zone(name)] as number) >= 0
  const zones = fed.flatMap(block => zonesOf(scene, block)).sort()
  const perhaps = zones.filter(name => !isLive(name))
  const left = leftOf(scene, ours, isFed, chosen.refusals)
  if (perhaps.length > 0) {
    // Counted with what is fed: the source is able to carry it.
    left.push({ zones: perhaps, kw: 0, customers: 0, why: 'it is fed if a device of unknown position is closed' })
  }
  const outcome =
    fed.length === 0 ? 'none' : fed.length === mayFeed.length && chosen.shed.length === 0 ? 'full' : 'partial'
  return {
    outcome,
    steps,
    restored: zones.filter(isLive),
    restoredKw: tenth(kw - shedKw),
    shedKw: tenth(shedKw),
    left,
    isolated: isolation.zones,
    isEmergencyVoltage: fed.length > 0 && chosen.leastPu < settings.leastPu,
    isCutShort: chosen.isCutShort,
  }
}

const tenth = (kw: number): number => Math.round(kw * 10) / 10
const zonesOf = ({ blocks, graph }: Scene, block: number): string[] =>
  (blocks[block]?.zones ?? []).map(zone => graph.zones[zone] as string)

/** A way that was found, carried out on a candidate, with the loads that are shed for it. */
export interface Chosen {
  readonly edges: readonly number[]
  readonly candidate: ReturnType<typeof createCandidate>
  readonly shed: readonly { readonly load: string; readonly kw: number; readonly zone: number }[]
  readonly leastPu: number
  readonly refusals: ReadonlyMap<number, string>
  readonly isCutShort: boolean
}

/** A part of a percent more load is not worth an emergency. */
const WORTH_IT = 1.001

function choose(scene: Scene, isBarred: (block: number) => boolean): Chosen {
  const { settings, blocks } = scene
  const all = blocks.reduce((sum, { value }, block) => sum + (isBarred(block) ? 0 : value), 0)
  const ways = [settings.leastPu, ...(settings.emergencyPu < settings.leastPu ? [settings.emergencyPu] : [])]
  let best: (Chosen & { readonly value: number }) | undefined
  let isCutShort = false
  for (const leastPu of ways) {
    for (const isShedding of [false, true]) {
      if (best !== undefined && best.value >= all * (1 - 1e-9)) continue
      const sheddable = isShedding ? sheddableLoads(scene, isBarred) : []
      if (isShedding && sheddable.length === 0) continue
      const next = tryWith(scene, isBarred, leastPu, sheddable)
      isCutShort ||= next.isCutShort
      if (best === undefined || next.value > best.value * WORTH_IT) best = next
    }
  }
  return { ...(best as Chosen), isCutShort }
}

interface Sheddable {
  readonly number: number
  readonly load: string
  readonly zone: number
  readonly share: number
  readonly kw: number
  readonly value: number
}

/** Those of dark blocks that an IED of the file operates or meters; what counts most is fed again first. */
function sheddableLoads({ input, graph, blockAt, settings }: Scene, isBarred: (block: number) => boolean): Sheddable[] {
  const { feeder } = input
  const held = new Set(feeder.file.ieds.flatMap(({ operates, meters }) => (operates ? [operates, ...meters] : meters)))
  return feeder.file.loads
    .flatMap(({ name, node, along, kw, priority, sheddableShare }, number): Sheddable[] => {
      if (sheddableShare === 0 || !held.has(name)) return []
      const zone = graph.zone(node === undefined ? feeder.zoneOfSection(along ?? '') : feeder.zoneOf(node))
      const block = blockAt[zone] as number
      if (block < 0 || isBarred(block)) return []
      const scale = (input.loadShares?.get(graph.zones[zone] as string) ?? 1) * settings.coldLoad
      const shed = totalOf(kw) * scale * sheddableShare
      return [{ number, load: name, zone, share: sheddableShare, kw: shed, value: shed * weightOf(priority) }]
    })
    .sort((one, other) => other.value - one.value || (one.load < other.load ? -1 : 1))
}

/** With all of `sheddable` dropped at first; what can be carried beside what was found is taken back. */
function tryWith(
  scene: Scene,
  isBarred: (block: number) => boolean,
  leastPu: number,
  sheddable: readonly Sheddable[],
): Chosen & { readonly value: number } {
  const { blocks, settings, model, blockAt } = scene
  const loadScale = new Float64Array(model.file.loads.length).fill(1)
  const value = blocks.map(block => block.value)
  for (const { number, share, zone, value: own } of sheddable) {
    loadScale[number] = 1 - share
    const block = blockAt[zone] as number
    value[block] = (value[block] as number) - own
  }
  const mostNodes = settings.mostNodes / 4
  const found: Found = search(scene, { leastPu, value, loadScale, isBarred, mostNodes })
  const candidate = createCandidate(scene, leastPu)
  candidate.state.loadScale.set(loadScale)
  for (const edge of found.edges) candidate.use(edge)
  let total = found.value
  const shed: { load: string; kw: number; zone: number }[] = []
  for (const { number, load, kw, zone, share, value: own } of sheddable) {
    const source = candidate.sourceAt[blockAt[zone] as number] as number
    if (source < 0) continue
    candidate.state.loadScale[number] = 1
    if (candidate.cost() < mostNodes && candidate.check(source).why === undefined) {
      total += own
      continue
    }
    candidate.state.loadScale[number] = 1 - share
    shed.push({ load, kw, zone })
  }
  const { edges, refusals, isCutShort } = found
  return { edges, candidate, shed, leastPu, refusals, isCutShort, value: total }
}

/** Dark blocks side by side with the same reason are one entry. */
function leftOf(
  scene: Scene,
  ours: readonly number[],
  isFed: (block: number) => boolean,
  refusals: ReadonlyMap<number, string>,
): LeftDark[] {
  const { blocks, edges, edgesAt } = scene
  const dark = new Set(ours.filter(block => !isFed(block)))
  const left: LeftDark[] = []
  for (const start of dark) {
    dark.delete(start)
    const group = [start]
    const doubt = blocks[start]?.doubt
    for (const block of group) {
      for (const edge of edgesAt[block] ?? []) {
        const { one, other } = edges[edge] as Scene['edges'][number]
        const next = one === block ? other : one
        if (!dark.has(next) || blocks[next]?.doubt !== doubt) continue
        dark.delete(next)
        group.push(next)
      }
    }
    const refusal = group.map(block => refusals.get(block)).find(why => why !== undefined)
    left.push({
      zones: group.flatMap(block => zonesOf(scene, block)).sort(),
      kw: tenth(group.reduce((sum, block) => sum + (blocks[block]?.kw ?? 0), 0)),
      customers: group.reduce((sum, block) => sum + (blocks[block]?.customers ?? 0), 0),
      why: doubt ?? refusal ?? noWay(scene, group),
    })
  }
  return left
}

function noWay({ graph, blocks, feeds, barReason, positions }: Scene, group: readonly number[]): string {
  const zones = group.flatMap(block => blocks[block]?.zones ?? [])
  const inside = new Set(zones)
  const barred = [...new Set(zones.flatMap(zone => graph.devicesAt[zone] ?? []))].flatMap(device => {
    const { name, nodeSide, sectionSide } = graph.devices[device] as ZoneDevice
    const outside = inside.has(nodeSide) ? sectionSide : nodeSide
    const why = barReason(device)
    const couldFeed = !inside.has(outside) && (feeds.place[outside] as number) >= 0 && positions[device] === 'open'
    return couldFeed && why !== undefined ? [`${name} (${why})`] : []
  })
  return barred.length === 0
    ? 'no switching device leads to it from a live zone'
    : `what leads to it from a live zone must not close: ${barred.join(', ')}`
}
