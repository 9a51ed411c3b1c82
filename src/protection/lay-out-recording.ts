// From the blocks of a recording to columns: one value of each channel for each moment, gaps as missing values.

import { type Instant, instant } from '../../topology/units.ts'
import { lengthOf, type Recording, type Samples } from './fault-recorder.ts'

export interface RecordingColumns {
  /** Of the first sample. */
  readonly at: Instant
  readonly utcMs: number
  readonly rates: readonly { readonly hz: number; readonly lastSample: number }[]
  /** Seconds from the first sample. */
  readonly times: Float64Array
  readonly analog: readonly {
    readonly quantity: 'volts' | 'amps'
    readonly phase: 'a' | 'b' | 'c'
    /** NaN where missing. */
    readonly values: Float64Array
  }[]
  readonly digital: readonly { readonly name: string; readonly values: Uint8Array }[]
}

/** Digital channels, those of the device and those of its status together. */
const MOST_DIGITAL = 256

/** @returns undefined when no sample lies within the recording */
export function layOut({ blocks, from, until, bits }: Recording): RecordingColumns | undefined {
  const parts = blocks.map(block => cut(block, from, until)).filter(({ count }) => count > 0)
  const [first] = parts
  if (first === undefined) return undefined

  const rows = parts.reduce((sum, { count, block, skip }, index) => sum + count + gapBefore(block, skip, index), 0)
  const times = new Float64Array(rows)
  const rates: { hz: number; lastSample: number }[] = []
  const places: { readonly row: number; readonly part: Part }[] = []
  let row = 0
  for (const [index, part] of parts.entries()) {
    const hz = part.block.samplesPerSecond
    const count = part.count + gapBefore(part.block, part.skip, index)
    places.push({ row: row + count - part.count, part })
    for (const end = row + count; row < end; row++) {
      times[row] = row === 0 ? 0 : (times[row - 1] ?? 0) + 1 / hz
    }
    const last = rates.at(-1)
    if (last?.hz === hz) last.lastSample = row
    else rates.push({ hz, lastSample: row })
  }

  const analog = (['volts', 'amps'] as const).flatMap(quantity =>
    (['a', 'b', 'c'] as const)
      .filter(phase => parts.some(({ block }) => block[quantity][phase] !== undefined))
      .map(phase => {
        const values = new Float64Array(rows).fill(Number.NaN)
        for (const { row: at, part } of places) {
          const column = part.block[quantity][phase]
          if (column !== undefined) values.set(column.subarray(part.skip, part.skip + part.count), at)
        }
        return { quantity, phase, values }
      }),
  )
  return {
    at: instant(first.block.at + (first.skip / first.block.samplesPerSecond) * 1000),
    utcMs: first.block.utc + (first.skip / first.block.samplesPerSecond) * 1000,
    rates,
    times,
    analog,
    digital: digitals(ownDigitals(places, rows)).slice(0, MOST_DIGITAL),
  }

  function ownDigitals(among: typeof places, count: number) {
    const names = [...new Set(parts.flatMap(({ block }) => Object.keys(block.digitals ?? {})))]
    return names.map(name => {
      const values = new Uint8Array(count)
      for (const { row: at, part } of among) {
        const column = part.block.digitals?.[name]
        if (column !== undefined) values.set(column.subarray(part.skip, part.skip + part.count), at)
      }
      return { name, values }
    })
  }

  /** Those of the device under their names; of the status, what is named alike says that it was polled. */
  function digitals(own: ReturnType<typeof ownDigitals>) {
    const names = new Set(own.map(({ name }) => name))
    const polled = statusDigitals().map(each =>
      names.has(each.name) ? { ...each, name: `${each.name} polled` } : each,
    )
    return [...own, ...polled]
  }

  /** Polled, so each change is where the poll saw it. */
  function statusDigitals() {
    return [...new Set(bits.map(({ name }) => name))].map(name => {
      const values = new Uint8Array(rows)
      const changes = bits.filter(change => change.name === name).sort((one, other) => one.at - other.at)
      let next = 0
      for (const { row: at, part } of places) {
        for (let index = 0; index < part.count; index++) {
          const moment = part.block.at + ((part.skip + index) / part.block.samplesPerSecond) * 1000
          while (next < changes.length && (changes[next]?.at ?? 0) <= moment) next++
          values[at + index] = changes[next - 1]?.value === true ? 1 : 0
        }
      }
      return { name, values }
    })
  }
}

interface Part {
  readonly block: Samples
  /** Samples of the block that lie before the recording. */
  readonly skip: number
  readonly count: number
}

function cut(block: Samples, from: Instant, until: Instant): Part {
  const perMs = block.samplesPerSecond / 1000
  const length = lengthOf(block)
  const skip = Math.min(length, Math.max(0, Math.ceil((from - block.at) * perMs - 1e-6)))
  const end = Math.min(length, Math.max(0, Math.ceil((until - block.at) * perMs - 1e-6)))
  return { block, skip, count: Math.max(0, end - skip) }
}

/** What is lost before the first block of the recording, or within what was cut off, is not in it. At most a second. */
const gapBefore = ({ lost, samplesPerSecond }: Samples, skip: number, index: number): number =>
  index === 0 || skip > 0 ? 0 : Math.min(lost, Math.ceil(samplesPerSecond))
