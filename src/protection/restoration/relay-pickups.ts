// What the relay of a device, or a fuse, lets pass as load, and from what on it is sure to clear a fault, by its settings.
//
// The two are not the same figure. Load must stay below the lowest pickup that can trip: that of the fast curve too, while
// the recloser's first shots are by it. A fault must be seen by the stage that still trips when the fast shots are used up,
// and an inverse curve is sure to operate only from a multiple of its pickup on, which a definite time is not.

import type { DeviceEntry } from '../../../topology/feeder-file.ts'
import type { Pickups } from './fault-level.ts'

export interface DevicePickups {
  /** No load may come as high. */
  readonly load: Pickups
  /** A fault has to come as high. */
  readonly fault: Pickups
}

type Stage = { readonly pickupAmps: number; readonly curve?: unknown }

/**
 * @param curveOverPickup the multiple from which on an inverse curve is sure to operate
 * @returns undefined for what interrupts no fault, or has no settings in the file
 */
export function pickupsOf(
  { kind, relay, reclose, meltingCurve }: Pick<DeviceEntry, 'kind' | 'relay' | 'reclose' | 'meltingCurve'>,
  curveOverPickup: number,
): DevicePickups | undefined {
  if (kind === 'fuse') {
    const melts = meltingCurve?.[0]?.[0]
    return melts === undefined ? undefined : { load: { phase: melts }, fault: { phase: melts } }
  }
  if (relay === undefined || (kind !== 'breaker' && kind !== 'recloser')) return undefined
  const { ground } = relay
  const fast = (reclose?.fastShots ?? 0) > 0 ? relay.fast : undefined
  const sure = (stage: Stage, high: number | undefined): number =>
    Math.min(stage.pickupAmps * (stage.curve === undefined ? 1 : curveOverPickup), high ?? Number.POSITIVE_INFINITY)
  const phaseLoad = lowest(relay.pickupAmps, relay.instantaneous?.pickupAmps, fast?.pickupAmps)
  const phaseFault = sure(relay, relay.instantaneous?.pickupAmps)
  const groundStages = [ground?.pickupAmps, ground?.instantaneous?.pickupAmps, fast?.ground?.pickupAmps]
  const hasGround = groundStages.some(each => each !== undefined)
  return {
    load: hasGround ? { phase: phaseLoad, ground: lowest(...groundStages) } : { phase: phaseLoad },
    fault:
      ground === undefined
        ? { phase: phaseFault }
        : { phase: phaseFault, ground: sure(ground, ground.instantaneous?.pickupAmps) },
  }
}

const lowest = (...amps: readonly (number | undefined)[]): number =>
  Math.min(...amps.filter(each => each !== undefined))
