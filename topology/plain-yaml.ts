// The part of YAML that feeder files are written in, read fast.
//
// A full YAML reader builds a tree of tokens and nodes that holds every comment; for a feeder of ten thousand nodes that
// takes seconds. This one knows block lists and maps, flow lists and maps and anchors on these, plain and quoted text on one
// line, and comments, and reads them as YAML 1.2's core schema does. At anything else (tags, escapes, text over several
// lines, a key given twice, a mistake) it gives up without an opinion, and the full reader decides. So it accepts nothing
// that the full one would not, and a test holds the two against each other.

export interface PlainYaml {
  readonly value: unknown
  /** Where a map's key or a list's entry begins, counted without carriage returns. */
  readonly offsets: ReadonlyMap<object, ReadonlyMap<string | number, number>>
}

const KEY = /[A-Za-z][A-Za-z0-9_]*(?=:(?: |\n|$))/y
/** After the first character: printable, `: ` and ` #` left out. */
const BLOCK_TEXT = /[A-Za-z0-9.+\-\u00c0-\u167f](?:[ !"$-9;-~\u00a1-\u167f]|:(?! |\n|$)|(?<! )#)*/y
/** The same without `,[]{}:#`. */
const FLOW_TEXT = /[A-Za-z0-9.+\-\u00c0-\u167f][ !"$-+\-.-9;-Z\\^-z|~\u00a1-\u167f]*/y
const DOUBLE_QUOTED = /"[ !#-[\]-~\u00a1-\u167f]*"/y
const SINGLE_QUOTED = /'[ -&(-~\u00a1-\u167f]*'(?!')/y
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/
/** Forms that the core schema reads in a way of its own, and so many digits that rounding begins. */
const ODD_SCALAR = /^(?:[-+.]\D|0[xo]|[-+]?\d{16}|(?:null|true|false)$)/i
/** On a flow collection, whose text is then kept by its name. */
const ANCHOR = /&[A-Za-z0-9_]+ +(?=[[{])/y
const ALIAS = /\*[A-Za-z0-9_]+(?=[ \n,\]}]|$)/y
const DEEPEST = 40
/** Characters that aliases may stand for, all together. None may stand for another, so this bounds what they grow to. */
const MOST_REPEATED = 32 * 1024 * 1024

/** Thrown inside, never out of here: this text is for the full reader. */
const NOT_PLAIN = new Error('not plain YAML')

/** @returns the line, from 1, of the first thing that this reader does not know, where there is one */
export function readPlainYaml(
  text: string,
  options: { readonly offsets: boolean },
): PlainYaml | { notPlainAt: number } {
  const plain = text.replaceAll('\r\n', '\n')
  const odd = plain.search(/[\t\r]/)
  if (odd >= 0) return { notPlainAt: lineOfOffset(startsOfLines(plain), odd) }
  return read(plain, options.offsets)
}

/** Counted as the offsets of `PlainYaml` are. */
export function startsOfLines(text: string): number[] {
  const starts = [0]
  for (const line of text.split('\n')) {
    starts.push((starts.at(-1) as number) + line.length + (line.endsWith('\r') ? 0 : 1))
  }
  return starts
}

/** @returns line, from 1 */
export function lineOfOffset(starts: readonly number[], offset: number): number {
  let [from, to] = [0, starts.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((starts[middle] as number) <= offset) from = middle + 1
    else to = middle
  }
  return from
}

function read(text: string, withOffsets: boolean): PlainYaml | { notPlainAt: number } {
  const offsets = new Map<object, Map<string | number, number>>()
  let at = 0
  let lineStart = 0
  let depth = 0
  const anchored = new Map<string, { readonly value: unknown; readonly length: number }>()
  let repeated = 0
  let inAnchor = false

  try {
    skipBlank()
    if (at === lineStart && text.startsWith('---\n', at)) {
      at += 3
      skipBlank()
    }
    const value = at < text.length ? block() : giveUp()
    return at === text.length ? { value, offsets } : giveUp()
  } catch (error) {
    if (error === NOT_PLAIN) return { notPlainAt: lineOfOffset(startsOfLines(text), at) }
    throw error
  }

  /** A value that begins here, on a line of its own or after `- `. Ends at the next token. */
  function block(): unknown {
    if (++depth > DEEPEST) giveUp()
    const column = at - lineStart
    const value = isEntry() ? list(column) : test(KEY) ? map(column) : inline(column)
    depth--
    return value
  }

  function list(column: number): unknown[] {
    const entries: unknown[] = []
    while (at < text.length && at - lineStart === column && isEntry()) {
      at++
      const line = lineStart
      skipBlank()
      // A deeper token on another line, or any on this one.
      const own = at < text.length && (lineStart === line || at - lineStart > column)
      mark(entries, entries.length)
      entries.push(own ? block() : null)
      if (at < text.length && at - lineStart > column) giveUp()
    }
    return entries
  }

  function map(column: number): object {
    const entries: Record<string, unknown> = {}
    while (at < text.length && at - lineStart === column) {
      const key = newKey(entries)
      const line = lineStart
      skipBlank()
      if (at === text.length) entries[key] = null
      else if (lineStart === line) entries[key] = isEntry() ? giveUp() : inline(column)
      else if (at - lineStart > column || (at - lineStart === column && isEntry())) entries[key] = block()
      else entries[key] = null
      if (at < text.length && at - lineStart > column) giveUp()
    }
    return entries
  }

  /** Text or a flow collection that ends its line. A deeper line after it would go on with it: not for us. */
  function inline(column: number): unknown {
    const value = isOneOf('[{&*"\'') ? flow(column) : scalar(BLOCK_TEXT)
    const line = lineStart
    skipBlank()
    if (at < text.length && (lineStart === line || at - lineStart > column)) giveUp()
    return value
  }

  /** @param column its further lines stand deeper than this */
  function flow(column: number): unknown {
    if (isOneOf('"\'')) return quoted()
    if (isOneOf('&')) return anchor(column)
    if (isOneOf('*')) return alias()
    if (!isOneOf('[{')) return scalar(FLOW_TEXT)
    if (++depth > DEEPEST) giveUp()
    const isList = text[at++] === '['
    const close = isList ? ']' : '}'
    const list: unknown[] = []
    const map: Record<string, unknown> = {}
    skipWithin(column)
    while (text[at] !== close) {
      if (isList) {
        mark(list, list.length)
        list.push(flow(column))
      } else {
        const key = test(KEY) ? newKey(map) : giveUp()
        skipWithin(column)
        map[key] = flow(column)
      }
      skipWithin(column)
      if (text[at] === ',') at++
      else if (text[at] !== close) giveUp()
      skipWithin(column)
    }
    at++
    depth--
    return isList ? list : map
  }

  function anchor(column: number): unknown {
    if (inAnchor || !test(ANCHOR)) giveUp()
    const name = text.slice(at + 1, ANCHOR.lastIndex).trimEnd()
    at = ANCHOR.lastIndex
    const start = at
    inAnchor = true
    const value = flow(column)
    inAnchor = false
    anchored.set(name, { value, length: at - start })
    return value
  }

  function alias(): unknown {
    if (!test(ALIAS)) giveUp()
    const found = anchored.get(text.slice(at + 1, ALIAS.lastIndex)) ?? giveUp()
    repeated += found.length
    if (inAnchor || repeated > MOST_REPEATED) giveUp()
    at = ALIAS.lastIndex
    return found.value
  }

  function newKey(entries: object): string {
    const start = at
    if (!test(KEY)) giveUp()
    const key = text.slice(start, KEY.lastIndex)
    if (Object.hasOwn(entries, key) || ODD_SCALAR.test(key)) giveUp()
    mark(entries, key)
    at = KEY.lastIndex + 1
    return key
  }

  function quoted(): string {
    const pattern = text[at] === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED
    if (!test(pattern)) giveUp()
    const inside = text.slice(at + 1, pattern.lastIndex - 1)
    at = pattern.lastIndex
    return inside
  }

  function scalar(pattern: RegExp): string | number | boolean | null {
    if (!test(pattern)) giveUp()
    const found = text.slice(at, pattern.lastIndex).trimEnd()
    at += found.length
    return resolved(found)
  }

  function test(pattern: RegExp): boolean {
    pattern.lastIndex = at
    return pattern.test(text)
  }

  function isOneOf(characters: string): boolean {
    return at < text.length && characters.includes(text[at] as string)
  }

  function isEntry(): boolean {
    return text[at] === '-' && (at + 1 === text.length || text[at + 1] === ' ' || text[at + 1] === '\n')
  }

  /** To the next token, over spaces, comments and line ends. */
  function skipBlank(): void {
    for (; at < text.length; at++) {
      const character = text.charCodeAt(at)
      if (character === SPACE) continue
      if (character === LINE_END) lineStart = at + 1
      else if (character === COMMENT && (at === lineStart || text.charCodeAt(at - 1) === SPACE)) {
        const end = text.indexOf('\n', at)
        at = (end < 0 ? text.length : end) - 1
      } else return
    }
  }

  function skipWithin(column: number): void {
    const line = lineStart
    skipBlank()
    if (at === text.length || (lineStart !== line && at - lineStart <= column)) giveUp()
  }

  function mark(container: object, key: string | number): void {
    if (!withOffsets) return
    const known = offsets.get(container)
    if (known) known.set(key, at)
    else offsets.set(container, new Map([[key, at]]))
  }
}

const SPACE = 0x20
const LINE_END = 0x0a
const COMMENT = 0x23

function resolved(found: string): string | number | boolean | null {
  if (found.charCodeAt(0) <= 0x39 && NUMBER.test(found)) return ODD_SCALAR.test(found) ? giveUp() : Number(found)
  if (found === 'true') return true
  if (found === 'false') return false
  if (found === 'null') return null
  return ODD_SCALAR.test(found) ? giveUp() : found
}

function giveUp(): never {
  throw NOT_PLAIN
}
