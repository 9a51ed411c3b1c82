// The drawing that the coordinates ask for, made level and upright and with room for every symbol.
//
// Nodes joined by level sections share a row, those joined by upright ones a column. Rows and columns keep their order,
// and are moved apart until each section has its length and nothing stands too near to anything else: the longest way
// through a graph of "at least so far to the right of", first for columns, then for rows, where what overlaps is known.

import type { FeederFile, SectionEntry } from '../feeder-file.ts'
import type { SpanningTree } from '../spanning-tree.ts'
import { coordinatesOf, medianLength } from './coordinates.ts'
import { type Direction, directed, type Way } from './directions.ts'
import { at, type Point } from './geometry.ts'
import type { Layout, Room } from './layout.ts'

/**
 * @param withTies see `directed`
 * @returns undefined without usable coordinates, or where they contradict a drawing of level and upright lines
 */
export function coordinateLayout(
  file: FeederFile,
  tree: SpanningTree,
  room: Room,
  withTies: boolean,
): Layout | undefined {
  const given = coordinatesOf(file, tree)
  if (given === undefined) return undefined
  const { ways, points } = directed(tree, given, withTies)
  const unit = room.column / medianLength(tree, points)
  const columns = lines(tree, points, ways, 'x')
  const rows = lines(tree, points, ways, 'y')
  const x = spaced(columns, unit, room, sectionsAlong(ways, [0, 2]), apartInX())
  if (x === undefined) return undefined
  const y = spaced(rows, unit, room, sectionsAlong(ways, [1, 3]), apartInY(x))
  if (y === undefined) return undefined
  const nodes = new Map(tree.order.map(node => [node, at(x(node), y(node))]))
  return joined(ways, nodes)

  /** Nodes of one row keep a column's distance, whatever joins them. */
  function apartInX(): Apart {
    return (one, other) => (rows.lineOf(one) === rows.lineOf(other) ? room.column : 0)
  }

  /** Rows whose nodes are over one another keep a row's distance. */
  function apartInY(where: (node: string) => number): Apart {
    return (one, other) => {
      const distance = Math.abs(where(one) - where(other))
      return distance < room.column * 0.8 ? room.row : 0
    }
  }
}

/** Nodes where they are, joined by straight lines, for feeders too large to be drawn otherwise. */
export function mapLayout(file: FeederFile, tree: SpanningTree, room: Room): Layout | undefined {
  const points = coordinatesOf(file, tree)
  if (points === undefined) return undefined
  const unit = room.column / medianLength(tree, points)
  const nodes = new Map([...points].map(([node, { x, y }]) => [node, at(x * unit, y * unit)]))
  const routes = new Map(
    file.sections.map(({ name, from, to }) => [name, [nodes.get(from) as Point, nodes.get(to) as Point]]),
  )
  return { nodes, bars: new Map(), routes, unrouted: [] }
}

type Apart = (one: string, other: string) => number

/** Rows or columns: nodes that share one, in order. */
interface Lines {
  readonly order: readonly { readonly nodes: readonly string[]; readonly raw: number }[]
  lineOf(node: string): number
}

function lines(tree: SpanningTree, points: ReadonlyMap<string, Point>, ways: readonly Way[], axis: 'x' | 'y'): Lines {
  const top = new Map<string, string>()
  const topOf = (node: string): string => {
    let here = node
    for (let above = top.get(here); above !== undefined; above = top.get(here)) here = above
    return here
  }
  for (const { near, far, direction } of ways) {
    if (direction === undefined) continue
    const sharesX = direction % 2 === 1
    if (sharesX === (axis === 'x') && topOf(far) !== topOf(near)) top.set(topOf(far), topOf(near))
  }
  const members = new Map<string, string[]>()
  for (const node of tree.order) members.set(topOf(node), [...(members.get(topOf(node)) ?? []), node])
  const order = [...members.values()]
    .map(nodes => ({
      nodes,
      raw: nodes.reduce((sum, node) => sum + (points.get(node) as Point)[axis], 0) / nodes.length,
    }))
    .sort((one, other) => one.raw - other.raw)
  const number = new Map(order.flatMap(({ nodes }, index) => nodes.map(node => [node, index] as const)))
  return { order, lineOf: node => number.get(node) as number }
}

interface Along {
  readonly near: string
  readonly far: string
  readonly section: SectionEntry
}

/** Sections along one axis, from the lower coordinate to the higher. */
function sectionsAlong(ways: readonly Way[], [up, down]: readonly [Direction, Direction]): Along[] {
  return ways.flatMap(({ near, far, section, direction }) => {
    if (direction === up) return [{ near, far, section }]
    return direction === down ? [{ near: far, far: near, section }] : []
  })
}

/** A row or column is never further from the one before than this many times the usual distance. */
const MOST_STRETCH = 1.6

function spaced(
  { order, lineOf }: Lines,
  unit: number,
  room: Room,
  sections: readonly Along[],
  apart: Apart,
): ((node: string) => number) | undefined {
  const wants = order.map((): { readonly from: number; readonly distance: number }[] => [])
  for (const { near, far, section } of sections) {
    const [from, to] = [lineOf(near), lineOf(far)]
    if (from >= to) return undefined
    wants[to]?.push({ from, distance: room.section(section) })
  }
  const position: number[] = []
  order.forEach(({ nodes, raw }, index) => {
    const before = order[index - 1]
    let place = before
      ? (position[index - 1] as number) + Math.min((raw - before.raw) * unit * 0.5, room.column * MOST_STRETCH)
      : 0
    for (const { from, distance } of wants[index] ?? []) place = Math.max(place, (position[from] as number) + distance)
    for (let other = index - 1; other >= 0; other--) {
      for (const one of nodes) {
        for (const two of order[other]?.nodes ?? []) {
          const distance = apart(one, two)
          if (distance > 0) place = Math.max(place, (position[other] as number) + distance)
        }
      }
    }
    position.push(place)
  })
  return node => position[lineOf(node)] as number
}

function joined(ways: readonly Way[], nodes: ReadonlyMap<string, Point>): Layout {
  const straight = ways.filter(({ direction }) => direction !== undefined)
  const routes = new Map(
    straight.map(({ section }) => [section.name, [nodes.get(section.from) as Point, nodes.get(section.to) as Point]]),
  )
  const unrouted = ways.filter(({ direction }) => direction === undefined).map(({ section }) => section)
  return { nodes, bars: new Map(), routes, unrouted }
}
