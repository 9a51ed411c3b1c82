// A feeder from a file of any format that we read.
//
// The name says the format when it ends as we know it. Other names are judged by what the file begins with, so that a
// renamed feeder is still read and a file of another program is called by its name.

import type { FeederFile } from './feeder-file.ts'
import { LARGEST_FILE } from './feeder-yaml.ts'
import { parseFeeder } from './load-feeder.ts'
import { importOpenDss } from './opendss/import-open-dss.ts'
import type { ImportNote } from './opendss/note.ts'
import { diskFiles, type TextFiles } from './opendss/text-files.ts'
import { TopologyError } from './topology-error.ts'

export type FeederFormat = 'feedermesh' | 'opendss'

export interface FeederRead {
  readonly feeder: FeederFile
  readonly format: FeederFormat
  /** What of an imported file is not in the feeder as it was written; none for our own format. */
  readonly notes: readonly ImportNote[]
}

const OTHERS: Readonly<Record<string, string>> = {
  glm: 'GridLAB-D',
  m: 'MATPOWER',
  json: 'JSON',
  xml: 'XML',
  raw: 'PSS/E',
  csv: 'a table',
  xlsx: 'a spreadsheet',
}

/**
 * Reads a feeder file: our own (`.yaml`, `.yml`) or OpenDSS (`.dss`).
 *
 * @throws TopologyError FEEDER_FORMAT for any other format and for a file that cannot be read, and what `parseFeeder` and
 * `importOpenDss` throw
 */
export function readFeederFile(path: string, files: TextFiles = diskFiles): FeederRead {
  const ending = /\.([^./\\]*)$/.exec(path)?.[1]?.toLowerCase() ?? ''
  if (Object.hasOwn(OTHERS, ending)) throw unsupported(path, OTHERS[ending] as string)
  const text = readWhole(path, files)
  if (ending === 'dss' || (ending !== 'yaml' && ending !== 'yml' && looksLikeOpenDss(text))) {
    return { ...importOpenDss(path, { files }), format: 'opendss' }
  }
  if (ending === 'yaml' || ending === 'yml' || /^feedermesh\s*:/m.test(text)) {
    return { feeder: parseFeeder(text, path), format: 'feedermesh', notes: [] }
  }
  throw unsupported(path, /^\s*[<{[]/.test(text) ? 'XML or JSON' : undefined)
}

function looksLikeOpenDss(text: string): boolean {
  return /^[ \t]*new[ \t]+(?:object[ \t]*=[ \t]*)?["']?circuit\./im.test(text)
}

function readWhole(path: string, files: TextFiles): string {
  try {
    return files.read(path, LARGEST_FILE)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (reason.includes('binary')) throw unsupported(path, 'binary')
    throw new TopologyError('FEEDER_FORMAT', `${path}: ${reason}, want a feeder file (.yaml, .yml or .dss)`, {
      cause: error,
    })
  }
}

function unsupported(path: string, found: string | undefined): TopologyError {
  const what = found === undefined ? '' : ` (${found})`
  return new TopologyError(
    'FEEDER_FORMAT',
    `${path}: unsupported format${what}, want a feedermesh feeder (.yaml, .yml) or OpenDSS (.dss)`,
  )
}
