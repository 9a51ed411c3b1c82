// Where nodes are said to be: coordinates of the file, with what is missing filled in from the neighbours.

import type { FeederFile } from '../feeder-file.ts'
import type { SpanningTree } from '../spanning-tree.ts'
import { at, lengthOf, type Point } from './geometry.ts'

/** A feeder with fewer of its nodes placed than this share has no usable coordinates. */
const ENOUGH = 0.6

/** Coordinates with y downward; undefined when too few nodes have them. Those guessed are near their parents. */
export function coordinatesOf(file: FeederFile, tree: SpanningTree): Map<string, Point> | undefined {
  const drawn = new Map(
    file.nodes.flatMap(({ name, drawnAt }) => (drawnAt ? [[name, at(drawnAt[0], -drawnAt[1])]] : [])),
  )
  const given = drawn.size >= ENOUGH * file.nodes.length ? drawn : places(file)
  if (given.size < ENOUGH * file.nodes.length || given.size < 2) return undefined
  const points = new Map<string, Point>(given as Map<string, Point>)
  const known = nearestKnownBelow(tree, points)
  for (const node of tree.order) {
    if (points.has(node)) continue
    const below = known.get(node)
    const parent = tree.parent.get(node)?.node
    const above = parent === undefined ? undefined : points.get(parent)
    if (above && below) {
      const share = 1 / (below.steps + 1)
      points.set(node, at(above.x + (below.point.x - above.x) * share, above.y + (below.point.y - above.y) * share))
    } else {
      const beside = above ?? below?.point
      if (beside === undefined) return undefined
      points.set(node, beside)
    }
  }
  return points
}

/** Places on earth, flat: a degree of longitude is shorter by the cosine of the latitude. */
function places(file: FeederFile): Map<string, Point> {
  const placed = file.nodes.flatMap(({ name, place }) => (place ? [{ name, place }] : []))
  const middle = placed.reduce((sum, { place }) => sum + place[0], 0) / Math.max(1, placed.length)
  const shrink = Math.cos((middle * Math.PI) / 180)
  return new Map(placed.map(({ name, place: [latitude, longitude] }) => [name, at(longitude * shrink, -latitude)]))
}

function nearestKnownBelow(
  tree: SpanningTree,
  points: ReadonlyMap<string, Point>,
): Map<string, { readonly point: Point; readonly steps: number }> {
  const known = new Map<string, { readonly point: Point; readonly steps: number }>()
  for (const node of [...tree.order].reverse()) {
    const own = points.get(node)
    const here = own ? { point: own, steps: 0 } : known.get(node)
    const parent = tree.parent.get(node)?.node
    if (!here || parent === undefined) continue
    const soFar = known.get(parent)
    if (!soFar || here.steps + 1 < soFar.steps) known.set(parent, { point: here.point, steps: here.steps + 1 })
  }
  return known
}

export function medianLength(tree: SpanningTree, points: ReadonlyMap<string, Point>): number {
  const lengths = [...tree.parent]
    .map(([node, { node: above }]) => lengthOf(points.get(node) as Point, points.get(above) as Point))
    .filter(length => length > 0)
    .sort((one, other) => one - other)
  return lengths[Math.floor(lengths.length / 2)] ?? 1
}
