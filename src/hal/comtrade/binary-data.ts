// Data in binary: each sample has its number, its time stamp, the analog values, and the digital ones by 16 a word.

import { ComtradeError } from './comtrade-error.ts'
import type { DataFormat, Header } from './record.ts'
import { checkSize, type SampleData } from './sample-data.ts'

export const wordBytes: Readonly<Record<Exclude<DataFormat, 'ASCII'>, number>> = { BINARY: 2, BINARY32: 4, FLOAT32: 4 }
const MISSING_STAMP = 0xffffffff
/** The largest float there is; some writers mark missing values with it, others with NaN or infinity. */
const LARGEST_FLOAT = 3.402823e38

/** @throws ComtradeError COMTRADE_BAD_DATA, COMTRADE_TOO_LARGE */
export function binaryData(
  bytes: Uint8Array,
  { analog, digital, format }: Header,
  file: string,
  note: (words: string) => void,
): SampleData {
  if (format === 'ASCII') throw new Error('invariant: ASCII data has a reader of its own')
  const words = Math.ceil(digital.length / 16)
  const rowBytes = 8 + analog.length * wordBytes[format] + words * 2
  const rows = Math.floor(bytes.length / rowBytes)
  if (rows === 0) {
    throw new ComtradeError('COMTRADE_BAD_DATA', `${file}: ${bytes.length} bytes, want ${rowBytes} for each sample`)
  }
  const rest = bytes.length - rows * rowBytes
  if (rest > 0) note(`${rest} bytes behind the last whole sample are left out`)
  checkSize(rows, analog.length, digital.length, file)

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read: Record<typeof format, (at: number) => number> = {
    BINARY(at) {
      const value = view.getInt16(at, true)
      return value === -0x8000 ? Number.NaN : value
    },
    BINARY32(at) {
      const value = view.getInt32(at, true)
      return value === -0x80000000 ? Number.NaN : value
    },
    FLOAT32(at) {
      const value = view.getFloat32(at, true)
      return Math.abs(value) >= LARGEST_FLOAT ? Number.NaN : value
    },
  }
  const stamps = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const stamp = view.getUint32(row * rowBytes + 4, true)
    stamps[row] = stamp === MISSING_STAMP ? Number.NaN : stamp
  }
  const values = analog.map(({ multiplier, offset }, channel) => {
    const column = new Float64Array(rows)
    const from = 8 + channel * wordBytes[format]
    for (let row = 0; row < rows; row++) column[row] = multiplier * read[format](row * rowBytes + from) + offset
    return column
  })
  const bits = digital.map((_, channel) => {
    const column = new Uint8Array(rows)
    const from = rowBytes - words * 2 + Math.floor(channel / 16) * 2
    for (let row = 0; row < rows; row++) {
      column[row] = (view.getUint16(row * rowBytes + from, true) >> (channel % 16)) & 1
    }
    return column
  })
  return { rows, stamps, analog: values, digital: bits }
}
