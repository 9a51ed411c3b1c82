// The answers for one state of all devices, each prepared when it is first needed and kept while the state lasts.

import { createFedThrough, type FedThrough } from './fed-through.ts'
import { type Graph, graphOf, groupsOf, rootless } from './graph.ts'
import { type IedPosts, type IedTree, iedTree } from './ied-tree.ts'
import { CLOSED, endStates, type Network, UNKNOWN } from './network.ts'
import { type Orientation, orient } from './orientation.ts'

/** Two answers to one question: with the unknown devices open, and with them closed. */
export interface Bounds<T> {
  readonly certain: T
  readonly possible: T
}

export interface Situation {
  readonly ends: Uint8Array
  orientation(): Orientation
  fedThrough(): FedThrough
  iedTree(): IedTree
  /** With the root above all sources. */
  graphs(): Bounds<Graph>
  /** What hangs together without the root: by vertex the number of its group. */
  groups(): Bounds<Int32Array>
}

/** @param rest orientation in the normal state */
export function situationOf(network: Network, posts: IedPosts, rest: Orientation, positions: Uint8Array): Situation {
  const ends = endStates(network, positions)
  const orientation = once(() => orient(network, ends))
  return {
    ends,
    orientation,
    fedThrough: once(() => createFedThrough(network, ends, () => orientation().connected, posts.at.keys())),
    iedTree: once(() => iedTree(network, posts, orientation(), rest)),
    graphs: once(() => bounds(ends, least => graphOf(network, ends, least))),
    groups: once(() => bounds(ends, least => groupsOf(rootless(network, ends, least)))),
  }
}

/** Computes once where nothing is unknown. */
export function bounds<T>(ends: Uint8Array, compute: (least: number) => T): Bounds<T> {
  const certain = compute(CLOSED)
  return { certain, possible: ends.includes(UNKNOWN) ? compute(UNKNOWN) : certain }
}

export function once<T>(compute: () => T): () => T {
  let result: { readonly value: T } | undefined
  return () => {
    result ??= { value: compute() }
    return result.value
  }
}
