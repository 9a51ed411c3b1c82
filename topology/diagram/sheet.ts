// The sheet that a drawing is put on: A3, upright or lying as suits the drawing, with a frame, and below the drawing its
// legend and title block.

import type { Feeder } from '../feeder.ts'
import type { Drawing } from './drawing.ts'
import type { Box } from './geometry.ts'
import { symbolsLegend, titleBlock, zonesLegend } from './legend.ts'
import type { DiagramOptions } from './options.ts'
import { element, escapeXml, group, number } from './svg.ts'
import { INK } from './symbols.ts'

const FONT = 'Helvetica, Arial, "Liberation Sans", sans-serif'
const MARGIN = 28

/** Height over width, and the strip below the drawing at its own scale. */
const PAPERS = [
  { ratio: Math.SQRT1_2, mm: 420, width: '420mm', height: '297mm', strip: { width: 1500, height: 150 } },
  { ratio: Math.SQRT2, mm: 297, width: '297mm', height: '420mm', strip: { width: 1240, height: 150 } },
] as const
/** A lying sheet is never narrower than this, so that a feeder of two nodes is not drawn the size of a poster. */
const LEAST_WIDTH = 800

export function plain(drawing: Drawing, title: string): string {
  const { left, top, right, bottom } = grown(drawing.box, 16)
  return whole(`${number(left)} ${number(top)} ${number(right - left)} ${number(bottom - top)}`, undefined, title, [
    drawing.svg,
  ])
}

export function sheet(feeder: Feeder, drawing: Drawing, options: DiagramOptions): string {
  const box = grown(drawing.box, 12)
  const [drawnWidth, drawnHeight] = [box.right - box.left, box.bottom - box.top]
  const smallness = ({ paper, inner }: { paper: (typeof PAPERS)[number]; inner: number }): number => inner / paper.mm
  const fitted = PAPERS.map(paper => {
    const strip = paper.strip.height / paper.strip.width
    // The strip is as wide as the sheet inside its margins, so its height follows from the width.
    const inner = Math.max(
      drawnWidth,
      (drawnHeight + 2 * MARGIN * (1 - paper.ratio)) / (paper.ratio - strip),
      LEAST_WIDTH * (paper.mm / 420),
    )
    return { paper, inner }
  })
  const { paper, inner } = fitted.reduce((best, other) => (smallness(other) < smallness(best) * 0.8 ? other : best))
  const [width, height] = [inner + 2 * MARGIN, (inner + 2 * MARGIN) * paper.ratio]
  const scale = inner / paper.strip.width
  const floor = height - MARGIN - paper.strip.height * scale
  const shift = {
    x: MARGIN + (inner - drawnWidth) / 2 - box.left,
    y: MARGIN + (floor - MARGIN - drawnHeight) / 2 - box.top,
  }
  const edge = MARGIN / 2
  return whole(`0 0 ${number(width)} ${number(height)}`, paper, options.title ?? feeder.file.name, [
    element('rect', { width, height, fill: '#fff' }),
    element('path', {
      d: `M${edge} ${edge}H${number(width - edge)}V${number(height - edge)}H${edge}ZM${edge} ${number(floor)}H${number(width - edge)}`,
      fill: 'none',
      stroke: INK,
      'stroke-width': 1.3 * scale,
    }),
    group({ transform: `translate(${number(shift.x)} ${number(shift.y)})` }, [drawing.svg]),
    group({ transform: `translate(${MARGIN} ${number(floor)}) scale(${scale.toFixed(5)})` }, [
      zonesLegend(feeder, drawing, paper.strip.width - SYMBOLS_WIDTH - TITLE_WIDTH),
      group({ transform: `translate(${paper.strip.width - SYMBOLS_WIDTH - TITLE_WIDTH} 0)` }, [symbolsLegend(drawing)]),
      group({ transform: `translate(${paper.strip.width - TITLE_WIDTH} 0)` }, [titleBlock(feeder, options)]),
    ]),
  ])
}

const SYMBOLS_WIDTH = 392
const TITLE_WIDTH = 360

function whole(
  viewBox: string,
  size: { readonly width: string; readonly height: string } | undefined,
  title: string,
  parts: readonly string[],
): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox,
    width: size?.width ?? '100%',
    height: size?.height,
    'font-family': FONT,
    role: 'img',
  }
  return `${element('svg', attributes, `\n${element('title', {}, escapeXml(title))}\n${parts.join('\n')}\n`)}\n`
}

const grown = ({ left, top, right, bottom }: Box, by: number): Box => ({
  left: left - by,
  top: top - by,
  right: right + by,
  bottom: bottom + by,
})
