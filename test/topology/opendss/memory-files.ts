// Files that a test writes in place of a disk.

import type { TextFiles } from '../../../topology/opendss/text-files.ts'

/** By absolute path. */
export function memoryFiles(texts: Readonly<Record<string, string>>): TextFiles {
  return {
    read(path, most) {
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined
      if (text === undefined) throw new Error('no such file')
      if (text.length > most) throw new Error(`has ${text.length} bytes, want ${most} at most`)
      return text
    },
    realPath: path =>
      Object.hasOwn(texts, path) || Object.keys(texts).some(key => key.startsWith(`${path}/`)) ? path : undefined,
    names: folder =>
      Object.keys(texts)
        .filter(path => path.startsWith(`${folder}/`))
        .map(path => path.slice(folder.length + 1).split('/', 1)[0] as string),
  }
}
