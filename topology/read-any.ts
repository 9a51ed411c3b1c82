// A feeder from a file of any format that we read.

import type { FeederFile } from './feeder-file.ts'
import { parseFeeder } from './load-feeder.ts'
import { importOpenDss } from './opendss/import-open-dss.ts'
import type { ImportNote } from './opendss/note.ts'
import { type ReadText, readTextFile } from './opendss/text-files.ts'
import { TopologyError } from './topology-error.ts'

export type FeederFormat = 'feedermesh' | 'opendss'

export interface FeederRead {
  readonly feeder: FeederFile
  readonly format: FeederFormat
  /** What of an imported file is not in the feeder as it was written; none for our own format. */
  readonly notes: readonly ImportNote[]
}

/**
 * Reads a feeder file: our own (`.yaml`, `.yml`) or OpenDSS (`.dss`).
 *
 * @throws TopologyError FEEDER_FORMAT for any other format, and what `parseFeeder` and `importOpenDss` throw
 */
export function readFeederFile(path: string, readText: ReadText = readTextFile): FeederRead {
  if (/\.dss$/i.test(path)) return { ...importOpenDss(path, { readText }), format: 'opendss' }
  if (/\.ya?ml$/i.test(path)) {
    return { feeder: parseFeeder(readText(path, 1e8), path), format: 'feedermesh', notes: [] }
  }
  throw new TopologyError('FEEDER_FORMAT', `${path}: unsupported format, want .yaml, .yml or .dss`)
}
