// YAML with its line numbers, kept within bounds: a feeder file may come from a stranger.

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { FilePath } from './complaint.ts'
import { TopologyError } from './topology-error.ts'

/** In characters. Some 200,000 nodes; a feeder has a few thousand. */
export const LARGEST_FILE = 64 * 1024 * 1024
/** How often aliases may repeat what they stand for, nested ones multiplied; more is taken for a bomb. */
const MOST_ALIASES = 1000

export interface FeederYaml {
  readonly value: unknown
  /** Line, from 1, of what stands at the path, or of the nearest thing around it. */
  lineOf(path: FilePath): number
}

/** @throws TopologyError FEEDER_SYNTAX */
export function readYaml(text: string, fileName: string): FeederYaml {
  if (text.length > LARGEST_FILE) {
    throw new TopologyError('FEEDER_SYNTAX', `${fileName}: has ${text.length} characters, want ${LARGEST_FILE} at most`)
  }
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
