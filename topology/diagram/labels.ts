// Places for words beside something: a symbol on a line, a node, the middle of a section.

import type { Words } from './content.ts'
import { at, type Point } from './geometry.ts'
import type { Post } from './hanging.ts'
import type { Candidate } from './settle.ts'
import { REACH } from './symbols.ts'
import { type Anchor, boxOfWords, sizeOf, writeWords } from './words.ts'

function candidate(words: readonly Words[], corner: Point, anchor: Anchor, cost: number): Candidate {
  return { boxes: [boxOfWords(words, corner, anchor)], cost, draw: () => writeWords(words, corner, anchor) }
}

/** Around a symbol on a line, across the line before along it. */
export function besideSymbol(words: readonly Words[], { x, y }: Point, isUpright: boolean): Candidate[] {
  const { height, width } = sizeOf(words)
  return [0, 10, 22].flatMap((further, more) => {
    const gap = REACH + 4.5 + further
    const across = isUpright ? 3 : 0
    const beside = isUpright ? 0 : 6
    // Far from its symbol a name reads as another's.
    const far = more * 9
    const shift = width / 2 - REACH
    return [
      candidate(words, at(x, y - gap - height), 'middle', across + far),
      candidate(words, at(x, y + gap), 'middle', across + 1 + far),
      candidate(words, at(x + gap, y - height / 2), 'start', beside + far),
      candidate(words, at(x - gap, y - height / 2), 'end', beside + 1 + far),
      candidate(words, at(x + gap, y - 6), 'start', beside + 1.5 + far),
      candidate(words, at(x - gap, y - 6), 'end', beside + 2.5 + far),
      candidate(words, at(x + gap, y + 6 - height), 'start', beside + 1.5 + far),
      candidate(words, at(x - gap, y + 6 - height), 'end', beside + 2.5 + far),
      candidate(words, at(x + shift, y - gap - height), 'middle', across + 2 + far),
      candidate(words, at(x - shift, y - gap - height), 'middle', across + 2 + far),
      candidate(words, at(x + shift, y + gap), 'middle', across + 3 + far),
      candidate(words, at(x - shift, y + gap), 'middle', across + 3 + far),
      candidate(words, at(x + gap, y - gap - height + 8), 'start', 5 + far),
      candidate(words, at(x - gap, y - gap - height + 8), 'end', 5 + far),
      candidate(words, at(x + gap, y + gap - 8), 'start', 5 + far),
      candidate(words, at(x - gap, y + gap - 8), 'end', 5 + far),
    ]
  })
}

/** Where the node's own row meets it, before the ends of its bar. */
export function besideNode(words: readonly Words[], { x, y, top, bottom }: Post): Candidate[] {
  const { height } = sizeOf(words)
  return [0, 10, 24].flatMap((further, more) => {
    const gap = 5 + further
    const cost = more * 7
    const corners = [
      candidate(words, at(x + gap + 2, y - gap - height + 2), 'start', cost),
      candidate(words, at(x - gap - 2, y - gap - height + 2), 'end', cost + 0.5),
      candidate(words, at(x + gap + 2, y + gap - 2), 'start', cost + 1),
      candidate(words, at(x - gap - 2, y + gap - 2), 'end', cost + 1.2),
      candidate(words, at(x + gap + 2, y - height / 2), 'start', cost + 1.5),
      candidate(words, at(x - gap - 2, y - height / 2), 'end', cost + 1.5),
    ]
    const ends = [
      candidate(words, at(x, top - gap - height - 1), 'middle', cost + (top < y ? 6 : 0.7)),
      candidate(words, at(x, bottom + gap + 1), 'middle', cost + (bottom > y ? 6 : 1.5)),
    ]
    return [...corners, ...ends]
  })
}

/** Close to a line, at several points of it. */
export function besideLine(words: readonly Words[], points: readonly Point[], isUpright: boolean): Candidate[] {
  const { height } = sizeOf(words)
  return points.flatMap(({ x, y }, index) =>
    isUpright
      ? [
          candidate(words, at(x + 5, y - height / 2), 'start', index),
          candidate(words, at(x - 5, y - height / 2), 'end', index + 1),
        ]
      : [candidate(words, at(x, y - 3 - height), 'middle', index), candidate(words, at(x, y + 3), 'middle', index + 1)],
  )
}
