// How long an interrupter takes to clear a fault by itself, from the fault's begin to the end of its arc.

import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { type Duration, duration } from '../../topology/units.ts'
import { stageSeconds } from './elements/relay-settings.ts'
import { secondsOfPoints } from './elements/tabulated-curve.ts'

/** [amperes, seconds to total clearing], currents rising and times falling. */
export type MeltingCurve = readonly (readonly [number, number])[]

/**
 * How long a fuse takes to clear a steady current. Straight lines between the points on log-log paper; above the last point its
 * time, and never below the first.
 */
export function clearingTime(curve: MeltingCurve, amps: number): Duration | undefined {
  const seconds = secondsOfPoints(curve, amps)
  return Number.isFinite(seconds) ? duration(seconds * 1000) : undefined
}

/**
 * The longest that a fuse, breaker or recloser takes to clear a phase current of that size, by its own relay: other elements
 * of it may be faster.
 *
 * @returns undefined where it does not clear it, or the file does not say in what time
 */
export function clearingTimeOf(device: DeviceEntry, amps: number): Duration | undefined {
  const { kind, meltingCurve, relay, breakerTimeMs } = device
  if (kind === 'fuse') return meltingCurve === undefined ? undefined : clearingTime(meltingCurve, amps)
  if (relay === undefined) return undefined
  const seconds = stageSeconds(relay, amps)
  return Number.isFinite(seconds) ? duration(seconds * 1000 + breakerTimeMs) : undefined
}
