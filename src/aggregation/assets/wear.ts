// How far the contacts of a breaker or recloser are worn.
//
// Each interruption takes (I / rated I)^exponent of what one interruption at the rated breaking current takes, and a device
// stands `breaksAtRated` of these; its mechanism stands `mechanicalOperations` without any current. The exponent is 2 by
// default (energy in the arc), 1.5 to 1.6 for vacuum as makers give it. This is a design of ours after makers' curves of
// operations over current, no standard's formula; the ratings come from the nameplate, through the configuration.

export interface Ratings {
  readonly breakingAmps: number
  readonly breaksAtRated: number
  readonly exponent: number
  readonly mechanicalOperations: number
}

export const ratingDefaults = { exponent: 2, mechanicalOperations: 10_000 } as const

/** Share of its contacts' life, 0 to 1, that interrupting this current takes. */
export const contactWear = (amps: number, { breakingAmps, breaksAtRated, exponent }: Ratings): number =>
  (Math.max(0, amps) / breakingAmps) ** exponent / breaksAtRated

export interface Wear {
  readonly openings: number
  readonly closings: number
  /** Openings of whose current nothing is known: wear is at least what it says. */
  readonly unknownCurrents: number
  /** Sum of the squares of the interrupted currents, kA². */
  readonly kiloAmpsSquared: number
  /** Of the contacts' life; absent without ratings. */
  readonly contactShare?: number
  readonly largestAmps: number
}

export const unworn: Wear = { openings: 0, closings: 0, unknownCurrents: 0, kiloAmpsSquared: 0, largestAmps: 0 }

export interface Operation {
  readonly to: 'open' | 'closed'
  /** Largest phase just before it opened. */
  readonly amps?: number
  /** As computed with the ratings of its day. */
  readonly wear?: number
}

export function afterOperation(wear: Wear, { to, amps, wear: share }: Operation): Wear {
  if (to === 'closed') return { ...wear, closings: wear.closings + 1 }
  return {
    ...wear,
    openings: wear.openings + 1,
    unknownCurrents: wear.unknownCurrents + (amps === undefined ? 1 : 0),
    kiloAmpsSquared: wear.kiloAmpsSquared + ((amps ?? 0) / 1000) ** 2,
    largestAmps: Math.max(wear.largestAmps, amps ?? 0),
    ...(share === undefined ? {} : { contactShare: (wear.contactShare ?? 0) + share }),
  }
}
