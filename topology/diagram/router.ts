// Finds a way around what is already drawn, for sections that no layout places: ties, loops, oblique lines.
//
// Cheapest way on a grid (Dijkstra, with the direction as part of the state): each step costs, a bend costs more, crossing
// a line costs more still, and running along a line or through a node is not allowed.

import { at, type Box, type Point } from './geometry.ts'

const GRID = 13
const BEND = 4
const CROSSING = 9
/** A grid larger than this is not searched; the caller draws a straight line then. */
const MOST_CELLS = 400_000
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const

export interface Router {
  /** A line of level and upright legs that later ways keep off. */
  addLine(points: readonly Point[]): void
  /** A place that no way leads through. */
  addObstacle(box: Box): void
  /**
   * @param through obstacles as they were added that do not stand in this way: those at its own ends
   * @returns the way with both ends, or undefined where there is none
   */
  route(from: Point, to: Point, through: readonly Box[]): Point[] | undefined
}

/** @param area what the ways may use */
export function createRouter(area: Box): Router {
  const columns = Math.ceil((area.right - area.left) / GRID) + 1
  const rows = Math.ceil((area.bottom - area.top) / GRID) + 1
  const usable = columns * rows <= MOST_CELLS
  /** How many obstacles stand on each cell. */
  const blocked = new Uint16Array(usable ? columns * rows : 0)
  /** Bit 1: a level line runs here, bit 2: an upright one. */
  const lines = new Uint8Array(usable ? columns * rows : 0)
  const column = (x: number): number => Math.min(columns - 1, Math.max(0, Math.round((x - area.left) / GRID)))
  const row = (y: number): number => Math.min(rows - 1, Math.max(0, Math.round((y - area.top) / GRID)))

  function eachCell(box: Box, visit: (cell: number) => void): void {
    if (!usable) return
    for (let r = row(box.top); r <= row(box.bottom); r++) {
      for (let c = column(box.left); c <= column(box.right); c++) visit(r * columns + c)
    }
  }

  function addLine(points: readonly Point[]): void {
    points.slice(1).forEach((to, index) => {
      const from = points[index] as Point
      const bit = Math.abs(to.x - from.x) >= Math.abs(to.y - from.y) ? 1 : 2
      const box = {
        left: Math.min(from.x, to.x),
        right: Math.max(from.x, to.x),
        top: Math.min(from.y, to.y),
        bottom: Math.max(from.y, to.y),
      }
      eachCell(box, cell => {
        lines[cell] = (lines[cell] ?? 0) | bit
      })
    })
  }

  function route(from: Point, to: Point, through: readonly Box[]): Point[] | undefined {
    if (!usable) return undefined
    for (const box of through) block(box, -1)
    const found = search(from, to)
    for (const box of through) block(box, 1)
    return found
  }

  function block(box: Box, by: 1 | -1): void {
    eachCell(box, cell => {
      blocked[cell] = (blocked[cell] ?? 0) + by
    })
  }

  function search(from: Point, to: Point): Point[] | undefined {
    const start = row(from.y) * columns + column(from.x)
    const goal = row(to.y) * columns + column(to.x)
    const cost = new Float64Array(columns * rows * 4).fill(Number.POSITIVE_INFINITY)
    const cameFrom = new Int32Array(columns * rows * 4).fill(-1)
    const queue = createQueue()
    for (let direction = 0; direction < 4; direction++) {
      cost[start * 4 + direction] = 0
      queue.push(start * 4 + direction, 0)
    }
    for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
      const cell = state >> 2
      if (cell === goal) return corners(state, cameFrom, from, to)
      STEPS.forEach(([dx, dy], direction) => {
        const c = (cell % columns) + dx
        const r = Math.floor(cell / columns) + dy
        if (c < 0 || r < 0 || c >= columns || r >= rows) return
        const next = r * columns + c
        const own = dx === 0 ? 2 : 1
        const line = lines[next] ?? 0
        const isAlongLine = ((lines[cell] ?? 0) & line & own) > 0
        if (isAlongLine || (blocked[next] ?? 0) > 0) return
        const bend = direction === (state & 3) ? 0 : cell === start ? 0 : BEND
        const total = (cost[state] as number) + 1 + bend + (line > 0 ? CROSSING : 0)
        const nextState = next * 4 + direction
        if (total >= (cost[nextState] as number)) return
        cost[nextState] = total
        cameFrom[nextState] = state
        queue.push(nextState, total)
      })
    }
    return undefined
  }

  function corners(end: number, cameFrom: Int32Array, from: Point, to: Point): Point[] {
    const cells: number[] = []
    for (let state = end; state >= 0; state = cameFrom[state] as number) cells.push(state >> 2)
    cells.reverse()
    const points = cells.map(cell =>
      at(area.left + (cell % columns) * GRID, area.top + Math.floor(cell / columns) * GRID),
    )
    return fitted(points, from, to)
  }

  return {
    addLine,
    addObstacle: box => block(box, 1),
    route,
  }
}

/** The corners alone, with the first and last leg moved onto the exact ends. */
function fitted(points: readonly Point[], from: Point, to: Point): Point[] {
  const corner = points.filter((point, index) => {
    const before = points[index - 1]
    const after = points[index + 1]
    if (!before || !after) return true
    return (before.x === point.x) !== (point.x === after.x)
  })
  if (corner.length < 3) {
    const isStraight = Math.abs(from.x - to.x) < 0.5 || Math.abs(from.y - to.y) < 0.5
    if (isStraight) return [from, to]
    const [one, other] = [points[0], points.at(-1)]
    const isLevel = one?.y === other?.y
    const middle = isLevel ? at((from.x + to.x) / 2, 0).x : (from.y + to.y) / 2
    return isLevel ? [from, at(middle, from.y), at(middle, to.y), to] : [from, at(from.x, middle), at(to.x, middle), to]
  }
  const moved = corner.map(({ x, y }) => ({ x, y }))
  snapEnd(moved, 0, 1, from)
  snapEnd(moved, moved.length - 1, moved.length - 2, to)
  return moved
}

function snapEnd(points: { x: number; y: number }[], end: number, next: number, exact: Point): void {
  const last = points[end] as { x: number; y: number }
  const corner = points[next] as { x: number; y: number }
  if (last.x === corner.x) corner.x = exact.x
  else corner.y = exact.y
  last.x = exact.x
  last.y = exact.y
}

/** A binary heap; equal costs leave in the order of arrival, so that the same input gives the same picture. */
function createQueue(): { push(state: number, cost: number): void; pop(): number | undefined } {
  const heap: { readonly state: number; readonly cost: number; readonly order: number }[] = []
  let arrived = 0
  const isBefore = (one: number, other: number): boolean => {
    const [a, b] = [heap[one], heap[other]]
    if (!a || !b) return false
    return a.cost < b.cost || (a.cost === b.cost && a.order < b.order)
  }
  const swap = (one: number, other: number): void => {
    const [a, b] = [heap[one], heap[other]]
    if (!a || !b) return
    heap[one] = b
    heap[other] = a
  }
  return {
    push(state, cost) {
      heap.push({ state, cost, order: arrived++ })
      for (let index = heap.length - 1; index > 0; ) {
        const above = (index - 1) >> 1
        if (!isBefore(index, above)) break
        swap(index, above)
        index = above
      }
    },
    pop() {
      const first = heap[0]
      const last = heap.pop()
      if (first === undefined || last === undefined) return undefined
      if (heap.length > 0) {
        heap[0] = last
        for (let index = 0; ; ) {
          const [one, other] = [2 * index + 1, 2 * index + 2]
          const least = isBefore(other, one) ? other : one
          if (!isBefore(least, index)) break
          swap(least, index)
          index = least
        }
      }
      return first.state
    },
  }
}
