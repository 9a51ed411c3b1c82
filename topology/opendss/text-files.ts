// The files that an importer may read, kept within bounds: a feeder may come from a stranger.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/**
 * The text of a file.
 *
 * @param most bytes; a longer file is an error, found before it is read
 * @throws Error with a reason for people: no such file, no plain file, too long, not text
 */
export type ReadText = (path: string, most: number) => string

/** From this machine's disk. A directory, device or pipe is refused, so that nothing blocks or never ends. */
export const readTextFile: ReadText = (path, most) => {
  // Without O_NONBLOCK, opening a pipe would wait for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
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

function textOf(bytes: Buffer): string {
  if (bytes.includes(0)) throw new Error('is binary, want text')
  const text = bytes.toString('utf8')
  // Old files come in the code pages of Windows; their letters stand in comments and names of people.
  return text.includes('\uFFFD') ? bytes.toString('latin1') : text.replace(/^\uFEFF/, '')
}
