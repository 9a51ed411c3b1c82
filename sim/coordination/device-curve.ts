// How long a protecting device takes at a given current: a relay by its stages, a fuse by its curve.

import { overcurrentSettings } from '../../src/protection/elements/relay-settings.ts'
import { operatingSeconds } from '../../src/protection/elements/stage.ts'
import { secondsOfPoints } from '../../src/protection/elements/tabulated-curve.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import type { Amps } from './fault-study.ts'

/**
 * The file has a fuse's total clearing time only. Links of type K and T begin to melt after some three quarters of it; the
 * rest is the arc.
 */
export const MELTING_SHARE = 0.75

/** One line of a time-current drawing. */
export interface CurveElement {
  /** 51P, 51N fast, …; `clearing` and `melting` of a fuse. */
  readonly name: string
  readonly quantity: keyof Amps
  readonly isFast: boolean
  /** It stays silent at and below. */
  readonly pickupAmps: number
  /** Infinite where it stays silent. */
  readonly seconds: (amps: number) => number
}

export interface DeviceCurve {
  readonly device: DeviceEntry
  readonly isFuse: boolean
  /** From trip to cleared: part of a fuse's own time. */
  readonly breakerSeconds: number
  readonly elements: readonly CurveElement[]
  /** To its trip by what always counts, or of a fuse until it has cleared; infinite where it does not see it. */
  readonly seconds: (amps: Amps) => number
  /** To its trip in its fast shots; undefined without any. */
  readonly fastSeconds: ((amps: Amps) => number) | undefined
  /** Of a fuse: until its link is gone, whatever clears the fault then. */
  readonly meltingSeconds: (amps: Amps) => number
}

export function deviceCurve(device: DeviceEntry): DeviceCurve {
  return device.kind === 'fuse' ? fuseCurve(device) : relayCurve(device)
}

function relayCurve(device: DeviceEntry): DeviceCurve {
  const { relay, reclose, breakerTimeMs } = device
  const stages = relay === undefined ? [] : overcurrentSettings(relay, reclose)
  const elements = stages.map(
    ({ name, quantity, isFast = false, stage }): CurveElement => ({
      name,
      quantity: quantity === 'ground' ? 'residual' : 'phase',
      isFast,
      pickupAmps: stage.pickup,
      seconds: amps => operatingSeconds(stage, amps),
    }),
  )
  const slow = elements.filter(({ isFast }) => !isFast)
  return {
    device,
    isFuse: false,
    breakerSeconds: breakerTimeMs / 1000,
    elements,
    seconds: amps => soonest(slow, amps),
    fastSeconds: elements.length === slow.length ? undefined : amps => soonest(elements, amps),
    meltingSeconds: () => Number.POSITIVE_INFINITY,
  }
}

function fuseCurve(device: DeviceEntry): DeviceCurve {
  const points = device.meltingCurve ?? []
  const clearing = (amps: number): number =>
    points.length === 0 ? Number.POSITIVE_INFINITY : secondsOfPoints(points, amps)
  const melting = (amps: number): number => MELTING_SHARE * clearing(amps)
  const pickupAmps = points[0]?.[0] ?? Number.POSITIVE_INFINITY
  return {
    device,
    isFuse: true,
    breakerSeconds: 0,
    elements: [
      { name: 'clearing', quantity: 'phase', isFast: false, pickupAmps, seconds: clearing },
      { name: 'melting', quantity: 'phase', isFast: true, pickupAmps, seconds: melting },
    ],
    seconds: ({ phase }) => clearing(phase),
    fastSeconds: undefined,
    meltingSeconds: ({ phase }) => melting(phase),
  }
}

const soonest = (elements: readonly CurveElement[], amps: Amps): number =>
  Math.min(Number.POSITIVE_INFINITY, ...elements.map(({ quantity, seconds }) => seconds(amps[quantity])))
