// Chooses how a feeder is laid out, and finds every section its way.

import type { FeederFile } from '../feeder-file.ts'
import { spanningTree } from '../spanning-tree.ts'
import { coordinateLayout, mapLayout } from './coordinate-layout.ts'
import { at, type Box, boxAround, boxOfLine, type Point, union } from './geometry.ts'
import type { Layout, Room } from './layout.ts'
import { createRouter } from './router.ts'
import { treeLayout } from './tree-layout.ts'

export interface Arrangement {
  readonly nodes: Layout['nodes']
  readonly bars: Layout['bars']
  /** Every section, from its `from` to its `to`. */
  readonly routes: ReadonlyMap<string, readonly Point[]>
}

export interface Wishes {
  readonly prefer: 'coordinates' | 'tree'
  /** Whether lines are to be level and upright; else a feeder with coordinates is drawn like a map. */
  readonly isLevel: boolean
  /** Where the symbols of a section come to stand on a route, so that other sections lead around them. */
  symbols(section: string, route: readonly Point[]): readonly Point[]
}

export function arrange(file: FeederFile, room: Room, { prefer, isLevel, symbols }: Wishes): Arrangement {
  const tree = spanningTree(file)
  const layout = (prefer === 'coordinates' ? drawn() : undefined) ?? treeLayout(tree, room)
  return { nodes: layout.nodes, bars: layout.bars, routes: routed(layout, room, symbols) }

  function drawn(): Layout | undefined {
    if (!isLevel) return mapLayout(file, tree, room)
    // A loop can ask for what no drawing has; the branches alone cannot so easily.
    for (const withTies of [true, false]) {
      const found = coordinateLayout(file, tree, room, withTies)
      if (found !== undefined && isClean(file, found)) return found
    }
    return undefined
  }
}

const NEAREST = 22

/** Whether no node stands on another or on a section that does not end there, and no two sections cross. */
function isClean(file: FeederFile, { nodes, routes }: Layout): boolean {
  const spots = [...nodes]
  const drawn = file.sections.flatMap(section => {
    const [from, to] = routes.get(section.name) ?? []
    return from && to ? [{ section, box: boxOfLine(from, to, 0) }] : []
  })
  return (
    spots.every(([, one], index) => spots.slice(0, index).every(([, other]) => isApart(one, other))) &&
    drawn.every(
      ({ section, box }, index) =>
        spots.every(([name, { x, y }]) => {
          if (name === section.from || name === section.to) return true
          return !touches(box, boxAround(at(x, y), NEAREST / 2))
        }) &&
        drawn.slice(0, index).every(other => {
          const shared = [other.section.from, other.section.to].some(
            node => node === section.from || node === section.to,
          )
          return shared || !touches(box, other.box)
        }),
    )
  )
}

const isApart = (one: Point, other: Point): boolean =>
  Math.abs(one.x - other.x) >= NEAREST || Math.abs(one.y - other.y) >= NEAREST

const touches = (one: Box, other: Box): boolean =>
  one.left <= other.right && other.left <= one.right && one.top <= other.bottom && other.top <= one.bottom

/** So far a way keeps off nodes and symbols. */
const CLEAR = 18
/** More sections than this to be routed, and they are drawn straight. */
const MOST_ROUTED = 60

function routed(
  { nodes, bars, routes, unrouted }: Layout,
  room: Room,
  symbols: Wishes['symbols'],
): Map<string, readonly Point[]> {
  const all = new Map(routes)
  if (unrouted.length === 0) return all
  const around = union([...nodes.values()].map(point => boxAround(point, room.column)))
  const router = unrouted.length <= MOST_ROUTED ? createRouter(around) : undefined
  const add = (section: string, points: readonly Point[]): void => {
    router?.addLine(points)
    for (const point of symbols(section, points)) router?.addObstacle(boxAround(point, CLEAR))
  }
  for (const [section, points] of routes) add(section, points)
  for (const [node, { x, y }] of nodes) {
    const bar = bars.get(node)
    router?.addObstacle(boxAround(at(x, y), CLEAR))
    if (bar && bar.bottom > bar.top) router?.addLine([at(x, bar.top), at(x, bar.bottom)])
  }
  for (const section of unrouted) {
    const [from, to] = [nodes.get(section.from), nodes.get(section.to)]
    if (!from || !to) continue
    const points = router?.route(from, to, [boxAround(from, CLEAR), boxAround(to, CLEAR)]) ?? [from, to]
    add(section.name, points)
    all.set(section.name, points)
  }
  return all
}
