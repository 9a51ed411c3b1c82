// The one-line diagram of a feeder, as an SVG that needs nothing besides itself.

import type { Feeder } from '../feeder.ts'
import { draw } from './drawing.ts'
import { inShownState } from './live-state.ts'
import type { DiagramOptions } from './options.ts'
import { plain, sheet } from './sheet.ts'

export type { DiagramOptions, FaultPlace, Overlay } from './options.ts'

/**
 * Draws a feeder as a one-line diagram: sections coloured by zone, switching devices in their position, IEDs, loads with
 * their power and customers. The same feeder gives the same text.
 *
 * Labels thin out as the feeder grows: above 160 nodes only devices are named, above 1200 nothing.
 *
 * @returns a whole `<svg>` element, usable as a file and inside HTML; it names no font, picture or script from elsewhere
 */
export function oneLineDiagram(feeder: Feeder, options: DiagramOptions = {}): string {
  const shown = inShownState(feeder, options)
  const drawing = draw(shown, options)
  return options.format === 'plain' ? plain(drawing, options.title ?? feeder.file.name) : sheet(shown, drawing, options)
}
