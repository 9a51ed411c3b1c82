// A file that a person names, as text.

import { readFileSync } from 'node:fs'
import { NodeError } from './node-error.ts'

/** @throws NodeError BAD_INPUT */
export function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: can't read this ${what}: ${(cause as Error).message}`, { cause })
  }
}
