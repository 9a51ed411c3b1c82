// The files of a recording: a .cfg with its .dat, or one .cff that holds both. Nothing is read before its size is known to
// be within the limits.

import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { ComtradeError } from './comtrade-error.ts'
import { limits } from './record.ts'

export interface Part {
  /** As messages name it. */
  readonly file: string
  readonly bytes: Uint8Array
  /** Of the part's first line in the file. */
  readonly firstLine: number
}

export interface Parts {
  readonly header: Part
  readonly data: Part
}

/** @throws ComtradeError COMTRADE_NO_FILE, COMTRADE_BAD_HEADER, COMTRADE_BAD_DATA, COMTRADE_TOO_LARGE */
export function readParts(file: string, note: (words: string) => void): Parts {
  switch (extname(file).toLowerCase()) {
    case '.cff':
      return splitCff(file, readBounded(file, limits.headerBytes + limits.dataBytes), note)
    case '.cfg': {
      const header = { file, bytes: readBounded(file, limits.headerBytes), firstLine: 1 }
      const beside = dataFileOf(file)
      return { header, data: { file: beside, bytes: readBounded(beside, limits.dataBytes), firstLine: 1 } }
    }
    default:
      throw new ComtradeError(
        'COMTRADE_NO_FILE',
        `${file}: want a recording's .cfg, with its .dat beside it, or a .cff`,
      )
  }
}

/** The same name with .dat, in whatever case its letters are. */
function dataFileOf(header: string): string {
  const dir = dirname(header)
  const wanted = `${basename(header, extname(header))}.dat`
  const names = readdirSync(dir)
  const exact = wanted.replace(/dat$/, extname(header) === '.CFG' ? 'DAT' : 'dat')
  const found = names.find(name => name === exact) ?? names.find(name => name.toLowerCase() === wanted.toLowerCase())
  if (found !== undefined) return join(dir, found)
  throw new ComtradeError('COMTRADE_NO_FILE', `${header}: no ${wanted} beside it, want the samples there`)
}

function readBounded(file: string, most: number): Uint8Array {
  let handle: number | undefined
  try {
    handle = openSync(file, 'r')
    const stat = fstatSync(handle)
    if (!stat.isFile()) throw new ComtradeError('COMTRADE_NO_FILE', `${file}: is no file`)
    if (stat.size > most) {
      throw new ComtradeError('COMTRADE_TOO_LARGE', `${file}: ${stat.size} bytes, want ${most} at most`)
    }
    const bytes = new Uint8Array(stat.size)
    let filled = 0
    while (filled < bytes.length) {
      const count = readSync(handle, bytes, filled, bytes.length - filled, filled)
      if (count === 0) break // it became shorter meanwhile
      filled += count
    }
    return bytes.subarray(0, filled)
  } catch (cause) {
    if (cause instanceof ComtradeError) throw cause
    throw new ComtradeError('COMTRADE_NO_FILE', `${file}: can't read this recording: ${(cause as Error).message}`, {
      cause,
    })
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

const MARK = '--- file type:'

/** Sections begin with `--- file type: CFG ---`, the last one with `--- file type: DAT FLOAT32: 4214 ---`. */
function splitCff(file: string, bytes: Uint8Array, note: (words: string) => void): Parts {
  let header: { readonly from: number; readonly firstLine: number } | undefined
  let headerEnd = 0
  let line = 1
  let counted = 0
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = buffer.indexOf(MARK); at >= 0; at = buffer.indexOf(MARK, at + MARK.length)) {
    let end = buffer.indexOf(0x0a, at)
    if (end < 0) end = buffer.length
    for (; counted < end; counted++) if (buffer[counted] === 0x0a) line++
    const words = buffer.toString('latin1', at + MARK.length, Math.min(end, at + 120)).trim()
    const firstLine = line + 1
    if (header !== undefined && headerEnd === 0) headerEnd = at
    if (/^CFG\b/i.test(words)) header = { from: end + 1, firstLine }
    const data = /^DAT\s+(\w+)\s*(?::\s*(\d+))?/i.exec(words)
    if (data === null) continue
    if (header === undefined) break
    if (headerEnd - header.from > limits.headerBytes) {
      throw new ComtradeError('COMTRADE_TOO_LARGE', `${file}: a CFG section of ${headerEnd - header.from} bytes`)
    }
    const there = Math.max(0, buffer.length - (end + 1))
    const declared = data[2] === undefined ? there : Number(data[2])
    if (declared > there) note(`the data section says ${declared} bytes, ${there} are there`)
    return {
      header: { file, bytes: bytes.subarray(header.from, headerEnd), firstLine: header.firstLine },
      data: { file, bytes: bytes.subarray(end + 1, end + 1 + Math.min(declared, there)), firstLine },
    }
  }
  throw new ComtradeError(
    'COMTRADE_BAD_HEADER',
    `${file}: no ${header === undefined ? 'CFG' : 'DAT'} section, want "--- file type: CFG ---" and "--- file type: DAT ... ---"`,
  )
}
