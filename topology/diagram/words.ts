// Blocks of words: how much room they take, and how they are written.
//
// The viewer's sans-serif is used, whichever it is, so widths are estimated generously.

import type { Words } from './content.ts'
import type { Box, Point } from './geometry.ts'
import { element, escapeXml } from './svg.ts'
import { ALARM, FAINT, INK } from './symbols.ts'

const SIZE: Record<Words['style'], number> = { strong: 11, plain: 10.5, faint: 10, chip: 9.5, alarm: 11.5 }
const LINE = 12.5
const CHIP_LINE = 15

export const widthOf = ({ text, style }: Words): number => {
  const bold = style === 'strong' || style === 'alarm' ? 1.07 : 1
  const letters = [...text].reduce((sum, letter) => sum + widthOfLetter(letter), 0)
  return letters * SIZE[style] * bold + (style === 'chip' ? 9 : 0)
}

function widthOfLetter(letter: string): number {
  if (/[ilj.,:;'|!ft()[\] ]/.test(letter)) return 0.31
  if (/[A-Z@%mwMW]/.test(letter)) return 0.73
  return letter.charCodeAt(0) > 0x2e80 ? 1 : 0.56
}

const heightOf = ({ style }: Words): number => (style === 'chip' ? CHIP_LINE : LINE)

export function sizeOf(words: readonly Words[]): { readonly width: number; readonly height: number } {
  return {
    width: Math.max(0, ...words.map(widthOf)),
    height: words.reduce((sum, each) => sum + heightOf(each), 0),
  }
}

export type Anchor = 'start' | 'middle' | 'end'

/** Free space at the left and right of words, so that two do not read as one. */
const AROUND = 2.5

/** @param corner the block's top, at its left, middle or right as `anchor` says */
export function boxOfWords(words: readonly Words[], corner: Point, anchor: Anchor): Box {
  const { width, height } = sizeOf(words)
  const left = anchor === 'start' ? corner.x : anchor === 'middle' ? corner.x - width / 2 : corner.x - width
  return { left: left - AROUND, top: corner.y, right: left + width + AROUND, bottom: corner.y + height }
}

export function writeWords(words: readonly Words[], corner: Point, anchor: Anchor): string {
  let top = corner.y
  const written: string[] = []
  for (const each of words) {
    written.push(each.style === 'chip' ? chip(each, corner.x, top, anchor) : text(each, corner.x, top, anchor))
    top += heightOf(each)
  }
  return written.join('')
}

function text({ text: content, style }: Words, x: number, top: number, anchor: Anchor): string {
  return element(
    'text',
    {
      x,
      y: top + 9.8,
      'font-size': SIZE[style],
      'font-weight': style === 'strong' || style === 'alarm' ? 700 : undefined,
      fill: style === 'alarm' ? ALARM : style === 'faint' ? FAINT : INK,
      'text-anchor': anchor === 'start' ? undefined : anchor,
      // A white rim, so that words stay legible on a line.
      'paint-order': 'stroke',
      stroke: '#fff',
      'stroke-width': 2.5,
    },
    escapeXml(content),
  )
}

function chip(words: Words, x: number, top: number, anchor: Anchor): string {
  const width = widthOf(words)
  const left = anchor === 'start' ? x : anchor === 'middle' ? x - width / 2 : x - width
  return (
    element('rect', {
      x: left,
      y: top + 1.5,
      width,
      height: CHIP_LINE - 2.5,
      rx: 3,
      fill: '#eaf2fb',
      stroke: '#3b6ea5',
      'stroke-width': 0.8,
    }) +
    element(
      'text',
      { x: left + width / 2, y: top + 11, 'font-size': SIZE.chip, 'text-anchor': 'middle', fill: '#1d4673' },
      escapeXml(words.text),
    )
  )
}
