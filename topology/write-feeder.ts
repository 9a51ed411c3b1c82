// A feeder file as text that people read and edit.

import type { FeederFile } from './feeder-file.ts'

/** YAML that `parseFeeder` reads back to the same value. Defaults are left out. */
export function writeFeeder(_file: FeederFile): string {
  throw new Error('not written yet')
}
