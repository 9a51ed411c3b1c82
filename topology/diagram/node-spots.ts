// Nodes: dots, upright bars where laterals leave, and the thick bars of the sources.

import type { Feeder } from '../feeder.ts'
import type { Arrangement } from './arrange.ts'
import { at, type Point } from './geometry.ts'
import type { Post } from './hanging.ts'
import type { Pen } from './pen.ts'
import { element, pathData } from './svg.ts'
import { INK } from './symbols.ts'

export function postOf({ arrangement, sourceBars }: Pen, node: string): Post {
  const { x, y } = arrangement.nodes.get(node) ?? at(0, 0)
  const bar = arrangement.bars.get(node)
  const half = sourceBars.get(node)?.isUpright === true ? SOURCE_BAR : 0
  return { x, y, top: (bar?.top ?? y) - half, bottom: (bar?.bottom ?? y) + half }
}

/** Half the length that a source's bar has beyond what its sections need. */
export const SOURCE_BAR = 12

/** The bar of a source stands across the sections that leave it. */
export function barsOfSources({ file }: Feeder, { routes }: Arrangement): Map<string, { readonly isUpright: boolean }> {
  return new Map(
    file.sources.map(({ node }) => {
      const leaving = file.sections.flatMap(({ name, from, to }) => {
        const route = routes.get(name) ?? []
        const [near, next] = from === node ? route : to === node ? [...route].reverse() : []
        return near && next ? [Math.abs(next.x - near.x) >= Math.abs(next.y - near.y)] : []
      })
      return [node, { isUpright: leaving.filter(isLevel => isLevel).length * 2 >= leaving.length }]
    }),
  )
}

export function nodeSpot(pen: Pen, node: string): string {
  const { x, y, top, bottom } = postOf(pen, node)
  const colour = pen.colourOfNode(node)
  const source = pen.sourceBars.get(node)
  const isLine = pen.detail === 'lines'
  const bar = (one: Point, other: Point, stroke: string, width: number): string =>
    element('path', {
      d: pathData([one, other]),
      stroke,
      'stroke-width': width * pen.thickness,
      'stroke-linecap': 'round',
    })
  const upright = bottom > top ? bar(at(x, top), at(x, bottom), source ? INK : colour, source ? 5 : 3.4) : ''
  if (source?.isUpright === false) return bar(at(x - SOURCE_BAR, y), at(x + SOURCE_BAR, y), INK, 5) + upright
  return isLine || source ? upright : upright + element('circle', { cx: x, cy: y, r: 3.6, fill: colour })
}
