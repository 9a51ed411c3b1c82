// One line of an OpenDSS script as its parameters.
//
// `New Line.L1 Bus1=650.1.2.3, kVs=[2.4 2.4] XHL=(8 1000 /)  ! comment`: parameters are parted by blanks and commas, have
// a name before `=` or take the place after the one before, and keep blanks inside quotes and brackets of any kind.

import { fault } from './fault.ts'
import type { Place } from './note.ts'

export interface Parameter {
  /** As written; undefined for one that goes by its position. */
  readonly name: string | undefined
  /** Without the quotes or brackets around it. */
  readonly value: string
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '"': '"', "'": "'" }
const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t' || char === '\f' || char === '\v'

/** @throws TopologyError when a quote or bracket is not closed on the line */
export function parametersOf(text: string, at: Place): Parameter[] {
  const parameters: Parameter[] = []
  let position = 0
  for (;;) {
    while (isBlank(text[position]) || text[position] === ',') position++
    if (isEnd()) return parameters
    const first = token()
    skipBlanks()
    if (text[position] !== '=') parameters.push({ name: undefined, value: first })
    else {
      position++
      skipBlanks()
      parameters.push({ name: first, value: isEnd() ? '' : token() })
    }
  }

  function isEnd(): boolean {
    return position >= text.length || text[position] === '!' || text.startsWith('//', position)
  }

  function skipBlanks(): void {
    while (isBlank(text[position])) position++
  }

  function token(): string {
    const closing = CLOSING[text[position] ?? '']
    if (closing !== undefined) {
      const end = text.indexOf(closing, position + 1)
      if (end < 0) throw fault(at, `${text[position]} is not closed on its line, want ${closing}`)
      const value = text.slice(position + 1, end)
      position = end + 1
      return value.trim()
    }
    const start = position
    while (position < text.length && !isBlank(text[position]) && !',=!'.includes(text[position] as string)) position++
    return text.slice(start, position)
  }
}
