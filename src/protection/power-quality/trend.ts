// Whether a quantity goes down steadily and will have crossed a limit before long. Values come at even intervals; one that
// rises, or is not a number, ends the trend.

export interface TrendSettings {
  /** So many falling values in a row make a trend. */
  readonly least: number
  /** A fall from one value to the next that counts. */
  readonly leastFall: number
  /** In intervals between values. */
  readonly horizon: number
  readonly limit: number
}

/** @returns a function that takes one value after the other and says whether it is about to cross the limit */
export function fallingTrend({ least, leastFall, horizon, limit }: TrendSettings): (value: number) => boolean {
  let first = Number.NaN
  let last = Number.NaN
  let falls = 0
  return value => {
    const falling = last - value >= leastFall
    if (!falling) {
      first = value
      falls = 0
    } else falls++
    last = value
    if (falls < least) return false
    const perInterval = (first - value) / falls
    return value - perInterval * horizon < limit
  }
}
