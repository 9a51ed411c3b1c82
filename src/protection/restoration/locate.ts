// Where the fault is: in the zone that fault current entered and left nowhere.
//
// The zones below a device that has locked out are a tree, as they were fed before the fault. A switching device in it
// that fault current passed downward has the fault below; one that saw none has not, since the source would have fed it
// through this device. What nobody tells is neither: the zones on both sides are one suspect. What one device tells and
// another one excludes is no ground to operate anything.
//
// A device whose fault current ended well before the locked-out one's speaks of an earlier fault: a recloser that had opened
// when another fault came nearer the source, and was open or without voltage while that was tried. Of this one it tells
// nothing, so both sides are suspect.
//
// Two faults at a time show as two ways down. A second fault directly in a zone that the first one's current passes on its
// way cannot be told from passages; it is then closed onto once, by whoever feeds that zone again, and trips.

import { type Feeds, feedsOf } from './feeds.ts'
import type { DeviceFacts, Located, LocateInput, Seen, Suspect } from './locate-types.ts'
import { positionsOf, type ZoneGraph, zoneGraphOf } from './zone-graph.ts'

export type { DeviceFacts, Located, LocateInput, Seen, Suspect } from './locate-types.ts'

interface Scene extends LocateInput {
  readonly graph: ZoneGraph
  readonly feeds: Feeds
  /** By zone: whether a generator is in it or below it. */
  readonly hasGenerator: Uint8Array
}

/** Names of the zones on both sides of a device: that of the node where it stands, then that of its section. */
export function zonesBeside({ before }: Pick<LocateInput, 'before'>, device: string): readonly [string, string] {
  const graph = zoneGraphOf(before)
  const { nodeSide, sectionSide } = graph.devices[graph.device(device)] as ZoneGraph['devices'][number]
  return [graph.zones[nodeSide] as string, graph.zones[sectionSide] as string]
}

/** @throws TopologyError UNKNOWN_NAME for facts about a device that the feeder does not have */
export function locateFault(input: LocateInput): Located {
  const graph = zoneGraphOf(input.before)
  for (const name of input.facts.keys()) graph.device(name)
  const feeds = feedsOf(graph, positionsOf(input.before, graph), { unknownIsClosed: true })
  const scene: Scene = { ...input, graph, feeds, hasGenerator: generatorsBelow(input, graph, feeds) }
  const lockedOut = graph.devices.filter(({ name }) => input.facts.get(name)?.lockedOut).map(({ name }) => name)
  if (lockedOut.length > 0) return below(scene, lockedOut)
  const seen = graph.devices.filter(({ name }) => input.facts.get(name)?.passage === 'yes').map(({ name }) => name)
  if (seen.length === 0) return { kind: 'no-fault' }
  return { kind: 'wait', why: `${seen.join(', ')} saw fault current, and nothing has locked out` }
}

/** From the lowest up: a fault belongs to the device nearest above it. */
function below(scene: Scene, lockedOut: readonly string[]): Located {
  const { graph, feeds } = scene
  const suspects = new Map<string, Suspect>()
  const contradictions: string[] = []
  const why: string[] = []
  const depth = (name: string): number => feeds.place[childOf(scene, graph.device(name))] ?? 0
  for (const name of [...lockedOut].sort((one, other) => depth(other) - depth(one))) {
    const doubts = doubtsAbout(scene, name)
    if (doubts !== undefined) {
      contradictions.push(doubts)
      continue
    }
    const found = search(scene, name, childOf(scene, graph.device(name)))
    contradictions.push(...found.contradictions)
    why.push(...found.why)
    for (const zones of found.groups) {
      const key = zones.join(' ')
      if (!suspects.has(key)) suspects.set(key, { zones, lockedOut: name })
    }
  }
  if (contradictions.length > 0) return { kind: 'undetermined', why: contradictions }
  return { kind: 'located', suspects: [...suspects.values()], why }
}

function doubtsAbout({ graph, feeds, facts }: Scene, name: string): string | undefined {
  const device = graph.device(name)
  const { passage, toward, position } = facts.get(name) as DeviceFacts
  if (position !== 'open') return `${name} says that it has locked out and shows ${position}, want open`
  if (passage === 'no') return `${name} has locked out, and no fault current passed it`
  const child = feeds.childAt[device] as number
  if (child < 0) return `${name} has locked out, and fed nothing before`
  if (passage === 'yes' && toward !== undefined && graph.zone(toward) !== child) {
    return `${name} has locked out for fault current toward ${toward}, where it is fed from`
  }
  return undefined
}

const childOf = ({ feeds }: Scene, device: number): number => feeds.childAt[device] as number

interface Found {
  readonly groups: readonly (readonly string[])[]
  readonly contradictions: readonly string[]
  readonly why: readonly string[]
}

/** @param top the zone that the locked-out device fed */
function search(scene: Scene, lockedOut: string, top: number): Found {
  const { graph, feeds } = scene
  const contradictions: string[] = []
  const why: string[] = []
  const zones = feeds.below(top)
  if (zones.some(zone => feeds.isMeshed[zone] === 1)) {
    contradictions.push(`the zones below ${graph.zones[top]} were in a closed loop before the fault`)
    return { groups: [], contradictions, why }
  }
  // From the outermost in: a way down leads through every device above it.
  const verdict = new Map<number, Seen>()
  /** By zone: the zone that it feeds and that has the fault. */
  const leadsTo = new Map<number, number>()
  for (const zone of [...zones].reverse()) {
    if (zone === top) continue
    const device = feeds.entry[zone] as number
    const { name } = graph.devices[device] as ZoneGraph['devices'][number]
    const passed = passedDown(scene, device, zone)
    const told = passed === 'yes' && isOfAnEarlierFault(scene, name, lockedOut) ? 'unknown' : passed
    const beneath = leadsTo.get(zone)
    if (told === 'no' && beneath !== undefined) {
      const lower = graph.devices[feeds.entry[beneath] as number]?.name
      contradictions.push(`fault current passed ${lower}, and not ${name} above it`)
    }
    const verdictHere = told === 'unknown' && beneath !== undefined ? 'yes' : told
    verdict.set(zone, verdictHere)
    if (verdictHere === 'yes') leadsTo.set(feeds.parent[zone] as number, zone)
  }
  const groups: string[][] = []
  const down = [top]
  for (const zone of down) {
    const children = feeds.children(zone)
    const further = children.filter(child => verdict.get(child) === 'yes')
    if (further.length > 0) {
      down.push(...further)
      continue
    }
    const joined = [zone]
    for (const one of joined) joined.push(...feeds.children(one).filter(child => verdict.get(child) === 'unknown'))
    const named = joined.map(one => graph.zones[one] as string)
    const { dead, contradiction } = withoutLive(scene, named)
    contradictions.push(...contradiction)
    if (dead.length > 0) groups.push(dead.sort())
    for (const one of joined.slice(1)) {
      why.push(`${graph.devices[feeds.entry[one] as number]?.name} does not say whether fault current passed it`)
    }
  }
  return { groups, contradictions, why }
}

/** More than what polls, and answers that do not come at one moment, may differ by. */
const SAME_FAULT_MS = 200

function isOfAnEarlierFault({ facts }: Scene, name: string, lockedOut: string): boolean {
  const [its, last] = [facts.get(name)?.passedAgoMs, facts.get(lockedOut)?.passedAgoMs]
  return its !== undefined && last !== undefined && its > last + SAME_FAULT_MS
}

function passedDown({ graph, facts, hasGenerator }: Scene, device: number, child: number): Seen {
  const told = facts.get(graph.devices[device]?.name ?? '')
  if (told === undefined || told.passage === 'unknown') return 'unknown'
  if (told.passage === 'no') return 'no'
  // Upward it is a generator's: it feeds a fault elsewhere.
  if (told.toward !== undefined) return graph.zone(told.toward) === child ? 'yes' : 'no'
  return hasGenerator[child] === 1 ? 'unknown' : 'yes'
}

/** A zone with voltage has no fault in it now. Two devices that do not agree about one zone contradict each other. */
function withoutLive(scene: Scene, zones: readonly string[]): { dead: string[]; contradiction: string[] } {
  const contradiction: string[] = []
  const dead: string[] = []
  for (const zone of zones) {
    const told = voltagesOf(scene, zone)
    const [one, other] = [told.find(({ isDead }) => isDead), told.find(({ isDead }) => !isDead)]
    if (one !== undefined && other !== undefined) {
      contradiction.push(`${one.device} says that ${zone} is dead, ${other.device} that it is live`)
    }
    if (other === undefined) dead.push(zone)
  }
  if (dead.length === 0 && contradiction.length === 0) {
    contradiction.push(`fault current led to ${zones.join(', ')}, and there is voltage`)
  }
  return { dead, contradiction }
}

function voltagesOf({ graph, facts }: Scene, zone: string): { device: string; isDead: boolean }[] {
  return (graph.devicesAt[graph.zone(zone)] ?? []).flatMap(number => {
    const device = graph.devices[number]?.name ?? ''
    const isDead = facts.get(device)?.dead?.[zone]
    return isDead === undefined ? [] : [{ device, isDead }]
  })
}

function generatorsBelow({ before }: LocateInput, graph: ZoneGraph, feeds: Feeds): Uint8Array {
  const has = new Uint8Array(graph.zones.length)
  for (const { node } of before.file.generators) {
    for (
      let zone = graph.zone(before.zoneOf(node));
      zone >= 0 && has[zone] === 0;
      zone = feeds.parent[zone] as number
    ) {
      has[zone] = 1
    }
  }
  return has
}
