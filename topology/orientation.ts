// Which way the source is.
//
// A breadth-first search from all sources at once. It first spreads through what is closed for sure, then from all that it
// reached through what may be closed. So a certain way is always taken before a doubtful one, and where a closed tie
// makes a loop the way is the one with the fewest sections (equal ones: by name), the same on every peer.

import type { FeederFile } from './feeder-file.ts'
import { across, at, CLOSED, endStates, type Network, UNKNOWN, type Vertex } from './network.ts'

export type Answer = 'yes' | 'no' | 'unknown'

export interface Orientation {
  /** Whether each vertex is connected to a source: CLOSED for sure, UNKNOWN perhaps, OPEN not. */
  readonly connected: Uint8Array
  /** The next vertex toward the source; -1 at the source and where there is no way to it. */
  readonly toward: Int32Array
  /** All vertices with a way to a source, those connected for sure first, each part nearest first. */
  readonly order: readonly Vertex[]
}

/** @param ends as `endStates` returns them */
export function orient(network: Network, ends: Uint8Array): Orientation {
  const size = network.names.length
  const connected = new Uint8Array(size)
  const toward = new Int32Array(size).fill(-1)
  const order: Vertex[] = []
  for (const { node } of network.sources) {
    if (at(connected, node) === CLOSED) continue
    connected[node] = CLOSED
    order.push(node)
  }
  for (const least of [CLOSED, UNKNOWN]) {
    for (const vertex of order) {
      for (let n = at(network.firstEnd, vertex); n < at(network.firstEnd, vertex + 1); n++) {
        const end = at(network.endsAt, n)
        if (at(ends, end) < least) continue
        const next = across(network, end, vertex)
        if (at(connected, next) !== 0) continue
        connected[next] = least
        toward[next] = vertex
        order.push(next)
      }
    }
  }
  return { connected, toward, order }
}

/**
 * Toward the source in the normal state. What is only fed through normally open devices has its way through them, so
 * that everything joined to a source at all has one.
 */
export function orientAtRest(file: Pick<FeederFile, 'devices'>, network: Network): Orientation {
  const positions = new Uint8Array(network.devices.length)
  for (const { name, normal } of file.devices) positions[network.device(name)] = normal === 'open' ? UNKNOWN : CLOSED
  return orient(network, endStates(network, positions))
}

export const answerOf = (code: number): Answer => (code === CLOSED ? 'yes' : code === UNKNOWN ? 'unknown' : 'no')

/** The vertex itself, then each one on its way to the source. */
export function* wayToSource({ toward }: Orientation, from: Vertex): Generator<Vertex> {
  for (let vertex = from; vertex >= 0; vertex = at(toward, vertex)) yield vertex
}
