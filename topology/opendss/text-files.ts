// The files that an importer may read, kept within bounds: a feeder may come from a stranger.

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs'

export interface TextFiles {
  /**
   * The text of a file.
   *
   * @param most bytes; a longer file is an error, found before it is read
   * @throws Error with a reason for people: no such file, no plain file, too long, not text
   */
  read(path: string, most: number): string
  /** The path without links; undefined when nothing is there. */
  realPath(path: string): string | undefined
  /** Names of what is in a folder; none when it cannot be read. */
  names(folder: string): readonly string[]
}

/** This machine's disk. A directory, device or pipe is refused, so that nothing blocks or never ends. */
export const diskFiles: TextFiles = {
  read: readTextFile,
  realPath(path) {
    try {
      return realpathSync(path)
    } catch {
      return undefined
    }
  },
  names(folder) {
    try {
      return readdirSync(folder)
    } catch {
      return []
    }
  },
}

function readTextFile(path: string, most: number): string {
  const file = openPlainly(path)
  try {
    const about = fstatSync(file)
    if (!about.isFile()) throw new Error('is no plain file')
    if (about.size > most) throw new Error(`has ${about.size} bytes, want ${most} at most`)
    // One more than it should have: a file that grows meanwhile does not slip through.
    const bytes = Buffer.alloc(about.size + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null)
    }
    if (length > about.size) throw new Error('grew while it was read')
    return textOf(bytes.subarray(0, length))
  } finally {
    closeSync(file)
  }
}

function openPlainly(path: string): number {
  try {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reasons: Record<string, string> = { ENOENT: 'no such file', EACCES: 'access is denied' }
    throw new Error(reasons[code] ?? (code || 'cannot be opened'), { cause: error })
  }
}

function textOf(bytes: Buffer): string {
  if (bytes.includes(0)) throw new Error('is binary, want text')
  const text = bytes.toString('utf8')
  // Old files come in the code pages of Windows; such letters stand in comments and names of people.
  return text.includes('\uFFFD') ? bytes.toString('latin1') : text.replace(/^\uFEFF/, '')
}
