// Reads recordings of IEEE C37.111-1991, 1999 and 2013 (IEC 60255-24): what is there counts, not what the header promises,
// and where the two differ a note says so.

import { asciiData } from './ascii-data.ts'
import { binaryData } from './binary-data.ts'
import { type Parts, readParts } from './files.ts'
import { parseHeader } from './header.ts'
import { type ComtradeRecord, limits } from './record.ts'
import { sampleTimes } from './sample-times.ts'

/**
 * @param file a .cfg, with its .dat beside it, or a .cff
 * @throws ComtradeError
 */
export function readComtrade(file: string): ComtradeRecord {
  const { notes, note } = noteList()
  return fromParts(readParts(file, note), notes, note)
}

/** The same from bytes. @throws ComtradeError */
export function parseComtrade(parts: Parts): ComtradeRecord {
  const { notes, note } = noteList()
  return fromParts(parts, notes, note)
}

function noteList() {
  const notes: string[] = []
  return {
    notes,
    note(words: string): void {
      if (notes.length < limits.notes) notes.push(words)
    },
  }
}

function fromParts({ header: part, data }: Parts, notes: string[], note: (words: string) => void): ComtradeRecord {
  const header = parseHeader({ file: part.file, text: decodeText(part.bytes), firstLine: part.firstLine }, note)
  const read =
    header.format === 'ASCII'
      ? asciiData(data.bytes, header, data.file, data.firstLine, note)
      : binaryData(data.bytes, header, data.file, note)
  const { rows, stamps, analog, digital } = read
  if (header.declaredSamples !== rows) note(`${header.declaredSamples} samples declared, ${rows} are there`)
  const { start, trigger } = header
  return {
    file: part.file,
    header,
    samples: rows,
    ...sampleTimes(header, stamps, data.file, note),
    ...(start.nanos === undefined || trigger.nanos === undefined
      ? {}
      : { triggerSeconds: Number(trigger.nanos - start.nanos) / 1e9 }),
    analog,
    digital,
    notes,
  }
}

/** UTF-8 where it is, else the code page of Windows: names in others come out wrong, and nothing else does. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
