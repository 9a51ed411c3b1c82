// Places for what hangs on a node or along a section: a stub, the symbol at its end, and the words beside it.

import type { Mark } from './content.ts'
import { at, type Box, boxOfLine, type Point } from './geometry.ts'
import type { Candidate } from './settle.ts'
import { element, pathData } from './svg.ts'
import { extentOf, symbol } from './symbols.ts'
import { type Anchor, boxOfWords, sizeOf, writeWords } from './words.ts'

/** A node on the drawing: a bar, or a dot when both ends are the same. */
export interface Post {
  readonly x: number
  readonly y: number
  readonly top: number
  readonly bottom: number
}

interface Stub {
  readonly points: readonly Point[]
  /** Of the last leg. */
  readonly angle: number
  readonly cost: number
}

/** @param colour of the stub: the node's zone */
export function hangingOnNode(mark: Mark, post: Post, colour: string): Candidate[] {
  return stubsAt(post, mark.kind === 'source').flatMap(stub => withWords(mark, stub, colour))
}

export function hangingOnSection(mark: Mark, point: Point, isUpright: boolean, colour: string): Candidate[] {
  const angles = isUpright ? [0, 180] : [90, -90]
  const stubs = angles.flatMap((angle, index) =>
    [15, 30].map((length, more) => ({
      points: [point, step(point, angle, length)],
      angle,
      cost: index * 2 + more * 4,
    })),
  )
  return stubs.flatMap(stub => withWords(mark, stub, colour))
}

function stubsAt({ x, y, top, bottom }: Post, isSource: boolean): Stub[] {
  const ends: [number, Point, number][] = [
    [90, at(x, bottom), isSource ? 3 : bottom > y ? 4 : 0],
    [-90, at(x, top), isSource ? 1 : top < y ? 5 : 2],
    [0, at(x, y), 4],
    [180, at(x, y), isSource ? 0 : 5],
  ]
  const straight = ends.flatMap(([angle, from, cost]) =>
    [15, 26, 40].map((length, more) => ({ points: [from, step(from, angle, length)], angle, cost: cost + more * 3 })),
  )
  const elbows = ends.slice(0, 2).flatMap(([angle, from, cost]) =>
    [-1, 1].flatMap(side =>
      [34, 52].map((width, more) => {
        const out = step(from, angle, 9)
        const corner = at(out.x + side * width, out.y)
        return { points: [from, out, corner, step(corner, angle, 10)], angle, cost: cost + 9 + more * 3 }
      }),
    ),
  )
  const oblique = [
    [45, bottom],
    [135, bottom],
    [-45, top],
    [-135, top],
  ].flatMap(([angle = 0, from = y]) =>
    [24, 40].map((length, more) => ({
      points: [at(x, from), step(at(x, from), angle, length)],
      angle,
      cost: 13 + more * 3,
    })),
  )
  return [...straight, ...elbows, ...oblique, ...sideways({ x, y, top, bottom })]
}

/** From the middle of a long bar, between two of its sections. */
function sideways({ x, top, bottom }: Post): Stub[] {
  if (bottom - top < 60) return []
  return [0.5, 0.25, 0.75].flatMap((share, index) => {
    const from = at(x, top + (bottom - top) * share)
    return [180, 0].map((angle, side) => ({ points: [from, step(from, angle, 14)], angle, cost: 3 + index * 2 + side }))
  })
}

function withWords(mark: Mark, { points, angle, cost }: Stub, colour: string): Candidate[] {
  const end = points.at(-1) as Point
  const { length, halfWidth } = extentOf(mark.kind)
  const tip = step(end, angle, length)
  const bodies: Box[] = [
    ...points.slice(1).map((to, index) => boxOfLine(away(points[index] as Point, to, index === 0 ? 5 : 0), to, 2)),
    boxOfLine(end, tip, halfWidth),
  ]
  return wordPlaces(mark, end, tip, angle, halfWidth).map(({ corner, anchor, extra }) => ({
    boxes: [...bodies, boxOfWords(mark.words, corner, anchor)],
    cost: cost + extra,
    draw: () =>
      element('path', { d: pathData(points), fill: 'none', stroke: colour, 'stroke-width': 1.6 }) +
      element('g', { transform: `translate(${round(end.x)} ${round(end.y)}) rotate(${angle})` }, symbol(mark, angle)) +
      writeWords(mark.words, corner, anchor),
  }))
}

function wordPlaces(mark: Mark, end: Point, tip: Point, angle: number, halfWidth: number) {
  const { height } = sizeOf(mark.words)
  const middle = at((end.x + tip.x) / 2, (end.y + tip.y) / 2)
  const right = { corner: at(middle.x + halfWidth + 4, middle.y - height / 2), anchor: 'start' as Anchor, extra: 2 }
  const left = { corner: at(middle.x - halfWidth - 4, middle.y - height / 2), anchor: 'end' as Anchor, extra: 3 }
  const below = { corner: at(middle.x, Math.max(end.y, tip.y) + 3), anchor: 'middle' as Anchor, extra: 0 }
  const above = { corner: at(middle.x, Math.min(end.y, tip.y) - 3 - height), anchor: 'middle' as Anchor, extra: 0 }
  if (angle === 0) {
    return [
      { ...right, corner: at(tip.x + 4, tip.y - height / 2), extra: 0 },
      { ...below, corner: at(middle.x, middle.y + halfWidth + 3), extra: 3 },
      { ...above, corner: at(middle.x, middle.y - halfWidth - 3 - height), extra: 3 },
    ]
  }
  if (angle === 180) {
    return [
      { ...left, corner: at(tip.x - 4, tip.y - height / 2), extra: 0 },
      { ...below, corner: at(middle.x, middle.y + halfWidth + 3), extra: 3 },
      { ...above, corner: at(middle.x, middle.y - halfWidth - 3 - height), extra: 3 },
    ]
  }
  return [angle > 0 ? below : above, right, left]
}

/** A little away from where the stub begins, which stands on something. */
function away(from: Point, to: Point, by: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1
  return at(from.x + ((to.x - from.x) * by) / length, from.y + ((to.y - from.y) * by) / length)
}

function step(from: Point, angle: number, length: number): Point {
  const radians = (angle * Math.PI) / 180
  return at(from.x + length * Math.cos(radians), from.y + length * Math.sin(radians))
}

const round = (value: number): number => Math.round(value * 100) / 100
