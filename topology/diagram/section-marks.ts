// Where the symbols of a section stand on its line: devices near the end that they belong to, the rest in between.

import type { Mark, SectionContent } from './content.ts'
import { along, legsOf, type Point, totalLength } from './geometry.ts'
import { element, number } from './svg.ts'
import { REACH, symbol } from './symbols.ts'

/** From the node to the first symbol, and from one symbol to the next. */
export const FIRST = 27
export const NEXT = 34

export const marksOf = ({ from, middle, to }: SectionContent): Mark[] => [...from, ...middle, ...to]

export interface PlacedMark {
  readonly mark: Mark
  readonly point: Point
  readonly isUpright: boolean
  readonly svg: string
}

export function marksOnRoute(section: SectionContent, route: readonly Point[]): PlacedMark[] {
  const { from, middle, to } = section
  const length = totalLength(route)
  const [first, last] = [offsets(from.length), offsets(to.length)]
  const between = [
    (first.at(-1) ?? 0) + (from.length > 0 ? 14 : 0),
    length - (last.at(-1) ?? 0) - (to.length > 0 ? 14 : 0),
  ] as const
  return [
    ...from.map((mark, index) =>
      placedMark(mark, route, squeezed(first[index] as number, length, marksOf(section).length)),
    ),
    ...middle.map((mark, index) =>
      placedMark(mark, route, between[0] + ((between[1] - between[0]) * (index + 1)) / (middle.length + 1)),
    ),
    ...to.map((mark, index) =>
      placedMark(mark, route, length - squeezed(last[index] as number, length, marksOf(section).length)),
    ),
  ]
}

const offsets = (count: number): number[] => Array.from({ length: count }, (_, index) => FIRST + index * NEXT)

/** On a line that turned out too short, symbols stand closer. */
export function squeezed(offset: number, length: number, count: number): number {
  const wanted = 2 * FIRST + (count - 1) * NEXT
  return length >= wanted ? offset : (offset * length) / wanted
}

function placedMark(mark: Mark, route: readonly Point[], distance: number): PlacedMark {
  const { point, angle } = offBend(route, distance)
  const isUpright = runsUpright(angle)
  const turned = isUpright ? 90 : Math.abs(angle) > 170 ? 0 : angle
  const svg = element(
    'g',
    {
      transform: `translate(${number(point.x)} ${number(point.y)}) rotate(${Math.round(turned)})`,
    },
    symbol(mark, turned),
  )
  return { mark, point, isUpright, svg }
}

/** A symbol does not stand on a bend: it moves to the nearest place that is clear of it. */
export function offBend(route: readonly Point[], distance: number): ReturnType<typeof along> {
  const clear = REACH + 4
  let passed = 0
  for (const { from, to } of legsOf(route).slice(0, -1)) {
    passed += Math.hypot(to.x - from.x, to.y - from.y)
    if (Math.abs(passed - distance) < clear) {
      const before = passed - clear
      return along(route, before > 14 && distance <= passed ? before : passed + clear)
    }
  }
  return along(route, distance)
}

/** @param angle in degrees */
export const runsUpright = (angle: number): boolean => Math.abs(Math.sin((angle * Math.PI) / 180)) > 0.7
