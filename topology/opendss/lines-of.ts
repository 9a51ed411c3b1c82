// The lines of a script that say something, with their numbers.

export interface ScriptLine {
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** Leaves out blank lines and block comments, which run from a line that begins with `/*` to the line of its end. */
export function* linesOf(text: string): Generator<ScriptLine> {
  // Files of old Macintoshes end their lines with a carriage return alone.
  const endings = /\r\n|\n|\r/g
  let isComment = false
  let line = 0
  for (let start = 0; start < text.length; ) {
    endings.lastIndex = start
    const ending = endings.exec(text)
    const content = text.slice(start, ending?.index).trim()
    start = ending ? endings.lastIndex : text.length
    line++
    if (!isComment && content.startsWith('/*')) isComment = true
    else if (!isComment && content !== '') yield { text: content, line }
    if (isComment && content.includes('*/')) isComment = false
  }
}
