// A time-current curve given as points: straight lines between them on log-log paper, as makers of fuses draw them.

import { exponential, logarithm } from '../../../topology/trigonometry.ts'

/** [amperes or multiple, seconds], the first rising, the second never rising. */
export type CurvePoints = readonly (readonly [number, number])[]

/** Seconds at that current: infinite below the first point, and above the last one its time. */
export function secondsOfPoints(points: CurvePoints, at: number): number {
  const above = points.findIndex(([current]) => at < current)
  if (above === 0) return Number.POSITIVE_INFINITY
  const [i1 = 0, t1 = Number.POSITIVE_INFINITY] = points.at(above === -1 ? -1 : above - 1) ?? []
  const [i2, t2] = points[above] ?? [i1, t1]
  if (i1 === i2) return t1
  const share = logarithm(at / i1) / logarithm(i2 / i1)
  return t1 * exponential(share * logarithm(t2 / t1))
}
