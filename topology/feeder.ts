// The live feeder: its static graph, the present position of each device, and questions about both.
//
// "Downstream" is always a question about now. It is derived from the source and from what is closed, never from the
// order of names in the file, so a closed tie turns it round. While the position of a device is unknown, answers say what
// is so whatever that position is, and what depends on it.

import { createFedThrough, type FedThrough } from './fed-through.ts'
import type { DeviceEntry, FeederFile, IedEntry, SectionEntry } from './feeder-file.ts'
import { protectionHash } from './feeder-hash.ts'
import { groupBy } from './group-by.ts'
import { iedsAlong, postIeds } from './ied-tree.ts'
import { buildNetwork, type DevicePosition, endPositions, isSection, type Vertex } from './network.ts'
import { type Answer, type Orientation, orient, orientAtRest, wayToSource } from './orientation.ts'
import { unknownName } from './topology-error.ts'
import { findZones, type Zone } from './zones.ts'

export type { Answer, DevicePosition, Zone }

/** Who is in a set for sure, and who may be (an unknown device position lies between). */
export interface Membership {
  readonly certain: ReadonlySet<string>
  readonly undecided: ReadonlySet<string>
}

/** What a section feeds. */
export interface Downstream {
  readonly nodes: ReadonlySet<string>
  readonly sections: ReadonlySet<string>
  readonly loads: ReadonlySet<string>
  readonly generators: ReadonlySet<string>
}

/**
 * One feeder and the positions of its devices as this peer knows them, at first the normal ones. Every question about a
 * name that the feeder does not have throws TopologyError UNKNOWN_NAME.
 *
 * Sets and lists in answers are never changed afterwards: after `setPosition` ask again.
 */
export interface Feeder {
  readonly file: FeederFile
  /** SHA-256 in hex of the protection content, see `protectionHash`. */
  readonly hash: string
  position(device: string): DevicePosition
  setPosition(device: string, position: DevicePosition): void
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
  /** Zone names from the node's own up to the source's, along the live way; from a dark node along the normal one. */
  upstreamZones(node: string): readonly string[]
  energised(node: string): Answer
  ied(name: string): IedEntry
  device(name: string): DeviceEntry
  section(name: string): SectionEntry
}

/** The answers for one state of all devices, prepared when first asked for. */
interface Situation {
  readonly orientation: Orientation
  fedThrough(section: Vertex): FedThrough
  readonly parents: ReadonlyMap<string, string>
  readonly children: ReadonlyMap<string, readonly string[]>
}

/** @param file as `parseFeeder` returns it: references are taken as checked. */
export function createFeeder(file: FeederFile): Feeder {
  const network = buildNetwork(file)
  const posts = postIeds(file, network)
  const ied = finder('ied', file.ieds)
  const device = finder('device', file.devices)
  const section = finder('section', file.sections)
  const rest = orientAtRest(file, network)
  const zones = findZones(network, rest, posts.at)
  const loadsAt = groupBy(file.loads, load =>
    load.node !== undefined ? network.node(load.node) : network.section(load.along ?? ''),
  )
  const generatorsAt = groupBy(file.generators, generator => network.node(generator.node))

  const positions = new Map<string, DevicePosition>(file.devices.map(({ name, normal }) => [name, normal]))
  let live = prepare(positions)
  /** The live state but for one device, by its name and assumed position. */
  let assumed = new Map<string, Situation>()

  return {
    file,
    hash: protectionHash(file),
    position: name => positions.get(device(name).name) as DevicePosition,
    setPosition(name, position) {
      if (positions.get(device(name).name) === position) return
      positions.set(name, position)
      live = prepare(positions)
      assumed = new Map()
    },
    downstreamIeds: name => membership(live.fedThrough(network.section(name))),
    isDownstream(name, sectionName) {
      const node = network.node(ied(name).node)
      const { certain, undecided } = live.fedThrough(network.section(sectionName))
      if (certain.has(node)) return 'yes'
      return undecided.has(node) ? 'unknown' : 'no'
    },
    fedThrough: name => membership(assume(name, 'closed').fedThrough(network.section(device(name).section))),
    downstream: name => below(network.section(name)),
    upstreamIeds(of) {
      const operated = 'device' in of ? device(of.device).name : ied(of.ied).operates
      const start = 'device' in of ? network.section(device(of.device).section) : network.node(ied(of.ied).node)
      // Unknown rather than closed: a way that is closed for sure goes first, so an open tie does not lead astray.
      const doubted = operated !== undefined && positions.get(operated) === 'open'
      const { orientation } = doubted ? assume(operated, 'unknown') : live
      const groups = iedsAlong(network, posts, wayToSource(orientation, start))
      const names = [...groups].flat()
      return names.filter(other => !('device' in of) || other.operates !== of.device).map(other => other.name)
    },
    parent: name => live.parents.get(ied(name).name),
    children: name => live.children.get(ied(name).name) ?? [],
    observerOf: name => posts.observers.get(section(name).name),
    zones: zones.all,
    zoneOf: name => zones.nameAt(network.node(name)),
    zoneOfSection: name => zones.nameAt(network.section(name)),
    upstreamZones: name => [...new Set([...way(live.orientation, network.node(name))].map(zones.nameAt))],
    energised: name => live.orientation.connected[network.node(name)] as Answer,
    ied,
    device,
    section,
  }

  function prepare(state: ReadonlyMap<string, DevicePosition>): Situation {
    const ends = endPositions(network, state)
    const orientation = once(() => orient(network, ends))
    const fedThrough = once(() => createFedThrough(network, ends, orientation().connected))
    const parents = once(() => findParents(orientation()))
    const children = once(() => groupByParent(parents()))
    return {
      get orientation() {
        return orientation()
      },
      fedThrough: vertex => fedThrough()(vertex),
      get parents() {
        return parents()
      },
      get children() {
        return children()
      },
    }
  }

  function assume(name: string, position: DevicePosition): Situation {
    if (positions.get(device(name).name) === position) return live
    const key = `${position} ${name}`
    const situation = assumed.get(key) ?? prepare(new Map(positions).set(name, position))
    assumed.set(key, situation)
    return situation
  }

  function way(orientation: Orientation, from: Vertex): Generator<Vertex> {
    return wayToSource(orientation.connected[from] === 'no' ? rest : orientation, from)
  }

  function findParents(orientation: Orientation): Map<string, string> {
    const parents = new Map<string, string>()
    for (const [node, ieds] of posts.at) {
      const [nearest] = iedsAlong(network, posts, way(orientation, node))
      const parent = nearest?.[0]
      if (parent) for (const { name } of ieds) parents.set(name, parent.name)
    }
    return parents
  }

  function membership({ certain, undecided }: FedThrough): Membership {
    const iedsOf = (vertices: Iterable<Vertex>): Set<string> =>
      new Set([...vertices].flatMap(vertex => posts.at.get(vertex) ?? []).map(({ name }) => name))
    return { certain: iedsOf(certain), undecided: iedsOf(undecided) }
  }

  function below(vertex: Vertex): Downstream {
    const certain = [...live.fedThrough(vertex).certain]
    const namesOf = (vertices: readonly Vertex[]): Set<string> => new Set(vertices.map(v => network.names[v] as string))
    const own = live.orientation.connected[vertex] === 'yes' ? [vertex] : []
    return {
      nodes: namesOf(certain.filter(v => !isSection(network, v))),
      sections: namesOf(certain.filter(v => isSection(network, v))),
      loads: new Set([...own, ...certain].flatMap(v => loadsAt.get(v) ?? []).map(({ name }) => name)),
      generators: new Set(certain.flatMap(v => generatorsAt.get(v) ?? []).map(({ name }) => name)),
    }
  }
}

function groupByParent(parents: ReadonlyMap<string, string>): Map<string, string[]> {
  const children = new Map<string, string[]>()
  for (const [child, parent] of [...parents].sort(([one], [other]) => (one < other ? -1 : 1))) {
    children.set(parent, [...(children.get(parent) ?? []), child])
  }
  return children
}

function finder<T extends { readonly name: string }>(kind: string, entries: readonly T[]): (name: string) => T {
  const byName = new Map(entries.map(entry => [entry.name, entry]))
  return name => {
    const entry = byName.get(name)
    if (!entry) throw unknownName(kind, name, byName.keys())
    return entry
  }
}

function once<T>(compute: () => T): () => T {
  let result: { readonly value: T } | undefined
  return () => {
    result ??= { value: compute() }
    return result.value
  }
}
