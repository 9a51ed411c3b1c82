// Each sample against the one a cycle earlier, between two samples where the cycle is no whole number of them. What repeats
// itself is gone; what is new stands out within a millisecond.

import { placeOf, type SampleRing } from './sample-ring.ts'

/**
 * Writes the differences of the samples `from` to `to` into `into`, from its start.
 *
 * The samples of the cycle before must still be there. A difference with a sample that is not known is not a number.
 */
export function cycleDifference(
  ring: SampleRing,
  from: number,
  to: number,
  samplesPerCycle: number,
  into: Float64Array,
): void {
  const { data } = ring
  const back = Math.ceil(samplesPerCycle)
  const share = back - samplesPerCycle // of the later of the two neighbours
  const now = placeOf(ring, from)
  const then = placeOf(ring, from - back)
  const count = to - from
  for (let n = 0; n < count; n++) {
    const earlier = data[then + n] as number
    const later = data[then + n + 1] as number
    into[n] = (data[now + n] as number) - (earlier + share * (later - earlier))
  }
}
