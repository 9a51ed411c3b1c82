// Which files a script may include, and how many.
//
// A script names its files relative to its own folder. A stranger's script must not reach over the whole disk, so a file
// counts only where feeders are kept in practice: anywhere below the master's folder, or in the one folder just above it
// (as in `Redirect ../IEEELineCodes.DSS`), links followed. Names come from Windows: `\` parts folders as `/` does, and
// capital letters need not agree.

import { basename, dirname, join, resolve, sep } from 'node:path'
import { fault, shown } from './fault.ts'
import { MOST_BYTES, MOST_FILE_BYTES, MOST_FILES } from './limits.ts'
import type { Place } from './note.ts'
import type { TextFiles } from './text-files.ts'

export interface IncludedFile {
  /** As messages name it. */
  readonly path: string
  /** Without links, to know it again. */
  readonly realPath: string
  readonly text: string
}

/** Reads the file written as `name` in a script in `folder`. @throws TopologyError at `at` */
export type Include = (name: string, folder: string, at: Place) => IncludedFile

/** @throws TopologyError when the master cannot be read */
export function openMaster(
  master: string,
  files: TextFiles,
): { readonly file: IncludedFile; readonly include: Include } {
  let bytes = 0
  let count = 0
  const root = dirname(files.realPath(master) ?? resolve(master))
  const file = read(master, { file: master, line: 1 }, 'it')
  return { file, include }

  function include(name: string, folder: string, at: Place): IncludedFile {
    const path = findPath(join(folder, name.replaceAll('\\', '/')), files)
    const realPath = files.realPath(path)
    if (realPath === undefined) throw fault(at, `${shown(name)}: no such file, want one in ${shown(folder)}`)
    if (!realPath.startsWith(root.endsWith(sep) ? root : root + sep) && dirname(realPath) !== dirname(root)) {
      throw fault(at, `${shown(name)} lies outside, want a file below the master's folder or in the one just above it`)
    }
    return read(path, at, shown(name))
  }

  function read(path: string, at: Place, label: string): IncludedFile {
    if (++count > MOST_FILES) throw fault(at, `includes more than ${MOST_FILES} files, want fewer`)
    try {
      const text = files.read(path, Math.min(MOST_FILE_BYTES, MOST_BYTES - bytes))
      bytes += text.length
      return { path, realPath: files.realPath(path) ?? path, text }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw fault(at, `${label} cannot be read: ${reason}`, error)
    }
  }
}

/** The path as it is on disk, where that differs in capital letters only. */
function findPath(path: string, files: TextFiles): string {
  if (files.realPath(path) !== undefined) return path
  const folder = dirname(path)
  if (folder === path) return path
  const realFolder = findPath(folder, files)
  const wanted = basename(path).toLowerCase()
  return join(realFolder, files.names(realFolder).find(name => name.toLowerCase() === wanted) ?? basename(path))
}
