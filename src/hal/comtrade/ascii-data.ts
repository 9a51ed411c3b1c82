// Data as text: a line for each sample, its number, its time stamp, the analog values, the digital ones.

import { ComtradeError } from './comtrade-error.ts'
import { show } from './header.ts'
import type { Header } from './record.ts'
import { checkSize, type SampleData } from './sample-data.ts'

const COMMA = 0x2c
const LF = 0x0a
const CR = 0x0d
const SUB = 0x1a
const SPACE = 0x20
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
/** Says that a value is missing, as an empty field does. */
const MISSING = 99999

/** @throws ComtradeError COMTRADE_BAD_DATA, COMTRADE_TOO_LARGE */
export function asciiData(
  bytes: Uint8Array,
  { analog, digital }: Header,
  file: string,
  firstLine: number,
  note: (words: string) => void,
): SampleData {
  const fieldCount = 2 + analog.length + digital.length
  // A field has a comma or a line's end behind it, and most have a digit.
  const most = Math.min(linesIn(bytes), Math.ceil((bytes.length + 1) / fieldCount))
  checkSize(most, analog.length, digital.length, file)
  const stamps = new Float64Array(most)
  const values = analog.map(() => new Float64Array(most))
  const bits = digital.map(() => new Uint8Array(most))
  let row = 0
  let line = firstLine - 1
  let at = 0

  while (at < bytes.length) {
    line++
    let end = bytes.indexOf(LF, at)
    if (end < 0) end = bytes.length
    const next = end + 1
    while (end > at && isBlank(bytes[end - 1])) end--
    if (end > at && bytes[at] !== SUB) readRow(at, end, next >= bytes.length)
    at = next
  }
  if (row === 0) throw new ComtradeError('COMTRADE_BAD_DATA', `${file}: no samples, want one line for each`)
  return {
    rows: row,
    stamps: stamps.slice(0, row),
    analog: values.map(column => column.slice(0, row)),
    digital: bits.map(column => column.slice(0, row)),
  }

  function readRow(from: number, end: number, isLast: boolean): void {
    let begin = from
    for (let field = 0; field < fieldCount; field++) {
      if (begin > end) {
        const words = `sample ${row + 1} has ${field} fields, want ${fieldCount}`
        if (!isLast) throw new ComtradeError('COMTRADE_BAD_DATA', `${file}:${line}: ${words}`)
        note(`the last line is cut off (${words}) and is left out`)
        return
      }
      let stop = bytes.indexOf(COMMA, begin)
      if (stop < 0 || stop > end) stop = end
      put(field, begin, stop)
      begin = stop + 1
    }
    // One comma at the end is in some writers' files.
    if (begin < end) {
      throw new ComtradeError(
        'COMTRADE_BAD_DATA',
        `${file}:${line}: sample ${row + 1} has more fields, want ${fieldCount}`,
      )
    }
    row++
  }

  function put(field: number, from: number, to: number): void {
    const value = numberIn(from, to, field)
    if (field === 0) return
    if (field === 1) {
      stamps[row] = value
      return
    }
    const channel = analog[field - 2]
    if (channel !== undefined) {
      const column = values[field - 2] as Float64Array
      column[row] = value === MISSING ? Number.NaN : channel.multiplier * value + channel.offset
      return
    }
    const column = bits[field - 2 - analog.length] as Uint8Array
    column[row] = value === 1 ? 1 : 0
  }

  /** Whole numbers, which nearly all are, without a string for each. */
  function numberIn(from: number, to: number, field: number): number {
    let begin = from
    while (begin < to && isBlank(bytes[begin])) begin++
    let stop = to
    while (stop > begin && isBlank(bytes[stop - 1])) stop--
    if (begin === stop) return Number.NaN
    const isNegative = bytes[begin] === MINUS
    const digits = isNegative ? begin + 1 : begin
    let value = 0
    if (stop > digits && stop - digits <= 15) {
      let index = digits
      for (; index < stop; index++) {
        const byte = bytes[index] as number
        if (byte < ZERO || byte > NINE) break
        value = value * 10 + (byte - ZERO)
      }
      if (index === stop) return isNegative ? -value : value
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + begin, Math.min(64, stop - begin)).toString('latin1')
    const parsed = Number(text)
    if (Number.isFinite(parsed)) return parsed
    throw new ComtradeError(
      'COMTRADE_BAD_DATA',
      `${file}:${line}: field ${field + 1} of sample ${row + 1} is ${show(text)}, want a number`,
    )
  }
}

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === CR || byte === SUB || byte === 0x09

function linesIn(bytes: Uint8Array): number {
  let lines = 1
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++
  return lines
}
