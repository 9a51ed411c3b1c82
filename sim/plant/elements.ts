// What a relay's elements compare: the largest phase current, and the sum of the phases.

import type { DeviceEntry } from '../../topology/feeder-file.ts'
import type { DeviceCurrent } from './plant-port.ts'

export interface PickedUp {
  readonly phase: boolean
  readonly ground: boolean
  /** The high-set element of the interlock's fast trip. */
  readonly highSet: boolean
}

export const largestAmps = ({ amps }: DeviceCurrent): number => Math.max(amps.a ?? 0, amps.b ?? 0, amps.c ?? 0)

/** Above the setting, not at it. A device without a relay, or without a ground stage, has no such element. */
export function pickedUp({ relay, reclose }: DeviceEntry, current: DeviceCurrent): PickedUp {
  if (relay === undefined) return { phase: false, ground: false, highSet: false }
  const { ground, highSet } = relay
  const fast = (reclose?.fastShots ?? 0) > 0 ? relay.fast : undefined
  const { residualAmps } = current
  const largest = largestAmps(current)
  const isAbove = (amps: number, pickup: number | undefined): boolean => pickup !== undefined && amps > pickup
  return {
    phase: largest > least(relay, relay.instantaneous, fast),
    ground: residualAmps > least(ground, ground?.instantaneous, fast?.ground),
    highSet: isAbove(largest, highSet?.pickupAmps) || isAbove(residualAmps, highSet?.groundPickupAmps),
  }
}

/** The lowest pickup of those that there are. A fast stage whose shots are spent counts: the relay itself knows better. */
const least = (...stages: readonly ({ readonly pickupAmps: number } | undefined)[]): number =>
  Math.min(...stages.map(stage => stage?.pickupAmps ?? Number.POSITIVE_INFINITY))
