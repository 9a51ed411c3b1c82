// When each sample was taken: by the sampling rates where the file has them, else by the time stamp of each.

import { ComtradeError } from './comtrade-error.ts'
import type { Header, Rate } from './record.ts'

export interface SampleTimes {
  /** Seconds from the first sample. */
  readonly times: Float64Array
  readonly evenHz?: number
}

/**
 * So far may a distance between samples lie from the middle one, and they still count as even: stamps are rounded, mostly
 * to microseconds, and many recorders follow the frequency of the network with their sampling.
 */
const UNEVEN = 0.01
/** Stamps of binary files have 32 bits. */
const WRAP = 2 ** 32

/**
 * @param stamps as they are in the data, NaN where missing
 * @throws ComtradeError COMTRADE_BAD_DATA
 */
export function sampleTimes(
  { rates, timeMultiplier, start, revision }: Header,
  stamps: Float64Array,
  file: string,
  note: (words: string) => void,
): SampleTimes {
  const known = rates.filter(({ hz }) => hz > 0)
  if (known.length > 0 && known.length === rates.length) {
    const times = byRates(known, stamps.length)
    const used = known.filter(
      ({ lastSample }, index) => index === 0 || lastSample > (known[index - 1]?.lastSample ?? 0),
    )
    const [{ hz } = { hz: 0 }] = used
    return used.every(rate => rate.hz === hz) ? { times, evenHz: hz } : even(times)
  }
  const isNanos = revision === 2013 && start.digits > 6
  return even(byStamps(stamps, timeMultiplier * (isNanos ? 1e-9 : 1e-6), file, note))
}

function even(times: Float64Array): SampleTimes {
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  const middle = distances.slice().sort()[Math.floor(distances.length / 2)] ?? 0
  const isEven = middle > 0 && distances.every(distance => Math.abs(distance - middle) <= middle * UNEVEN)
  return { times, ...(isEven ? { evenHz: 1 / middle } : {}) }
}

/** A sample lies behind the one before it by the rate at which it was taken. */
function byRates(rates: readonly Rate[], count: number): Float64Array {
  const times = new Float64Array(count)
  let segment = 0
  // Counted within the segment, so that no rounding adds up.
  let from = 0
  let fromTime = 0
  for (let index = 1; index < count; index++) {
    while (segment < rates.length - 1 && index + 1 > (rates[segment]?.lastSample ?? 0)) {
      segment++
      from = index - 1
      fromTime = times[from] ?? 0
    }
    times[index] = fromTime + (index - from) / (rates[segment]?.hz ?? Number.NaN)
  }
  return times
}

function byStamps(stamps: Float64Array, unit: number, file: string, note: (words: string) => void): Float64Array {
  const times = new Float64Array(stamps.length)
  const first = stamps[0] ?? Number.NaN
  let wraps = 0
  let before = first
  for (let index = 0; index < stamps.length; index++) {
    const stamp = stamps[index] ?? Number.NaN
    if (Number.isNaN(stamp)) {
      throw new ComtradeError(
        'COMTRADE_BAD_DATA',
        `${file}: sample ${index + 1} has no time stamp, want one where the sampling rate is 0`,
      )
    }
    if (before - stamp > WRAP / 2) {
      wraps++
      note(`time stamps begin again at sample ${index + 1}`)
    } else if (stamp < before) {
      throw new ComtradeError(
        'COMTRADE_BAD_DATA',
        `${file}: the time stamp of sample ${index + 1} is ${stamp} behind ${before}, want them ascending`,
      )
    }
    before = stamp
    times[index] = (stamp + wraps * WRAP - first) * unit
  }
  return times
}
