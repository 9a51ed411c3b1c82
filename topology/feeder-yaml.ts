// YAML with its line numbers, kept within bounds: a feeder file may come from a stranger.

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { FilePath } from './complaint.ts'
import { lineOfOffset, readPlainYaml, startsOfLines } from './plain-yaml.ts'
import { TopologyError } from './topology-error.ts'

/** In characters, comments included. */
export const LARGEST_FILE = 32 * 1024 * 1024
/** A feeder of 10,000 nodes has a quarter of a million. */
const MOST_VALUES = 1_000_000
/** The full reader needs some hundred times as much memory as there is text. */
const LARGEST_UNPLAIN = 2 * 1024 * 1024
/** How often aliases may repeat what they stand for, nested ones multiplied; more is taken for a bomb. */
const MOST_ALIASES = 1000

export interface FeederYaml {
  readonly value: unknown
  /** Line, from 1, of what stands at the path, or of the nearest thing around it. */
  lineOf(path: FilePath): number
}

/**
 * Reads plain YAML fast, and any other by the full reader.
 *
 * @throws TopologyError FEEDER_SYNTAX
 */
export function readYaml(written: string, fileName: string): FeederYaml {
  const text = written.replace(/^\uFEFF/, '') // byte order mark
  if (text.length > LARGEST_FILE) {
    throw new TopologyError('FEEDER_SYNTAX', `${fileName}: has ${text.length} characters, want ${LARGEST_FILE} at most`)
  }
  const plain = readPlainYaml(text, { offsets: false })
  if ('value' in plain) return bounded({ value: plain.value, lineOf: linesOfPlain(text) }, fileName)
  if (text.length > LARGEST_UNPLAIN) {
    const want = `want block and flow collections with text on one line, or ${LARGEST_UNPLAIN} characters at most`
    throw new TopologyError('FEEDER_SYNTAX', `${fileName}:${plain.notPlainAt}: too big for such YAML, ${want}`)
  }
  return bounded(readAnyYaml(text, fileName), fileName)
}

/** Each value may be wrong, and each complaint costs memory. What an alias stands for counts each time. */
function bounded(yaml: FeederYaml, fileName: string): FeederYaml {
  const pending: unknown[] = [yaml.value]
  for (let count = 1; pending.length > 0; ) {
    const value = pending.pop()
    if (typeof value !== 'object' || value === null) continue
    const values = Object.values(value)
    count += values.length
    if (count > MOST_VALUES) {
      throw new TopologyError('FEEDER_SYNTAX', `${fileName}:1: has more than ${MOST_VALUES} values, want fewer`)
    }
    for (const inner of values) pending.push(inner)
  }
  return yaml
}

/** Reads a second time, for the lines alone, when there is something to complain of. */
function linesOfPlain(text: string): (path: FilePath) => number {
  let read: ReturnType<typeof readPlainYaml> | undefined
  let lineStarts: number[] | undefined
  return path => {
    read ??= readPlainYaml(text, { offsets: true })
    lineStarts ??= startsOfLines(text)
    let offset = 0
    let around: unknown = 'value' in read ? read.value : undefined
    for (const key of path) {
      if (typeof around !== 'object' || around === null || !('offsets' in read)) break
      const found = read.offsets.get(around)?.get(key)
      if (found === undefined) break
      offset = found
      around = (around as Readonly<Record<string | number, unknown>>)[key]
    }
    return lineOfOffset(lineStarts, offset)
  }
}

function readAnyYaml(text: string, fileName: string): FeederYaml {
  const counter = new LineCounter()
  const line = (offset: number): number => counter.linePos(offset).line
  try {
    const document: Document.Parsed = parseDocument(text, { lineCounter: counter, prettyErrors: false })
    const faults = [...document.errors, ...document.warnings]
    if (faults.length > 0) {
      const lines = faults.map(fault => `${fileName}:${line(fault.pos[0])}: ${firstLine(fault.message)}`)
      throw new TopologyError('FEEDER_SYNTAX', lines.join('\n'))
    }
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES })
    return { value, lineOf: path => line(offsetOf(document, path)) }
  } catch (error) {
    if (error instanceof TopologyError) throw error
    // Too many aliases, an alias inside what it stands for, or nesting deeper than the stack.
    const reason = error instanceof Error ? firstLine(error.message) : String(error)
    throw new TopologyError('FEEDER_SYNTAX', `${fileName}:1: cannot be read as YAML: ${reason}`, { cause: error })
  }
}

function offsetOf(document: Document.Parsed, path: FilePath): number {
  let node: unknown = document.contents
  let offset = document.contents?.range[0] ?? 0
  for (const key of path) {
    const around = isAlias(node) ? node.resolve(document) : node
    if (isMap(around)) {
      const pair = around.items.find(item => isScalar(item.key) && String(item.key.value) === String(key))
      if (!pair) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(around) && around.items[Number(key)] !== undefined) {
      node = around.items[Number(key)]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0]
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] as string
}
