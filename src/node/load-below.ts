// What a device's status says about the load below it, for the interlock: since when it has been closed and live, how often
// it has tripped in a row, and what it carried before the fault. What is not known is taken as if it had just begun.

import type { Instant } from '../../topology/units.ts'
import type { Measurement, PerPhase, Status } from '../hal/port.ts'

export interface LoadBelowOptions {
  readonly coldLoadMs: number
  /** So long closed without pickup, and shots count from the first again. */
  readonly shotResetMs: number
}

export function loadBelow({ coldLoadMs, shotResetMs }: LoadBelowOptions) {
  /** Undefined while it is open or dead, and until the device has been read. */
  let carriesSince: Instant | undefined
  /** Since when there has been no pickup. */
  let quietSince: Instant | undefined
  /** At a start the shots may all have been used. */
  let shots = Number.POSITIVE_INFINITY
  let wasTripped: boolean | undefined
  let isPickedUp = false
  let isShown = false
  let amps: PerPhase | undefined

  return {
    see({ at, position, dead, pickup, highSet, tripped = false }: Status): void {
      isShown = highSet !== undefined
      isPickedUp = pickup === true || highSet === true
      // A fault near by leaves no voltage either.
      const carries = position !== 'open' && position !== 'unknown' && (dead !== true || isPickedUp)
      carriesSince = carries ? (carriesSince ?? at) : undefined
      quietSince = carries && !isPickedUp ? (quietSince ?? at) : undefined
      if (tripped && wasTripped === false) shots++
      wasTripped = tripped
      if (quietSince !== undefined && at - quietSince >= shotResetMs) shots = 0
    },
    measure({ amps: measured, doubts = {} }: Measurement): void {
      if (isPickedUp || measured === undefined) return
      amps = Object.keys(doubts).some(feed => feed.startsWith('amps')) ? undefined : measured
    },
    silent(): void {
      carriesSince = undefined
      quietSince = undefined
      shots = Number.POSITIVE_INFINITY
      wasTripped = undefined
      isShown = false
      amps = undefined
    },
    /** Of the load, before what goes on now. */
    amps: (): PerPhase | undefined => amps,
    shots: (): number => shots,
    isShown: (): boolean => isShown,
    bar(now: Instant): string | undefined {
      if (carriesSince === undefined) return 'the device is open, or without voltage'
      return now - carriesSince < coldLoadMs
        ? `it has been closed, or live again, for less than ${coldLoadMs} ms`
        : undefined
    },
  }
}
