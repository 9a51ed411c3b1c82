// Which way the source is.
//
// A breadth-first search from all sources at once. It first spreads through what is closed for sure, then from all that it
// reached through what may be closed. So a certain way is always taken before a doubtful one, and where a closed tie
// makes a loop the way is the one with the fewest sections (equal ones: by name), the same on every peer.

import type { FeederFile } from './feeder-file.ts'
import { across, type DevicePosition, endPositions, type Network, type Vertex } from './network.ts'

export type Answer = 'yes' | 'no' | 'unknown'

export interface Orientation {
  /** Whether each vertex is connected to the source. */
  readonly connected: readonly Answer[]
  /** The next vertex toward the source; undefined at the source and where there is no way to it. */
  readonly toward: readonly (Vertex | undefined)[]
  /** All vertices with a way to the source, those connected for sure first, each part nearest first. */
  readonly order: readonly Vertex[]
}

export function orient(network: Network, ends: readonly DevicePosition[]): Orientation {
  const connected: Answer[] = network.names.map(() => 'no')
  const toward: (Vertex | undefined)[] = network.names.map(() => undefined)
  const order: Vertex[] = [...new Set(network.sources)]
  for (const source of order) connected[source] = 'yes'
  spread('yes', position => position === 'closed')
  spread('unknown', position => position !== 'open')
  return { connected, toward, order }

  function spread(answer: Answer, passes: (position: DevicePosition | undefined) => boolean): void {
    for (const vertex of order) {
      for (const number of network.endsAt[vertex] ?? []) {
        const end = network.ends[number]
        if (!end || !passes(ends[number])) continue
        const next = across(end, vertex)
        if (connected[next] !== 'no') continue
        connected[next] = answer
        toward[next] = vertex
        order.push(next)
      }
    }
  }
}

/**
 * Toward the source in the normal state. What is only fed through normally open devices has its way through them, so
 * that everything joined to the source at all has one.
 */
export function orientAtRest(file: FeederFile, network: Network): Orientation {
  const positions = file.devices.map(({ name, normal }) => [name, normal === 'open' ? 'unknown' : 'closed'] as const)
  return orient(network, endPositions(network, new Map(positions)))
}

/** The vertex itself, then each one on its way to the source. */
export function* wayToSource({ toward }: Orientation, from: Vertex): Generator<Vertex> {
  for (let vertex: Vertex | undefined = from; vertex !== undefined; vertex = toward[vertex]) yield vertex
}
