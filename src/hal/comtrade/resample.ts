// Unevenly spaced samples, evenly spaced: through the four around each moment goes a cubic (Lagrange). At 16 samples a cycle
// it is off by less than 0.05 % of the crest; a straight line would be by 2 %.

/**
 * @param skew how much later than `times` say the values were taken
 * @param widest a gap between samples that is wider holds no wave: what lies in it is missing, NaN
 */
export function resample(
  times: Float64Array,
  values: Float64Array,
  {
    hz,
    count,
    skew,
    widest,
  }: { readonly hz: number; readonly count: number; readonly skew: number; readonly widest: number },
): Float64Array {
  const at = (index: number): number => times[index] ?? Number.NaN
  let right = 1
  return new Float64Array(count).map((_, index) => {
    const moment = index / hz - skew
    while (right < times.length - 1 && at(right) < moment) right++
    const left = right - 1
    if (moment === at(left)) return values[left] ?? Number.NaN
    if (at(right) - at(left) > widest * 1.0001) return Number.NaN
    const nodes = [left - 1, left, right, right + 1].filter(node => isUsable(node, left, right))
    let sum = 0
    for (const node of nodes) {
      let weight = 1
      for (const other of nodes) if (other !== node) weight *= (moment - at(other)) / (at(node) - at(other))
      sum += weight * (values[node] ?? Number.NaN)
    }
    return sum
  })

  /** The two around the moment always; the outer ones where they are there and near enough. */
  function isUsable(node: number, left: number, right: number): boolean {
    if (node === left || node === right) return true
    const neighbour = node < left ? left : right
    return (
      node >= 0 &&
      node < times.length &&
      Math.abs(at(node) - at(neighbour)) <= widest &&
      !Number.isNaN(values[node] ?? Number.NaN)
    )
  }
}

/** The state that was last seen. */
export function resampleBits(
  times: Float64Array,
  bits: Uint8Array,
  { hz, count }: { readonly hz: number; readonly count: number },
): Uint8Array {
  let seen = 0
  return new Uint8Array(count).map((_, index) => {
    while (seen < times.length - 1 && (times[seen + 1] ?? 0) <= index / hz + 1e-12) seen++
    return bits[seen] ?? 0
  })
}
