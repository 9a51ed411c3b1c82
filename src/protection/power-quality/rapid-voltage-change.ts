// Rapid voltage change (IEC 61000-4-30 §5.11): from one steady voltage to another, without a sag or a swell in between.
//
//   steady ── a value leaves the mean of the last second by the threshold ──► moving
//   moving ── all values of a second within half the threshold of their mean ──► steady: told, if it never was a sag or swell
//
// So it is told a second after it is over; before that nobody can know that no sag comes of it.

export interface RapidChangeSettings {
  /** Half cycles of a second. */
  readonly values: number
  readonly threshold: number
  readonly sagPu: number
  readonly swellPu: number
}

/** From the start of the first window off the mean to the start of the last one that was not yet steady. */
export interface RapidChange {
  readonly from: number
  readonly to: number
  readonly extremePu: number
}

/** Holds the state of one channel. Windows come in order; one that is not a number starts it anew. */
export function rapidVoltageChange({ values, threshold, sagPu, swellPu }: RapidChangeSettings) {
  const kept = new Float64Array(values)
  const begins = new Float64Array(values)
  let count = 0
  let sum = 0
  let moving: { from: number; mean: number; extreme: number; isMore: boolean } | undefined
  let steadyMean: number | undefined

  function forget(): undefined {
    count = 0
    sum = 0
    moving = undefined
    steadyMean = undefined
    return undefined
  }

  function isWithin(limit: number, mean: number): boolean {
    for (let n = 0; n < values; n++) {
      const off = (kept[n] as number) - mean
      if (off > limit || off < -limit) return false
    }
    return true
  }

  return (pu: number, from: number): RapidChange | undefined => {
    if (!Number.isFinite(pu)) return forget()
    if (steadyMean !== undefined && moving === undefined && Math.abs(pu - steadyMean) > threshold) {
      moving = { from, mean: steadyMean, extreme: pu, isMore: false }
    }
    const place = count % values
    if (count >= values) sum -= kept[place] as number
    kept[place] = pu
    begins[place] = from
    sum += pu
    count++
    if (place === values - 1) sum = kept.reduce((total, each) => total + each, 0) // rounding does not add up
    const mean = sum / values
    if (moving !== undefined) {
      if (pu < sagPu || pu > swellPu) moving.isMore = true
      if (Math.abs(pu - moving.mean) > Math.abs(moving.extreme - moving.mean)) moving.extreme = pu
    }
    if (count < values || !isWithin(moving === undefined ? threshold : threshold / 2, mean)) {
      if (moving === undefined) steadyMean = undefined
      return undefined
    }
    steadyMean = mean
    if (moving === undefined) return undefined
    const { from: began, extreme, isMore } = moving
    moving = undefined
    if (isMore) return undefined
    const to = Math.max(began, begins[(place + 1) % values] as number)
    return { from: began, to, extremePu: extreme }
  }
}
