// How far the neighbour's monotonic clock is ahead of this one: not a number but bounds, from the beats and their echoes.
//
// A beat left here at `sentAt`, was heard there at `heardAt` on the other clock, and its echo came back at `now`. At some
// instant between `sentAt` and `now` here it was `heardAt` there, so the other clock is ahead by no less than
// heardAt - now and no more than heardAt - sentAt. All such bounds hold together; older ones are widened by what two
// clocks may have drifted since. Nothing is believed but that echo: one that lies about `heardAt` makes its own frames
// look younger or older by as much, and an admitted hop can also just hold a frame back and say nothing.

export interface ClockBounds {
  readonly least: number
  readonly most: number
  readonly at: number
}

/** Of two crystals, 100 ppm each. */
const DRIFT = 200e-6

/** @param known from earlier echoes */
export function boundedBy(
  known: ClockBounds | undefined,
  sentAt: number,
  heardAt: number,
  now: number,
): ClockBounds | undefined {
  if (now < sentAt) return known
  const fresh = { least: heardAt - now, most: heardAt - sentAt, at: now }
  if (known === undefined) return fresh
  const drifted = Math.max(0, now - known.at) * DRIFT
  const least = Math.max(fresh.least, known.least - drifted)
  const most = Math.min(fresh.most, known.most + drifted)
  // They contradict each other when one clock has stood still, as while its machine slept: only the newest holds.
  return least <= most ? { least, most, at: now } : fresh
}

/**
 * How long ago the neighbour sent something, at the most.
 *
 * @param sentAt on the neighbour's clock
 * @returns undefined when its clock is not bounded, or it claims to have sent it later than now
 */
export function flightAtMost(bounds: ClockBounds | undefined, sentAt: number, now: number): number | undefined {
  if (bounds === undefined) return undefined
  const drifted = Math.max(0, now - bounds.at) * DRIFT
  const flight = now - sentAt + bounds.most + drifted
  return flight >= 0 ? flight : undefined
}
