// What a restoration plan keeps to.

export interface PlanSettings {
  /** Of every rating on the supplying path: conductors, devices, transformers. */
  readonly ratingMargin: number
  /** By which all load that is picked up is multiplied; see `coldLoadFactor`. */
  readonly coldLoad: number
  /** Voltage at every node, per unit. Below `leastPu` only where more can be fed so, below `emergencyPu` never. */
  readonly leastPu: number
  readonly emergencyPu: number
  readonly mostPu: number
  /** A pickup on the path is at least this many times the load that it will carry. */
  readonly pickupOverLoad: number
  /** The least fault in what becomes live is at least this many times the pickup that must see it. */
  readonly faultOverPickup: number
  /** From this multiple of its pickup on an inverse curve is sure to operate. A cautious figure: makers state their own, mostly less. */
  readonly curveOverPickup: number
  /** What each source may deliver, amperes in each phase, where its own transformer is no part of the feeder file. */
  readonly sourceAmps: ReadonlyMap<string, number>
  /**
   * Bounds the search, in nodes computed: the decision's time. What gives way is the best plan; a good one is found
   * before. The same everywhere, so that the same facts lead to the same plan.
   */
  readonly mostNodes: number
}

/**
 * Margins are usual ones. Voltages: ANSI C84.1 service voltage, range A and range B for less than 120 V base (114 V and
 * 110 V of 120 V); 1.1 is the European limit above.
 */
export const PLAN_DEFAULTS: PlanSettings = {
  ratingMargin: 0.9,
  coldLoad: 1,
  leastPu: 0.95,
  emergencyPu: 0.917,
  mostPu: 1.1,
  pickupOverLoad: 1.1,
  faultOverPickup: 1.1,
  curveOverPickup: 1.3,
  sourceAmps: new Map(),
  mostNodes: 400_000,
}

const LOST_DIVERSITY_FROM_MS = 10 * 60_000
const LOST_DIVERSITY_ALL_MS = 60 * 60_000
const MOST_COLD_LOAD = 2

/**
 * Load on return over load before, by the length of the interruption: thermostats have all fallen out of step after an
 * hour, and nothing has changed within ten minutes.
 */
export function coldLoadFactor(darkMs: number): number {
  const share = (darkMs - LOST_DIVERSITY_FROM_MS) / (LOST_DIVERSITY_ALL_MS - LOST_DIVERSITY_FROM_MS)
  return 1 + (MOST_COLD_LOAD - 1) * Math.min(1, Math.max(0, share))
}
