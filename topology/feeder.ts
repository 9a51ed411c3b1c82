// The live feeder: its static graph, the present position of each device, and questions about both.
//
// "Downstream" is always a question about now. It is derived from the sources and from what is closed, never from the
// order of names in the file, so a closed tie turns it round. While the position of a device is unknown, answers say what
// is so whatever that position is, and what depends on it.

import type { Downstream } from './downstream.ts'
import type { DeviceEntry, FeederFile, IedEntry, SectionEntry } from './feeder-file.ts'
import { iedsAlong } from './ied-tree.ts'
import { type Island, islandsOf } from './islands.ts'
import { type Groups, loopsOf, sourcesInParallel } from './loops.ts'
import {
  at,
  CLOSED,
  type DevicePosition,
  OPEN,
  positionCode,
  positionOf,
  sectionAt,
  UNKNOWN,
  type Vertex,
} from './network.ts'
import { type Answer, answerOf, type Orientation, wayToSource } from './orientation.ts'
import { planOf } from './plan.ts'
import type { Situation } from './situation.ts'
import { losingWith, type Tie, tiesInto } from './ties.ts'
import { type Upstream, upstreamOf } from './upstream.ts'
import type { Zone, ZoneNeighbour } from './zones.ts'

export type { Answer, DevicePosition, Downstream, Groups, Island, Tie, Upstream, Zone, ZoneNeighbour }

/** Who is in a set for sure, and who may be (an unknown device position lies between). */
export interface Membership {
  readonly certain: ReadonlySet<string>
  readonly undecided: ReadonlySet<string>
}

/**
 * One feeder and the positions of its devices as this peer knows them, at first the normal ones. Every question about a
 * name that the feeder does not have throws TopologyError UNKNOWN_NAME.
 *
 * Losing the source means losing the last of them: what two sources feed in parallel is fed through neither.
 *
 * Sets and lists in answers are never changed afterwards: after `setPosition` ask again.
 */
export interface Feeder {
  readonly file: FeederFile
  /** SHA-256 in hex of the protection content, see `protectionHash`. */
  readonly hash: string
  position(device: string): DevicePosition
  setPosition(device: string, position: DevicePosition): void
  /** Grows whenever a position changes: what was derived from an earlier one may no longer hold. */
  readonly version: number
  /**
   * The IEDs fed through a section: those that lose the source when it alone opens. Who stands at its near node is not
   * among them, who stands at its far node is. In a loop no section alone feeds anybody, so both sets are empty.
   */
  downstreamIeds(section: string): Membership
  isDownstream(ied: string, section: string): Answer
  /** The IEDs fed through the device if it alone were closed, so that the answer survives its own tripping. */
  fedThrough(device: string): Membership
  /**
   * What loses the source for sure when the section alone opens: all that lies below it, the loads along the section
   * itself included, the section itself not.
   */
  downstream(section: string): Downstream
  /** What may lose the source when the section alone opens: not for sure, but for some positions of unknown devices. */
  perhapsDownstream(section: string): Downstream
  /**
   * What loses the source for sure when the device alone opens, taken as closed now: the device's own section is among it
   * where the device stands at the end that feeds it.
   */
  downstreamOfDevice(device: string): Downstream
  /** The way from a node to its source: its sections and devices. */
  upstream(node: string): Upstream
  /**
   * The IEDs between the thing and the source, nearest first: those at nodes strictly nearer to the source than the IED's
   * node, or for a device those at its near node and above, except who operates it. Where the thing is dark, its device
   * (the one named or operated by the named IED) is taken as closed; empty when it is dark even so. In a loop the way
   * with the fewest sections counts.
   */
  upstreamIeds(of: { readonly ied: string } | { readonly device: string }): readonly string[]
  /**
   * The nearest upstream IED, which relays protection messages to this one; undefined at the top. A dark IED keeps the
   * one that it has in the normal state, so that a branch that was tripped off can still be told.
   */
  parent(ied: string): string | undefined
  /** Those whose parent this one is, by name. */
  children(ied: string): readonly string[]
  observerOf(section: string): string | undefined
  /** Zones lie between switching devices whatever their state, so names are stable. Nearest to the source first. */
  readonly zones: readonly Zone[]
  zoneOf(node: string): string
  zoneOfSection(section: string): string
  /** Zones that share a switching device with this one, whatever its position; by name of the device. */
  zoneNeighbours(zone: string): readonly ZoneNeighbour[]
  /** Zone names from the node's own up to the source's, along the live way; from a dark node along the normal one. */
  upstreamZones(node: string): readonly string[]
  /** Whether the node is connected to a source. A generator may keep alive what is not (`islands`). */
  energised(node: string): Answer
  /** Whether the section is live from either of its ends. */
  sectionEnergised(section: string): Answer
  /** The sources that the node is connected to; several when they run in parallel, none where it is dark. */
  sourcesOf(node: string): Membership
  /** Sources joined by closed devices, in groups of two and more. */
  sourcesInParallel(): Groups
  /**
   * From where a group could be fed: devices that are open, with the group on one side and on the other what has a source
   * without its help. The group is what hangs together with a node for sure, or a zone with all that loses the source
   * along with it: what would be dark if the zone lost its feed, so a tie may lie zones farther down. By section.
   */
  ties(into: { readonly zone: string } | { readonly node: string }): readonly Tie[]
  /**
   * Groups of sections of which any two lie on a common loop of closed devices, dark loops too. Sections side by side on
   * phases of their own are one connection and alone no loop.
   */
  loops(): Groups
  /** What hangs together by closed devices and is not connected to a source for sure, in the order of their first nodes. */
  islands(): readonly Island[]
  ied(name: string): IedEntry
  device(name: string): DeviceEntry
  section(name: string): SectionEntry
}

/**
 * Live feeders over one file object share what does not change about it.
 *
 * @param file as `parseFeeder` returns it: references are taken as checked. Never changed afterwards.
 */
export function createFeeder(file: FeederFile): Feeder {
  const plan = planOf(file)
  const { network, posts, rest, contents, zones, hash, ied, device, section } = plan
  const positions = plan.normal.slice()
  let situation: Situation | undefined
  let version = 0
  const live = (): Situation => {
    situation ??= plan.situation(positions)
    return situation
  }

  return {
    file,
    get hash() {
      return hash()
    },
    position: name => positionOf(at(positions, network.device(name))),
    setPosition(name, position) {
      const number = network.device(name)
      if (at(positions, number) === positionCode(position)) return
      positions[number] = positionCode(position)
      situation = undefined
      version++
    },
    get version() {
      return version
    },
    downstreamIeds: name => iedsThrough(live(), network.section(name)),
    isDownstream: (name, sectionName) =>
      live()
        .fedThrough()
        .isFedThrough(network.node(ied(name).node), network.section(sectionName)),
    fedThrough: name => iedsThrough(assume(name, CLOSED), network.section(device(name).section)),
    downstream(name) {
      const vertex = network.section(name)
      const fedThrough = live().fedThrough()
      return contents().on(fedThrough.certain(vertex), fedThrough.isLive(vertex) ? vertex : undefined)
    },
    perhapsDownstream(name) {
      const vertex = network.section(name)
      const mayBeLive = at(live().orientation().connected, vertex) === UNKNOWN
      return contents().on(live().fedThrough().undecided(vertex), mayBeLive ? vertex : undefined)
    },
    downstreamOfDevice(name) {
      const { end } = network.devices[network.device(name)] as { end: number }
      const fedThrough = assume(name, CLOSED).fedThrough()
      return contents().on(fedThrough.certainBeyond(sectionAt(network, end), at(network.endNode, end)))
    },
    upstream: name => upstreamOf(network, live().orientation(), live().graphs(), network.node(name)),
    upstreamIeds(of) {
      const operated = 'device' in of ? device(of.device).name : ied(of.ied).operates
      const start = 'device' in of ? network.section(device(of.device).section) : network.node(ied(of.ied).node)
      // Unknown rather than closed: a way that is closed for sure goes first, so an open tie does not lead astray.
      const doubted = operated !== undefined && isOpenDevice(operated)
      const orientation = (doubted ? assume(operated, UNKNOWN) : live()).orientation()
      const groups = iedsAlong(network, posts, wayToSource(orientation, start))
      const names = [...groups].flat()
      return names.filter(other => !('device' in of) || other.operates !== of.device).map(other => other.name)
    },
    parent: name => live().iedTree().parent(ied(name)),
    children: name => live().iedTree().children(ied(name).name),
    observerOf: name => posts.observers.get(section(name).name),
    get zones() {
      return zones().all
    },
    zoneOf: name => zones().nameAt(network.node(name)),
    zoneOfSection: name => zones().nameAt(network.section(name)),
    zoneNeighbours: name => zones().neighbours(name),
    upstreamZones: name => [...new Set([...way(live().orientation(), network.node(name))].map(zones().nameAt))],
    energised: name => answerOf(at(live().orientation().connected, network.node(name))),
    sectionEnergised: name => answerOf(at(live().orientation().connected, network.section(name))),
    sourcesOf: name => sourcesOf(network.node(name)),
    sourcesInParallel: () => sourcesInParallel(network, live().groups()),
    ties: into => tiesInto(network, live().ends, positions, live().graphs(), groupToFeed(into)),
    loops: () => loopsOf(network, live().ends, vertex => section(network.names[vertex] as string).phases),
    islands: () => islandsOf(network, live().orientation(), live().groups().certain, contents()),
    ied,
    device,
    section,
  }

  /** The live state but for one device. */
  function assume(name: string, position: number): Situation {
    const state = positions.slice()
    state[network.device(name)] = position
    return plan.situation(state)
  }

  /** What an IED operates may also be a load, a generator or a capacitor. */
  function isOpenDevice(name: string): boolean {
    return plan.isDevice(name) && at(positions, network.device(name)) === OPEN
  }

  function way(orientation: Orientation, from: Vertex): Generator<Vertex> {
    return wayToSource(at(orientation.connected, from) === OPEN ? rest : orientation, from)
  }

  function iedsThrough(situation: Situation, vertex: Vertex): Membership {
    const fed = situation.fedThrough()
    const iedsOf = (vertices: readonly Vertex[]): Set<string> =>
      new Set(vertices.flatMap(at => posts.at.get(at) ?? []).map(({ name }) => name))
    return { certain: iedsOf(fed.certainMarks(vertex)), undecided: iedsOf(fed.undecided(vertex)) }
  }

  function sourcesOf(node: Vertex): Membership {
    const { certain, possible } = live().groups()
    const joined = (group: Int32Array) => network.sources.filter(source => at(group, source.node) === at(group, node))
    const forSure = new Set(joined(certain).map(({ name }) => name))
    const others = joined(possible).filter(({ name }) => !forSure.has(name))
    return { certain: forSure, undecided: new Set(others.map(({ name }) => name)) }
  }

  function groupToFeed(into: { readonly zone: string } | { readonly node: string }): readonly Vertex[] {
    if ('zone' in into) return losingWith(network, live().graphs().certain, zones().members(into.zone))
    const { certain } = live().groups()
    const group = at(certain, network.node(into.node))
    return network.names.flatMap((_, vertex) => (at(certain, vertex) === group ? [vertex] : []))
  }
}
