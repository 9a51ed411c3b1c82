// The latest samples of one channel. Each is written twice, a capacity apart, so that any stretch up to the capacity lies in
// one piece and the loops over it need no wrapping.

export interface SampleRing {
  readonly data: Float64Array
  readonly capacity: number
  /** Samples ever written: the number of the next one. */
  end: number
}

/** @param least so many samples are kept at least */
export function sampleRing(least: number): SampleRing {
  const capacity = Math.max(16, Math.ceil(least))
  return { data: new Float64Array(2 * capacity), capacity, end: 0 }
}

/** Appends `values[from..to)`; at most a capacity at a time. */
export function pushSamples(ring: SampleRing, values: Float64Array, from: number, to: number): void {
  const { data, capacity } = ring
  let place = ring.end % capacity
  for (let n = from; n < to; n++) {
    const value = values[n] as number
    data[place] = value
    data[place + capacity] = value
    if (++place === capacity) place = 0
  }
  ring.end += to - from
}

/** For samples that were lost: they are not known, and whatever is calculated from them is not a number. */
export function pushUnknown(ring: SampleRing, count: number): void {
  const { data, capacity } = ring
  for (let n = 0; n < Math.min(count, capacity); n++) {
    const place = (ring.end + n) % capacity
    data[place] = Number.NaN
    data[place + capacity] = Number.NaN
  }
  ring.end += count
}

/** Where the sample of this number lies in `data`; those after it follow. */
export const placeOf = (ring: SampleRing, number: number): number => number % ring.capacity

/**
 * Mean of the squares from one point in time to another, both in samples; a sample stands for the time from its own number
 * to the next one. Not a number when a sample within is not known.
 */
export function meanSquare(ring: SampleRing, from: number, to: number): number {
  const first = Math.floor(from)
  const last = Math.floor(to)
  const { data } = ring
  const place = placeOf(ring, first)
  const head = data[place] as number
  let sum = head * head * (first + 1 - from)
  const end = place + last - first
  for (let n = place + 1; n < end; n++) {
    const value = data[n] as number
    sum += value * value
  }
  if (to > last) {
    const tail = data[end] as number
    sum += tail * tail * (to - last)
  }
  return sum / (to - from)
}
