// Writes a recording as one file of IEEE C37.111-2013 (.cff), values as floats (FLOAT32) on the primary side. Times are UTC.

import type { Rate } from './record.ts'
import { formatStamp } from './stamp.ts'

export interface WrittenRecord {
  readonly station: string
  readonly device: string
  /** Nominal; 0 where unknown. */
  readonly lineHz: number
  readonly rates: readonly Rate[]
  /** Of the first sample, µs since 1970. */
  readonly startUtcMicros: bigint
  readonly triggerUtcMicros: bigint
  /** IEEE C37.118's code: 0 locked, 8 within 10 ms, F not reliable, and what lies between. */
  readonly timeQuality: string
  /** Seconds from the first sample. */
  readonly times: Float64Array
  readonly analog: readonly {
    readonly name: string
    readonly phase: string
    readonly unit: string
    /** As many as `times`; NaN where missing. */
    readonly values: Float64Array
  }[]
  readonly digital: readonly { readonly name: string; readonly normal: number; readonly values: Uint8Array }[]
  /** Public entries of the INF section. */
  readonly information: readonly (readonly [key: string, value: string])[]
  /** Lines of the HDR section, for people. */
  readonly remarks: readonly string[]
}

/** Encoding goes in slices of so many samples, so that whoever writes them can let other work pass in between. */
const ROWS_AT_ONCE = 512
/** The largest that C37.111 has for sample numbers and time stamps. */
const MOST_UINT32 = 0xffffffff

/** @throws RangeError for columns of unlike length, or for more than time stamps of 32 bits reach */
export function* comtradeFile(record: WrittenRecord): Generator<Uint8Array> {
  const { times, analog, digital } = record
  const samples = times.length
  if ([...analog, ...digital].some(({ values }) => values.length !== samples)) {
    throw new RangeError(`recording of ${samples} samples: want as many values of each channel`)
  }
  if ((times.at(-1) ?? 0) * 1e6 >= MOST_UINT32) throw new RangeError('recording: want less than 71 minutes')
  const words = wordsOf(record)
  const rowBytes = rowBytesOf(record)
  yield new TextEncoder().encode(headOf(record))

  for (let from = 0; from < samples; from += ROWS_AT_ONCE) {
    const to = Math.min(samples, from + ROWS_AT_ONCE)
    const bytes = new Uint8Array((to - from) * rowBytes)
    const view = new DataView(bytes.buffer)
    for (let row = from; row < to; row++) {
      let at = (row - from) * rowBytes
      view.setUint32(at, row + 1, true)
      view.setUint32(at + 4, Math.round((times[row] ?? 0) * 1e6), true)
      at += 8
      for (const { values } of analog) {
        view.setFloat32(at, values[row] ?? Number.NaN, true)
        at += 4
      }
      for (let word = 0; word < words; word++) {
        let bits = 0
        for (let bit = 0; bit < 16; bit++) {
          if (digital[word * 16 + bit]?.values[row] === 1) bits |= 1 << bit
        }
        view.setUint16(at, bits, true)
        at += 2
      }
    }
    yield bytes
  }
}

const wordsOf = ({ digital }: WrittenRecord): number => Math.ceil(digital.length / 16)
const rowBytesOf = (record: WrittenRecord): number => 8 + 4 * record.analog.length + 2 * wordsOf(record)

/** Of the whole file. */
export const comtradeBytes = (record: WrittenRecord): number =>
  new TextEncoder().encode(headOf(record)).length + record.times.length * rowBytesOf(record)

function headOf(record: WrittenRecord): string {
  const { station, device, lineHz, rates, startUtcMicros, triggerUtcMicros, timeQuality, analog, digital } = record
  return [
    '--- file type: CFG ---',
    `${field(station)},${field(device)},2013`,
    `${analog.length + digital.length},${analog.length}A,${digital.length}D`,
    ...analog.map(
      ({ name, phase, unit }, index) =>
        `${index + 1},${field(name)},${field(phase)},,${field(unit)},1,0,0,-3.40282347E+38,3.40282347E+38,1,1,P`,
    ),
    ...digital.map(({ name, normal }, index) => `${index + 1},${field(name)},,,${normal}`),
    String(lineHz),
    String(rates.length),
    ...(rates.length === 0 ? [`0,${record.times.length}`] : rates.map(({ hz, lastSample }) => `${hz},${lastSample}`)),
    formatStamp(startUtcMicros),
    formatStamp(triggerUtcMicros),
    'FLOAT32',
    '1',
    '0,0',
    `${timeQuality},3`, // whether a leap second is about is not known here
    '--- file type: INF ---',
    '[Public Record_Information]',
    ...record.information.map(([key, value]) => `${line(key)}=${line(value)}`),
    '--- file type: HDR ---',
    ...record.remarks.map(line),
    `--- file type: DAT FLOAT32: ${record.times.length * rowBytesOf(record)} ---`,
    '',
  ].join('\r\n')
}

/** Names come from configurations and devices; a comma or a line's end in one would shift all that follows. */
const field = (text: string): string => line(text).replaceAll(',', ' ')
const line = (text: string): string => text.replace(/\p{Cc}/gu, ' ').replaceAll('--- file type:', '')
