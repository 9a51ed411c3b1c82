// What a plan may do: the dark healthy zones as blocks that only operable devices part, and those devices as edges.
//
// A device that cannot be operated joins what it parts if it is closed or may be; so a block is live as a whole or not at
// all. A block beside a live zone whose device between them is of unknown position may be live: it is never fed, and what
// hangs on it is fed only once an operable device between the two has been opened.

import type { DevicePosition } from '../../../topology/feeder.ts'
import { totalOf } from '../../../topology/load-power.ts'
import { type FeederModel, feederModelOf } from './feeder-model.ts'
import { type Feeds, feedsOf } from './feeds.ts'
import { barReason, type Isolation, isolate } from './isolate.ts'
import { PLAN_DEFAULTS, type PlanSettings } from './plan-settings.ts'
import type { PlanInput } from './plan-types.ts'
import { positionsOf, type ZoneDevice, type ZoneGraph, zoneGraphOf } from './zone-graph.ts'

export interface Scene {
  readonly input: PlanInput
  readonly settings: PlanSettings
  readonly graph: ZoneGraph
  readonly model: FeederModel
  readonly isolation: Isolation
  readonly isolated: ReadonlySet<number>
  /** By device, with the isolation carried out. */
  readonly positions: readonly DevicePosition[]
  /** What is live for sure. */
  readonly feeds: Feeds
  readonly blocks: readonly Block[]
  /** By zone, -1 for what is live for sure or isolated. */
  readonly blockAt: Int32Array
  readonly edges: readonly Edge[]
  /** By block, its edges. */
  readonly edgesAt: readonly (readonly number[])[]
  /** Why a device cannot be operated; undefined when it can. */
  barReason(device: number): string | undefined
}

export interface Block {
  readonly zones: readonly number[]
  readonly kw: number
  readonly customers: number
  /** Kilowatts weighed by priority: see `weightOf`. */
  readonly value: number
  /** What of it stays when everything sheddable in it is shed. */
  readonly leastValue: number
  /** Why it must not be fed whatever the search finds. */
  readonly doubt: string | undefined
}

/** An operable device between two dark blocks, or between a live zone and a dark block. */
export interface Edge {
  readonly device: number
  /** -1 for the live side. */
  readonly one: number
  readonly other: number
  /** Of a live side: place in the model's list of sources. */
  readonly source: number
  readonly isClosed: boolean
  /** Of unknown position: it opens if either side becomes live, and feeds nothing. */
  readonly mustOpen: boolean
}

/** A kilowatt of one priority counts twice that of the next one; what has no load counts a little. */
export const weightOf = (priority: number): number => 2 ** (9 - priority)
const EMPTY_ZONE = 0.001

export function sceneOf(input: PlanInput): Scene {
  const graph = zoneGraphOf(input.feeder)
  const model = feederModelOf(input.feeder)
  const settings = { ...PLAN_DEFAULTS, ...input.settings }
  const isolation = isolate(input)
  const isolated = new Set(isolation.zones.map(name => graph.zone(name)))
  const opened = new Set(isolation.open.map(name => graph.device(name)))
  const positions = positionsOf(input.feeder, graph).map((position, n) => (opened.has(n) ? 'open' : position))
  const feeds = feedsOf(graph, positions, { excluded: isolated })
  const isDark = (zone: number): boolean => (feeds.place[zone] as number) < 0 && !isolated.has(zone)
  const reasons = graph.devices.map(device => barReason(input, device))
  const joins = (device: number): boolean => positions[device] !== 'open' && reasons[device] !== undefined

  const blockAt = new Int32Array(graph.zones.length).fill(-1)
  const members: number[][] = []
  for (let start = 0; start < graph.zones.length; start++) {
    if (!isDark(start) || (blockAt[start] as number) >= 0) continue
    const zones = [start]
    blockAt[start] = members.length
    for (const zone of zones) {
      for (const device of graph.devicesAt[zone] ?? []) {
        const next = across(graph, device, zone)
        if (!joins(device) || !isDark(next) || (blockAt[next] as number) >= 0) continue
        blockAt[next] = members.length
        zones.push(next)
      }
    }
    members.push(zones)
  }

  const sourceNumbers = new Map(model.sources.map(({ name }, n) => [name, n]))
  const sourceOf = (zone: number): number => {
    const [name = ''] = graph.sourcesIn.get(feeds.root[zone] as number) ?? []
    return sourceNumbers.get(name) ?? -1
  }
  const edges: Edge[] = []
  const edgesAt: number[][] = members.map(() => [])
  // Only around what is dark: a plan costs what is dark, not what the feeder has.
  const around = [...new Set(members.flat().flatMap(zone => graph.devicesAt[zone] ?? []))].sort(
    (one, other) => one - other,
  )
  for (const device of around) {
    const { nodeSide, sectionSide } = graph.devices[device] as ZoneDevice
    if (reasons[device] !== undefined) continue
    const sides = [nodeSide, sectionSide].map(zone => blockAt[zone] as number)
    const [one = -1, other = -1] = sides[0] === -1 ? sides : [sides[1], sides[0]]
    const liveZone = sides[0] === -1 ? nodeSide : sectionSide
    if (one === other) continue
    const isLive = (feeds.place[liveZone] as number) >= 0
    const position = positions[device]
    if (one === -1 && (!isLive || position === 'unknown')) continue
    const [live, dark] = [one, other]
    const edge: Edge = {
      device,
      one: live,
      other: dark,
      source: live === -1 ? sourceOf(liveZone) : -1,
      isClosed: position === 'closed',
      mustOpen: position === 'unknown',
    }
    for (const block of live === -1 ? [dark] : [live, dark]) edgesAt[block]?.push(edges.length)
    edges.push(edge)
  }
  return {
    input,
    settings,
    graph,
    model,
    isolation,
    isolated,
    positions,
    feeds,
    blocks: weighed(input, graph, settings, members, blockAt, zone => doubtAt(graph, positions, feeds, zone)),
    blockAt,
    edges,
    edgesAt,
    barReason: device => reasons[device],
  }
}

const across = (graph: ZoneGraph, device: number, zone: number): number => {
  const { nodeSide, sectionSide } = graph.devices[device] as ZoneDevice
  return zone === nodeSide ? sectionSide : nodeSide
}

function weighed(
  { feeder, loadShares }: PlanInput,
  graph: ZoneGraph,
  { coldLoad }: PlanSettings,
  members: readonly (readonly number[])[],
  blockAt: Int32Array,
  doubtAt: (zone: number) => string | undefined,
): Block[] {
  const sums = members.map(zones => ({
    zones,
    kw: 0,
    customers: 0,
    value: EMPTY_ZONE * zones.length,
    leastValue: EMPTY_ZONE * zones.length,
    doubt: zones.map(doubtAt).find(doubt => doubt !== undefined),
  }))
  for (const load of members.length === 0 ? [] : feeder.file.loads) {
    const zone = graph.zone(load.node === undefined ? feeder.zoneOfSection(load.along ?? '') : feeder.zoneOf(load.node))
    const sum = sums[blockAt[zone] as number]
    if (sum === undefined) continue
    const kw = totalOf(load.kw) * (loadShares?.get(graph.zones[zone] as string) ?? 1) * coldLoad
    sum.kw += kw
    sum.customers += load.customers
    sum.value += kw * weightOf(load.priority)
    sum.leastValue += kw * weightOf(load.priority) * (1 - load.sheddableShare)
  }
  return sums
}

/** A device of unknown position between the zone and a live one. */
function doubtAt(
  graph: ZoneGraph,
  positions: readonly DevicePosition[],
  { place }: Feeds,
  zone: number,
): string | undefined {
  const device = (graph.devicesAt[zone] ?? []).find(
    n => positions[n] === 'unknown' && (place[across(graph, n, zone)] as number) >= 0,
  )
  if (device === undefined) return undefined
  const live = graph.zones[across(graph, device, zone)]
  return `the position of ${graph.devices[device]?.name} toward ${live}, which is live, is not known`
}
