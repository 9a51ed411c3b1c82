// An OpenDSS feeder (a .dss file and what it includes) as a feeder file.
//
// First the script runs and leaves elements with their properties; then each kind of element becomes sections, devices,
// loads and so on; then the whole is checked as every feeder file is. What is not understood, left out or changed on the
// way is noted with file and line.

import type { FeederFile } from '../feeder-file.ts'
import { assembleFeeder } from './assemble.ts'
import { type ImportNote, noteList } from './note.ts'
import { runScript } from './script.ts'
import { diskFiles, type TextFiles } from './text-files.ts'

export interface ImportOptions {
  /** How files are read; by default from this machine's disk. */
  readonly files?: TextFiles
}

export interface Imported {
  readonly feeder: FeederFile
  /** What of the files is not in the feeder as it was written. */
  readonly notes: readonly ImportNote[]
}

/**
 * Reads an OpenDSS master file and all that it includes, within the limits of `limits.ts`.
 *
 * @param file path of the master
 * @returns the feeder, which passes every check of a feeder file, and what of the files is not in it
 * @throws TopologyError with lines `file:line: what is wrong, want what`
 */
export function importOpenDss(file: string, { files = diskFiles }: ImportOptions = {}): Imported {
  const notes = noteList()
  const feeder = assembleFeeder(runScript(file, files, notes), notes)
  return { feeder, notes: notes.notes() }
}
