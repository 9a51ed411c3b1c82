// What every way to arrange a feeder returns, and how much room it must leave.

import type { SectionEntry } from '../feeder-file.ts'
import type { Point } from './geometry.ts'

export interface Layout {
  readonly nodes: ReadonlyMap<string, Point>
  /** Nodes drawn as an upright bar, with the ends of the bar; the others are dots. */
  readonly bars: ReadonlyMap<string, { readonly top: number; readonly bottom: number }>
  /** Straight sections, from their `from` to their `to`. */
  readonly routes: ReadonlyMap<string, readonly Point[]>
  /** Sections that are still to find a way around the others. */
  readonly unrouted: readonly SectionEntry[]
}

export interface Room {
  /** Length that a section needs for its symbols and their names. */
  section(section: SectionEntry): number
  /** Between rows of the tree, and between things side by side that have nothing to do with each other. */
  readonly row: number
  readonly column: number
}
