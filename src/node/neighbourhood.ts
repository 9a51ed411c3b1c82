// Which peers this IED holds protection streams to, and to whom it sends or relays a message for an audience.
//
// The eager way runs along the IED tree of the live feeder: each IED sends to its children, and upwards to its parent.
// An IED also holds streams to those that it asks when a fault may be theirs, see `interlock-paths.ts`.
//
// The origin also sends to those of the audience whose parent is not in it, since nobody else would relay to them.

import type { Feeder } from '../../topology/feeder.ts'
import type { Links } from '../mesh/links.ts'
import type { Messenger } from '../mesh/messenger.ts'
import { askedNeighbours } from './interlock-paths.ts'

/** Whom a message concerns. */
export interface Audience {
  has(ied: string): boolean
  members(): ReadonlySet<string>
}

/** The ways of a message about one thing, always in the present topology. */
export interface Route {
  /** Peers to send to as its origin. */
  fromOrigin(): string[]
  /** Peers to relay to, except the one that it came from. Costs nothing that grows with the feeder. */
  onward(from: string): string[]
}

export interface Neighbourhood {
  /** Holds streams to the present neighbours, and to others beside. Call when peers or the topology change. */
  refresh(also?: Iterable<string>): void
  /** Whom the origin of a message sends it to, beside its own neighbours: nobody else would relay it to them. */
  roots(audience: ReadonlySet<string>): readonly string[]
  /** Peers to send to as the origin of a message for these IEDs. */
  fromOrigin(audience: ReadonlySet<string>): string[]
  /** Peers to relay to, except the one that it came from. */
  onward(audience: ReadonlySet<string>, from: string): string[]
  /** Of a warning about a section. Those about the own sections are prepared by `refresh`. */
  aboutSection(section: string): Route
  /**
   * Of messages about some other thing: worked out once for each topology.
   * @param audience in the topology in which it is called
   */
  about(thing: string, audience: () => Audience): Route
}

const NOBODY: Audience = { has: () => false, members: () => new Set() }

/** Things asked about; more than that are worked out anew. */
const ROUTES_KEPT = 1024

export function neighbourhood(
  self: string,
  feeder: Feeder,
  links: Pick<Links, 'hold'>,
  messenger: Pick<Messenger, 'peerOf'>,
): Neighbourhood {
  const asked = askedNeighbours(feeder, self)
  const isIed = feeder.file.ieds.some(({ name }) => name === self)

  function treeNeighbours(): string[] {
    const parent = feeder.parent(self)
    return parent === undefined ? [...feeder.children(self)] : [parent, ...feeder.children(self)]
  }

  const roots = (audience: ReadonlySet<string>): string[] =>
    [...audience].filter(ied => {
      const parent = feeder.parent(ied)
      return ied !== self && (parent === undefined || parent === self || !audience.has(parent))
    })

  /** Few and different ones: a relay asks for them before it passes a message on. */
  function peersBut(ieds: readonly string[], from: string): string[] {
    const peers: string[] = []
    for (const ied of ieds) {
      const peer = messenger.peerOf(ied)
      if (peer !== undefined && peer !== from) peers.push(peer)
    }
    return peers
  }

  const peersOf = (ieds: Iterable<string>): string[] =>
    [...new Set(ieds)].flatMap(ied => {
      const peer = messenger.peerOf(ied)
      return peer === undefined ? [] : [peer]
    })

  function wanted(): Set<string> {
    return new Set([
      ...peersOf(treeNeighbours()),
      ...peersOf(asked()),
      ...feeder.ied(self).observes.flatMap(section => aboutSection(section).fromOrigin()),
    ])
  }

  const routes = new Map<string, Route>()
  function about(thing: string, audience: () => Audience): Route {
    const known = routes.get(thing)
    if (known !== undefined) return known
    if (routes.size >= ROUTES_KEPT) routes.clear()
    const made = routeTo(audience)
    routes.set(thing, made)
    return made
  }

  /** Worked out when it is first asked for in a topology. */
  function routeTo(audience: () => Audience): Route {
    let version = -1
    let present: Audience = NOBODY
    let next: readonly string[] = []
    let first: readonly string[] | undefined
    function look(): void {
      if (version === feeder.version) return
      const at = feeder.version
      present = audience()
      next = treeNeighbours().filter(ied => present.has(ied))
      first = undefined
      version = at
    }
    return {
      fromOrigin() {
        look()
        first ??= [...new Set([...next, ...roots(present.members())])]
        return peersOf(first)
      },
      onward(from) {
        look()
        return peersBut(next, from)
      },
    }
  }

  const aboutSection = (section: string): Route =>
    about(`section ${section}`, () => ({
      has: ied => feeder.isDownstream(ied, section) !== 'no',
      members: () => {
        const { certain, undecided } = feeder.downstreamIeds(section)
        return new Set([...certain, ...undecided])
      },
    }))

  return {
    refresh(also = []) {
      if (isIed) links.hold(new Set([...wanted(), ...peersOf(also)]))
    },
    roots,
    fromOrigin: audience => peersOf([...treeNeighbours().filter(ied => audience.has(ied)), ...roots(audience)]),
    onward: (audience, from) =>
      peersOf(treeNeighbours().filter(ied => audience.has(ied))).filter(peer => peer !== from),
    aboutSection,
    about,
  }
}
