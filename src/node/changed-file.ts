// A file that somebody writes while the agent runs. It is looked at now and then, not watched: what the kernel says of a
// change differs between file systems, and a file that is replaced is another file.

import { readFile, stat } from 'node:fs/promises'

/**
 * @returns looks once: the content when it is another than before and has been left alone since the last look, so that
 *   nobody reads half of it; else undefined. A file that is not there, or cannot be read, is no change.
 */
export function changedFile(path: string, maxBytes: number): () => Promise<string | undefined> {
  let seen = ''
  let read = ''
  return async () => {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(path)
      const state = `${ino} ${size} ${mtimeMs} ${ctimeMs}`
      const isSettled = state === seen
      seen = state
      if (!isSettled || state === read || size > maxBytes) return undefined
      const text = await readFile(path, 'utf8')
      read = state
      return text
    } catch {
      return undefined
    }
  }
}
