// The one error with which an import ends, and how it shows what stands in the file.

import { TopologyError } from '../topology-error.ts'
import type { Place } from './note.ts'

/** @param text what is wrong, and what is wanted */
export function fault({ file, line }: Place, text: string, cause?: unknown): TopologyError {
  return new TopologyError('FEEDER_SYNTAX', `${file}:${line}: ${text}`, cause === undefined ? {} : { cause })
}

const LONGEST_SHOWN = 60

/** In quotes, without control characters, cut when long: a hostile file must not write into somebody's terminal. */
export function shown(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    '?',
  )
}
