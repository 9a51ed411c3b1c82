// How much room a feeder's sections, rows and columns need for what is said of them.

import type { FeederFile } from '../feeder-file.ts'
import type { Content } from './content.ts'
import type { Room } from './layout.ts'
import type { Detail } from './pen.ts'
import { marksOf, NEXT } from './section-marks.ts'
import { sizeOf } from './words.ts'

export function roomFor(file: FeederFile, detail: Detail, content: Content): Room {
  if (detail === 'lines') return { row: 12, column: 14, section: () => 14 }
  if (detail === 'devices') {
    return { row: 34, column: 34, section: ({ name }) => 34 + marksOf(content.section(name)).length * NEXT }
  }
  return {
    ...spread(file, content),
    section: ({ name }) => {
      const marks = marksOf(content.section(name))
      const widths = marks.map(({ words }) => Math.max(NEXT, sizeOf(words).width * 0.85))
      return Math.max(78, widths.reduce((sum, width) => sum + width, 0) + (marks.length > 0 ? 46 : 0))
    },
  }
}

/** Rows and columns as far apart as what hangs between them needs. */
function spread(file: FeederFile, content: Content): { row: number; column: number } {
  const hanging = file.nodes.flatMap(({ name }) => content.node(name).hanging)
  const sizes = hanging.map(({ words }) => sizeOf(words))
  return {
    row: 70 + Math.min(50, Math.max(0, ...sizes.map(({ height }) => height))),
    column: Math.min(110, 30 + Math.max(46, ...sizes.map(({ width }) => width))),
  }
}
