// What a one-line diagram may show besides the feeder itself.

import type { DevicePosition } from '../feeder.ts'

/** Where a fault is: at a node, or on a section at a share of its length, 0 at its `from` and 1 at its `to`. */
export type FaultPlace =
  | { readonly node: string; readonly label?: string }
  | { readonly section: string; readonly at: number; readonly label?: string }

/** What happened, drawn over the feeder. Names that the feeder does not have are left out. */
export interface Overlay {
  readonly faults?: readonly FaultPlace[]
  /** Devices that operated, ringed; the label says how, such as "tripped after 640 ms". */
  readonly operated?: readonly { readonly device: string; readonly label?: string }[]
  /** Sections without voltage. Absent: those that the shown positions leave without a way to a source. */
  readonly darkSections?: ReadonlySet<string>
  /** Short lines of text to put at a node, such as "0.98 pu". */
  readonly values?: ReadonlyMap<string, readonly string[]>
}

export interface DiagramOptions {
  /** In place of the feeder's name and description. */
  readonly title?: string
  /** Further lines for the title block: which file it was drawn from, at what time of a run. */
  readonly notes?: readonly string[]
  /** Positions of devices to show; what it lacks is as the feeder has it now. */
  readonly positions?: ReadonlyMap<string, DevicePosition>
  readonly overlay?: Overlay
  /**
   * `sheet`: a page of A3 landscape with frame, title block and legend. `plain`: the drawing alone, as wide as whatever it is
   * put into. By default a sheet.
   */
  readonly format?: 'sheet' | 'plain'
  /** Coordinates from the file (`drawnAt`, `place`) when every source has them, or always the tidy tree. */
  readonly arrange?: 'coordinates' | 'tree'
}
