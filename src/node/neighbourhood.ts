// Which peers this IED holds protection streams to, and to whom it sends or relays a message for an audience.
//
// The eager way runs along the IED tree of the live feeder: each IED sends to its children, and upwards to its parent.
// The origin also sends to those of the audience whose parent is not in it, since nobody else would relay to them.

import type { Feeder } from '../../topology/feeder.ts'
import type { Links } from '../mesh/links.ts'
import type { Messenger } from '../mesh/messenger.ts'

export interface Neighbourhood {
  /** Holds streams to the present neighbours. Call when peers or the topology change. */
  refresh(): void
  /** Peers to send to as the origin of a message for these IEDs. */
  fromOrigin(audience: ReadonlySet<string>): string[]
  /** Peers to relay to, except the one that it came from. */
  onward(audience: ReadonlySet<string>, from: string): string[]
}

export function neighbourhood(self: string, feeder: Feeder, links: Links, messenger: Messenger): Neighbourhood {
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

  const peersOf = (ieds: Iterable<string>): string[] =>
    [...new Set(ieds)].flatMap(ied => {
      const peer = messenger.peerOf(ied)
      return peer === undefined ? [] : [peer]
    })

  function wanted(): Set<string> {
    const observed = feeder.ied(self).observes.flatMap(section => {
      const { certain, undecided } = feeder.downstreamIeds(section)
      return roots(new Set([...certain, ...undecided]))
    })
    return new Set(peersOf([...treeNeighbours(), ...observed]))
  }

  return {
    refresh() {
      if (isIed) links.hold(wanted())
    },
    fromOrigin: audience => peersOf([...treeNeighbours().filter(ied => audience.has(ied)), ...roots(audience)]),
    onward: (audience, from) =>
      peersOf(treeNeighbours().filter(ied => audience.has(ied))).filter(peer => peer !== from),
  }
}
