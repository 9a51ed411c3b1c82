// The lines of the sections.

import type { SectionEntry } from '../feeder-file.ts'
import { part, totalLength } from './geometry.ts'
import type { Pen } from './pen.ts'
import { FIRST, marksOf, squeezed } from './section-marks.ts'
import { element, pathData } from './svg.ts'
import { DARK_COLOUR } from './zone-colours.ts'

/** By number of phases. */
export const WIDTHS: Record<number, number> = { 1: 1.3, 2: 1.9, 3: 2.7 }

/** A section in up to three parts: its ends beyond the devices belong to the zones of its nodes. */
export function sectionLines(
  { content, arrangement, colourOfNode, colourOfSection, detail, thickness }: Pen,
  section: SectionEntry,
): string {
  const route = arrangement.routes.get(section.name) ?? []
  const width = (WIDTHS[section.phases.length] ?? 2) * thickness
  const { from, to } = content.section(section.name)
  const length = totalLength(route)
  const count = marksOf(content.section(section.name)).length
  const [head, tail] =
    detail === 'lines'
      ? [0, 0]
      : [from.length > 0 ? squeezed(FIRST, length, count) : 0, to.length > 0 ? squeezed(FIRST, length, count) : 0]
  const pieces: [number, number, string][] = [
    [0, head, colourOfNode(section.from)],
    [head, length - tail, colourOfSection(section.name)],
    [length - tail, length, colourOfNode(section.to)],
  ]
  return pieces
    .filter(([start, end]) => end - start > 0.1)
    .map(([start, end, stroke]) => {
      const isWhole = start === 0 && end === length
      return element('path', {
        d: pathData(isWhole ? route : part(route, start, end)),
        stroke,
        'stroke-width': width,
        'stroke-dasharray': stroke === DARK_COLOUR ? '5 4' : undefined,
      })
    })
    .join('')
}
