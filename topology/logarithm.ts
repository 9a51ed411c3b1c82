// Natural logarithm and exponential from + − × ÷ alone, so that every machine and every Node computes the same bits:
// ECMAScript leaves the last digits of Math.log and Math.exp to the engine. Good to about one part in 10^15.

const { LN2 } = Math // a constant, the same everywhere

/** @param x above zero and finite */
export function naturalLogarithm(x: number): number {
  let mantissa = x
  let halvings = 0
  for (; mantissa > 1.5; halvings++) mantissa /= 2
  for (; mantissa < 0.75; halvings--) mantissa *= 2
  // ln m = 2 (s + s³/3 + s⁵/5 + …) with s = (m − 1) / (m + 1), at most 1/5 here.
  const s = (mantissa - 1) / (mantissa + 1)
  let sum = 0
  for (let n = 23; n >= 1; n -= 2) sum = sum * s * s + 1 / n
  return halvings * LN2 + 2 * s * sum
}

/** Infinity where the result is too large for a number, 0 where it is too small. */
export function exponential(x: number): number {
  if (x > 709.8) return Number.POSITIVE_INFINITY
  if (x < -745.2) return 0
  const doublings = Math.round(x / LN2)
  const rest = x - doublings * LN2
  let result = 1
  for (let n = 17; n >= 1; n--) result = 1 + (rest * result) / n
  for (let n = 0; n < doublings; n++) result *= 2
  for (let n = 0; n > doublings; n--) result /= 2
  return result
}
