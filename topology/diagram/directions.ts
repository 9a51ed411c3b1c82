// Which way each section leaves its node on the drawing: east, south, west or north, or none of them.
//
// A way that is nearly level or upright by the coordinates is made so. Each node has one port to each side; where two
// sections want the same, the one that fits worse takes a free one if little hangs on it, or none and is routed later.

import type { SectionEntry } from '../feeder-file.ts'
import type { SpanningTree } from '../spanning-tree.ts'
import { medianLength } from './coordinates.ts'
import { at, lengthOf, type Point } from './geometry.ts'

export type Direction = 0 | 1 | 2 | 3 // east, south, west, north
const ALL: readonly Direction[] = [0, 1, 2, 3]
const UNIT = [at(1, 0), at(0, 1), at(-1, 0), at(0, -1)] as const
export const opposite = (direction: Direction): Direction => ((direction + 2) % 4) as Direction

/** Of slope to length: a way this far off level or upright is oblique. */
const NEARLY = 0.42
/** As NEARLY, for a section that is no branch: it must be straight already. */
const STRAIGHT = 0.1
/** A lateral of so many nodes may be drawn to another side than it has by its coordinates. */
const MOST_MOVED = 4
/** A way shorter than this share of the median has no direction of its own; one that was moved is so long. */
const TINY = 0.02
const MOVED_LENGTH = 0.3

/** A section that leaves `near` in a direction, or obliquely when it has none. */
export interface Way {
  readonly near: string
  readonly far: string
  readonly section: SectionEntry
  readonly direction: Direction | undefined
}

export interface Directed {
  /** The branches, each from its parent, then the other sections. */
  readonly ways: readonly Way[]
  /** The coordinates, with what was drawn to another side moved there. */
  readonly points: ReadonlyMap<string, Point>
}

/** @param withTies whether sections that are no branch are to be level and upright too where they can */
export function directed(tree: SpanningTree, given: ReadonlyMap<string, Point>, withTies: boolean): Directed {
  const median = medianLength(tree, given)
  const points = new Map(given)
  const taken = new Map<string, Set<Direction>>(tree.order.map(node => [node, new Set()]))
  const directions = new Map<string, Direction | undefined>()
  const pointOf = (node: string): Point => points.get(node) as Point

  for (const above of tree.order) {
    const wishes = (tree.children.get(above) ?? []).map(({ node }) => {
      const length = lengthOf(pointOf(above), pointOf(node))
      return { node, ...nearestSide(pointOf(above), pointOf(node)), isTiny: length <= TINY * median }
    })
    wishes.sort((one, other) => Number(one.isTiny) - Number(other.isTiny) || one.error - other.error)
    for (const { node, direction, error, isTiny } of wishes) {
      const used = taken.get(above) as Set<Direction>
      const isFree = !isTiny && error <= NEARLY && !used.has(direction)
      const port = isFree ? direction : isTiny || isSmall(node) ? freePort(above, used) : undefined
      if (port !== undefined && !isFree) move(node, above, port)
      take(node, above, port)
    }
  }
  const branches = [...tree.parent].map(
    ([far, { node: near, section }]): Way => ({ near, far, section, direction: directions.get(far) }),
  )
  return { ways: [...branches, ...tree.others.map(tieWay)], points }

  function tieWay(section: SectionEntry): Way {
    const { from: near, to: far } = section
    const { direction, error } = nearestSide(pointOf(near), pointOf(far))
    const isFree = !taken.get(near)?.has(direction) && !taken.get(far)?.has(opposite(direction))
    if (!withTies || !isFree || error > STRAIGHT) return { near, far, section, direction: undefined }
    taken.get(near)?.add(direction)
    taken.get(far)?.add(opposite(direction))
    return { near, far, section, direction }
  }

  function take(node: string, above: string, direction: Direction | undefined): void {
    directions.set(node, direction)
    if (direction === undefined) return
    taken.get(above)?.add(direction)
    taken.get(node)?.add(opposite(direction))
  }

  /** Straight on when that is free. */
  function freePort(above: string, used: ReadonlySet<Direction>): Direction | undefined {
    const incoming = directions.get(above)
    const preferred = incoming === undefined ? ALL : [incoming, ...ALL]
    return preferred.find(direction => !used.has(direction))
  }

  function below(node: string): string[] {
    const found = [node]
    for (const each of found) {
      if (found.length > MOST_MOVED) break
      found.push(...(tree.children.get(each) ?? []).map(child => child.node))
    }
    return found
  }

  function isSmall(node: string): boolean {
    return below(node).length <= MOST_MOVED
  }

  function move(node: string, above: string, direction: Direction): void {
    const length = Math.max(MOVED_LENGTH * median, lengthOf(pointOf(above), pointOf(node)))
    const [from, unit] = [pointOf(above), UNIT[direction]]
    const [dx, dy] = [from.x + unit.x * length - pointOf(node).x, from.y + unit.y * length - pointOf(node).y]
    const moved = isSmall(node) ? below(node) : [node]
    for (const each of moved) points.set(each, at(pointOf(each).x + dx, pointOf(each).y + dy))
  }
}

function nearestSide(from: Point, to: Point): { direction: Direction; error: number } {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const isLevel = Math.abs(dx) >= Math.abs(dy)
  const error = isLevel ? Math.abs(dy) / Math.max(Math.abs(dx), 1e-12) : Math.abs(dx) / Math.max(Math.abs(dy), 1e-12)
  const direction = isLevel ? (dx >= 0 ? 0 : 2) : dy >= 0 ? 1 : 3
  return { direction, error }
}
