// An OpenDSS feeder (.dss and what it includes) as a feeder file.

import type { FeederFile } from '../feeder-file.ts'
import { TopologyError } from '../topology-error.ts'
import type { ImportNote } from './note.ts'
import type { ReadText } from './text-files.ts'

export interface ImportOptions {
  /** How files are read; by default from this machine's disk. */
  readonly readText?: ReadText
}

export interface Imported {
  readonly feeder: FeederFile
  /** What of the file is not in the feeder as it was written. */
  readonly notes: readonly ImportNote[]
}

/**
 * Reads an OpenDSS master file and all that it includes.
 *
 * @param file path of the master
 * @returns the feeder, which passes every check of a feeder file, and what of the file is not in it
 * @throws TopologyError with lines `file:line: what is wrong, want what`
 */
export function importOpenDss(file: string, _options: ImportOptions = {}): Imported {
  throw new TopologyError('FEEDER_FORMAT', `${file}:1: OpenDSS is not read yet`)
}
