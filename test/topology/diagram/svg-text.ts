// Reads an SVG back, as far as the tests of diagrams need it.

import type { Box } from '../../../topology/diagram/geometry.ts'

/** Whether every element is closed in its turn and all text is escaped. */
export function wellFormed(svg: string): boolean {
  const open: string[] = []
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?:\s+[a-z-]+="[^"<]*")*)\s*(\/?)>/gi,
    (_, closing, tag, _attributes, empty) => {
      if (closing === '/') return open.pop() === tag ? '' : '<'
      if (empty === '') open.push(tag)
      return ''
    },
  )
  return open.length === 0 && !/[<>]/.test(rest) && !/&(?!(amp|lt|gt|quot);)/.test(rest)
}

export interface WrittenText {
  readonly text: string
  readonly box: Box
}

/** All words with the room that they take at the least, by a narrow estimate of 0.5 em a letter. */
export function textsOf(svg: string): WrittenText[] {
  return [...svg.matchAll(/<text([^>]*)>(.*?)<\/text>/g)].map(([, attributes = '', content = '']) => {
    const get = (key: string): string | undefined => new RegExp(`(?:^| )${key}="([^"]*)"`).exec(attributes)?.[1]
    const [x, y, size] = [Number(get('x') ?? 0), Number(get('y') ?? 0), Number(get('font-size') ?? 11)]
    const text = content.replace(/<[^>]*>/g, '').trim()
    const width = text.length * size * 0.5
    const anchor = get('text-anchor') ?? 'start'
    const left = anchor === 'middle' ? x - width / 2 : anchor === 'end' ? x - width : x
    return { text, box: { left, right: left + width, top: y - size * 0.7, bottom: y } }
  })
}

/** Pairs of words on the drawing that cover each other. Letters inside symbols and the legend are not looked at. */
export function overlapsOf(texts: readonly WrittenText[]): string[] {
  const legend = texts.findIndex(({ text }) => text === 'ZONES')
  const words = texts.slice(0, legend < 0 ? texts.length : legend).filter(({ text }) => text.length > 1)
  return words.flatMap((one, index) =>
    words
      .slice(0, index)
      .filter(other => covers(one.box, other.box))
      .map(other => `${other.text} | ${one.text}`),
  )
}

function covers(one: Box, other: Box): boolean {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left)
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)
  return width > 1 && height > 1
}
