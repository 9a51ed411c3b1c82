// A feeder file as all agents of this process have it: read by each, parsed and checked once while its text stays the same.
//
// It is deeply frozen, and what is derived of it for good (`topology/plan.ts`) hangs on the object: a process with hundreds of
// agents of one feeder has one of each, where the checks of a thousand IEDs alone take a good part of a second.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { readText } from './read-text.ts'

/** Feeders that the agents of one process are of, and room for one that is just being changed. The oldest gives way. */
const KEPT = 4
const known = new Map<string, { readonly text: string; readonly file: FeederFile }>()

/** @throws NodeError BAD_INPUT when it cannot be read; TopologyError when it is no feeder */
export function sharedFeederFile(path: string): FeederFile {
  const text = readText(path, 'feeder file')
  const before = known.get(path)
  if (before?.text === text) return before.file
  const file = parseFeeder(text, path)
  known.delete(path)
  const [oldest] = known.keys()
  if (known.size >= KEPT && oldest !== undefined) known.delete(oldest)
  known.set(path, { text, file })
  return file
}
