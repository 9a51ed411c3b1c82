// At the observing IED: its own fault element has picked up. When will its device trip, and for how long is it open then?
// That is what those below can do something with: an outage comes in so many milliseconds, for so many.
//
// It is an expectation and no promise: a device below may clear the fault first. What cannot be known is left out, and a
// receiver then takes the warning for one about now.

import type { Instant } from '../../topology/units.ts'

export interface ForecastSettings {
  /** From pickup to trip, at the measured current where it is known; undefined where it cannot be told. */
  readonly tripMs: (amps: number | undefined) => number | undefined
  /** Of the device's own reclosings, in their order; none where it does not reclose. */
  readonly deadTimesMs: readonly number[]
  /** After so long without a trip the reclosings begin anew. */
  readonly resetMs: number
}

/** What is farther off is not about to happen. */
const LONGEST_MS = 600_000

export interface ForecastState {
  readonly pickupSince: Instant | undefined
  readonly tripped: boolean
  readonly trips: number
  readonly lastTripAt: Instant | undefined
}
export const noForecast: ForecastState = { pickupSince: undefined, tripped: false, trips: 0, lastTripAt: undefined }

export interface Forecast {
  readonly arrivesInMs?: number
  readonly lastsMs?: number
}

export interface ForecastSeen {
  readonly pickup: boolean
  readonly tripped: boolean
  readonly amps?: number | undefined
}

/** @returns also the forecast, undefined while nothing is about to trip */
export const tripForecast =
  ({ tripMs, deadTimesMs, resetMs }: ForecastSettings) =>
  (
    state: ForecastState,
    { pickup, tripped, amps }: ForecastSeen,
    now: Instant,
  ): { readonly state: ForecastState; readonly forecast: Forecast | undefined } => {
    const isOver = state.lastTripAt !== undefined && !tripped && !pickup && now - state.lastTripAt >= resetMs
    const isNew = tripped && !state.tripped
    const trips = (isOver ? 0 : state.trips) + (isNew ? 1 : 0)
    const pickupSince = pickup ? (state.pickupSince ?? now) : undefined
    const lastTripAt = isNew ? now : isOver ? undefined : state.lastTripAt
    const next: ForecastState = { pickupSince, tripped, trips, lastTripAt }
    if (pickupSince === undefined) return { state: next, forecast: undefined }
    const whole = tripMs(amps)
    const left = whole === undefined || !Number.isFinite(whole) ? undefined : pickupSince + whole - now
    const dead = deadTimesMs[trips]
    return {
      state: next,
      forecast: {
        ...(left === undefined || left > LONGEST_MS ? {} : { arrivesInMs: Math.max(0, Math.round(left)) }),
        ...(dead === undefined ? {} : { lastsMs: Math.round(dead) }),
      },
    }
  }
