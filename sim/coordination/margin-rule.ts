// What has to lie between a device and the next one toward the source, by what the two are.

import type { DeviceEntry } from '../../topology/feeder-file.ts'
import type { DeviceCurve } from './device-curve.ts'
import type { Amps } from './fault-study.ts'

export type RuleName =
  /** Relay under relay: the upper one's time less the lower one's, at least the coordination time interval. */
  | 'relay-relay'
  /** The same of the fast shots of the upper one. */
  | 'fast-relay'
  /** A fuse under a relay: 200 ms above its total clearing time. */
  | 'fuse-relay'
  /** A fuse under a recloser with fast shots: the recloser has cleared before the fuse melts, heat of all fast shots counted. */
  | 'fuse-saving'
  /** A relay under a fuse: it has cleared within 75 % of the fuse's melting time. */
  | 'relay-fuse'
  /** Fuse under fuse: the same. */
  | 'fuse-fuse'

export interface MarginRule {
  readonly name: RuleName
  readonly wantedSeconds: number
  /** Of the lower device, and of the upper one: the margin is the second less the first. */
  readonly times: (lower: Amps, upper: Amps) => { readonly lower: number; readonly upper: number }
}

/** Errors of relay and current transformer 120 ms, and 30 ms to spare; the lower breaker's own time comes on top. */
export const RELAY_ERRORS = 0.15
export const ABOVE_FUSE = 0.2
/** Of the upper fuse's melting time: what heats it less than that leaves it as it was. */
export const FUSE_SHARE = 0.75

/** @param intervalSeconds between relays, in place of the one made of its parts */
export function rulesOf(lower: DeviceCurve, upper: DeviceCurve, intervalSeconds?: number): MarginRule[] {
  const clearing = lower.breakerSeconds
  if (upper.isFuse) {
    const name: RuleName = lower.isFuse ? 'fuse-fuse' : 'relay-fuse'
    const times: MarginRule['times'] = (low, high) => ({
      lower: lower.seconds(low) + clearing,
      upper: FUSE_SHARE * upper.meltingSeconds(high),
    })
    return [{ name, wantedSeconds: 0, times }]
  }
  const usual: MarginRule = {
    name: lower.isFuse ? 'fuse-relay' : 'relay-relay',
    wantedSeconds: lower.isFuse ? ABOVE_FUSE : (intervalSeconds ?? clearing + RELAY_ERRORS),
    times: (low, high) => ({ lower: lower.seconds(low), upper: upper.seconds(high) }),
  }
  const { fastSeconds } = upper
  if (fastSeconds === undefined) return [usual]
  if (!lower.isFuse) {
    const lowerFast = lower.fastSeconds ?? lower.seconds
    const times: MarginRule['times'] = (low, high) => ({ lower: lowerFast(low), upper: fastSeconds(high) })
    return [usual, { ...usual, name: 'fast-relay', times }]
  }
  const factor = heatFactor(upper.device.reclose)
  return [
    usual,
    {
      name: 'fuse-saving',
      wantedSeconds: 0,
      times: (low, high) => ({
        lower: factor * (fastSeconds(high) + upper.breakerSeconds),
        upper: lower.meltingSeconds(low),
      }),
    },
  ]
}

/**
 * By how much several fast shots heat a fuse below the recloser more than one: the K factor of makers' tables for load-side
 * fuses.
 */
export function heatFactor(reclose: DeviceEntry['reclose']): number {
  const shots = reclose?.fastShots ?? 0
  const [first = Number.POSITIVE_INFINITY] = reclose?.deadTimesMs ?? []
  if (shots <= 1) return 1.25
  return first < 1000 ? 1.8 : 1.35
}
