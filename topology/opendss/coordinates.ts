// Places of buses: lines of a name and two numbers, parted by commas or blanks.

import { shown } from './fault.ts'
import { linesOf } from './lines-of.ts'
import type { NoteList, Place } from './note.ts'
import { parametersOf } from './parameters.ts'
import { calculated } from './rpn.ts'

/** Adds to `into`, by bus in lower case. A line that is something else is noted. */
export function coordinatesOf(
  text: string,
  path: string,
  into: Map<string, readonly [number, number]>,
  note: NoteList['note'],
): void {
  for (const { text: content, line } of linesOf(text)) {
    const at: Place = { file: path, line }
    const words = wordsOf(content, at)
    const x = calculated(words[1] ?? '')
    const y = calculated(words[2] ?? '')
    if (words[0] && x !== undefined && y !== undefined) into.set(words[0].toLowerCase(), [x, y])
    else if (words.length > 0) note(at, `${shown(content)}: no bus with two numbers, left out`)
  }
}

function wordsOf(content: string, at: Place): string[] {
  try {
    return parametersOf(content, at).map(({ value }) => value)
  } catch {
    return []
  }
}
