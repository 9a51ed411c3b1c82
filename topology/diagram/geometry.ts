// Points, boxes, and the paper on which things find room.

export interface Point {
  readonly x: number
  /** Downward, as in SVG. */
  readonly y: number
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export const at = (x: number, y: number): Point => ({ x, y })

export const boxAround = ({ x, y }: Point, halfWidth: number, halfHeight = halfWidth): Box => ({
  left: x - halfWidth,
  top: y - halfHeight,
  right: x + halfWidth,
  bottom: y + halfHeight,
})

/** The box of a straight line, made as thick as `margin` on each side. */
export const boxOfLine = (one: Point, other: Point, margin: number): Box => ({
  left: Math.min(one.x, other.x) - margin,
  top: Math.min(one.y, other.y) - margin,
  right: Math.max(one.x, other.x) + margin,
  bottom: Math.max(one.y, other.y) + margin,
})

export const lengthOf = (one: Point, other: Point): number => Math.hypot(other.x - one.x, other.y - one.y)

/** The legs of a line of several points, each with its two ends. */
export function legsOf(points: readonly Point[]): { readonly from: Point; readonly to: Point }[] {
  return points.slice(1).map((to, index) => ({ from: points[index] as Point, to }))
}

/** Where a line of several points is after `distance` along it, and the leg's direction there in degrees. */
export function along(points: readonly Point[], distance: number): { readonly point: Point; readonly angle: number } {
  let rest = Math.max(0, distance)
  const legs = legsOf(points).filter(({ from, to }) => lengthOf(from, to) > 0)
  for (const [index, { from, to }] of legs.entries()) {
    const length = lengthOf(from, to)
    if (rest > length && index < legs.length - 1) {
      rest -= length
      continue
    }
    const share = Math.min(1, rest / length)
    const point = at(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share)
    return { point, angle: (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI }
  }
  return { point: points[0] ?? at(0, 0), angle: 0 }
}

export const totalLength = (points: readonly Point[]): number =>
  legsOf(points).reduce((sum, { from, to }) => sum + lengthOf(from, to), 0)

/** The part of a line of several points between two distances along it. */
export function part(points: readonly Point[], from: number, to: number): Point[] {
  const inner: Point[] = []
  let passed = 0
  for (const leg of legsOf(points)) {
    passed += lengthOf(leg.from, leg.to)
    if (passed > from + 0.01 && passed < to - 0.01) inner.push(leg.to)
  }
  return [along(points, from).point, ...inner, along(points, to).point]
}

/** What is already on the paper. Things are known by an owner, so that one can be lifted and put elsewhere. */
export interface Paper {
  /** @param weight how much worse than another thing it is to be covered: a line is thin, and yet must be seen */
  add(owner: string, box: Box, weight?: number): void
  lift(owner: string): void
  /** The area, in square units times their weight, of what a box would cover; what its own owner has there does not count. */
  covered(box: Box, owner?: string): number
}

const CELL = 64

export function createPaper(): Paper {
  const cells = new Map<string, { readonly owner: string; readonly box: Box; readonly weight: number }[]>()
  const owned = new Map<string, Box[]>()
  function* keysOf(box: Box): Generator<string> {
    for (let x = Math.floor(box.left / CELL); x <= Math.floor(box.right / CELL); x++) {
      for (let y = Math.floor(box.top / CELL); y <= Math.floor(box.bottom / CELL); y++) yield `${x} ${y}`
    }
  }
  return {
    add(owner, box, weight = 1) {
      owned.set(owner, [...(owned.get(owner) ?? []), box])
      for (const key of keysOf(box)) {
        const cell = cells.get(key)
        if (cell) cell.push({ owner, box, weight })
        else cells.set(key, [{ owner, box, weight }])
      }
    },
    lift(owner) {
      for (const box of owned.get(owner) ?? []) {
        for (const key of keysOf(box)) {
          cells.set(
            key,
            (cells.get(key) ?? []).filter(entry => entry.owner !== owner),
          )
        }
      }
      owned.delete(owner)
    },
    covered(box, owner) {
      const seen = new Set<Box>()
      let area = 0
      for (const key of keysOf(box)) {
        for (const entry of cells.get(key) ?? []) {
          if (entry.owner === owner || seen.has(entry.box)) continue
          seen.add(entry.box)
          area += overlap(box, entry.box) * entry.weight
        }
      }
      return area
    },
  }
}

function overlap(one: Box, other: Box): number {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left)
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)
  return width > 0 && height > 0 ? width * height : 0
}

export function union(boxes: Iterable<Box>): Box {
  let all: Box | undefined
  for (const box of boxes) {
    all = all
      ? {
          left: Math.min(all.left, box.left),
          top: Math.min(all.top, box.top),
          right: Math.max(all.right, box.right),
          bottom: Math.max(all.bottom, box.bottom),
        }
      : box
  }
  return all ?? { left: 0, top: 0, right: 0, bottom: 0 }
}
