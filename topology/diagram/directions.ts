// Which way each section leaves its node on the drawing: east, south, west or north, or none of them.
//
// A way that is nearly level or upright by the coordinates is made so. Each node has one port to each side; where two
// sections want the same, the one that fits worse takes a free one beside it, or none and is routed later.

import type { SpanningTree } from '../spanning-tree.ts'
import { medianLength } from './coordinates.ts'
import { lengthOf, type Point } from './geometry.ts'

export type Direction = 0 | 1 | 2 | 3 // east, south, west, north
const ALL: readonly Direction[] = [0, 1, 2, 3]
export const opposite = (direction: Direction): Direction => ((direction + 2) % 4) as Direction

/** Of slope to length: a way this far off level or upright is oblique. */
const NEARLY = 0.42

/** By the node at the far end of each branch: the direction from its parent, or undefined for an oblique one. */
export function directionsOf(
  tree: SpanningTree,
  points: ReadonlyMap<string, Point>,
): Map<string, Direction | undefined> {
  const tiny = medianLength(tree, points) * 0.02
  const taken = new Map<string, Set<Direction>>(tree.order.map(node => [node, new Set()]))
  const directions = new Map<string, Direction | undefined>()
  const take = (node: string, above: string, direction: Direction | undefined): void => {
    directions.set(node, direction)
    if (direction === undefined) return
    taken.get(above)?.add(direction)
    taken.get(node)?.add(opposite(direction))
  }

  for (const above of tree.order) {
    const wishes = (tree.children.get(above) ?? []).map(({ node }) => {
      const from = points.get(above) as Point
      const to = points.get(node) as Point
      return { node, ...nearestSide(from, to), length: lengthOf(from, to) }
    })
    wishes.sort((one, other) => Number(one.length <= tiny) - Number(other.length <= tiny) || one.error - other.error)
    for (const { node, direction, error, length } of wishes) {
      const used = taken.get(above) as Set<Direction>
      if (length > tiny) {
        take(node, above, error <= NEARLY && !used.has(direction) ? direction : undefined)
      } else {
        take(node, above, freePort(above, used))
      }
    }
  }
  return directions

  /** For a node whose place is not known: straight on when that is free. */
  function freePort(above: string, used: ReadonlySet<Direction>): Direction | undefined {
    const incoming = directions.get(above)
    const preferred = incoming === undefined ? ALL : [incoming, ...ALL]
    return preferred.find(direction => !used.has(direction))
  }
}

function nearestSide(from: Point, to: Point): { direction: Direction; error: number } {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const isLevel = Math.abs(dx) >= Math.abs(dy)
  const error = isLevel ? Math.abs(dy) / Math.max(Math.abs(dx), 1e-12) : Math.abs(dx) / Math.max(Math.abs(dy), 1e-12)
  const direction = isLevel ? (dx >= 0 ? 0 : 2) : dy >= 0 ? 1 : 3
  return { direction, error }
}
