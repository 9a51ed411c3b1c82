// How long an interrupter takes to clear a fault by itself, from the fault's begin to the end of its arc.

import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { exponential, logarithm } from '../../topology/trigonometry.ts'
import { type Duration, duration } from '../../topology/units.ts'

/** [amperes, seconds to total clearing], currents rising and times falling. */
export type MeltingCurve = readonly (readonly [number, number])[]

/**
 * How long a fuse takes to clear a steady current. Straight lines between the points on log-log paper; above the last point its
 * time, and never below the first.
 */
export function clearingTime(curve: MeltingCurve, amps: number): Duration | undefined {
  const above = curve.findIndex(([current]) => amps < current)
  if (above === 0) return undefined
  const [i1 = 0, t1 = 0] = curve.at(above === -1 ? -1 : above - 1) ?? []
  const [i2, t2] = curve[above] ?? [i1, t1]
  if (i1 === i2) return duration(t1 * 1000)
  const share = logarithm(amps / i1) / logarithm(i2 / i1)
  return duration(t1 * 1000 * exponential(share * logarithm(t2 / t1)))
}

/**
 * The longest that a fuse, breaker or recloser takes to clear a fault of that current below it, whichever of its elements
 * sees it.
 *
 * @returns undefined where it does not clear it, or the file does not say in what time
 */
export function clearingTimeOf(
  { kind, meltingCurve, relay, breakerTimeMs }: DeviceEntry,
  amps: number,
): Duration | undefined {
  if (kind === 'fuse') return meltingCurve === undefined ? undefined : clearingTime(meltingCurve, amps)
  if (relay === undefined || amps <= relay.pickupAmps) return undefined
  return duration(Math.max(relay.delayMs, relay.ground?.delayMs ?? 0) + breakerTimeMs)
}
