// What IEEE 1547-2018 asks of a generator at an abnormal voltage or frequency, as tables: when it has to be off at the latest
// (clearing times, clauses 6.4.1 and 6.5.1, default settings) and how long it has to stay at the least (ride-through,
// tables 14 to 16 and 18).
//
// The tables are for 60 Hz. At another nominal frequency the limits lie as far from it as these do from 60 Hz: our choice, as
// the standard has none.

export const categories = ['I', 'II', 'III'] as const
export type DerCategory = (typeof categories)[number]

export type DerStage = 'OV2' | 'OV1' | 'UV1' | 'UV2' | 'OF2' | 'OF1' | 'UF1' | 'UF2'

export interface Stage {
  readonly stage: DerStage
  /** Beyond this: above it for O…, below it for U…; per unit of nominal, or Hz. */
  readonly limit: number
  /** Off within this of passing the limit: opening time included. */
  readonly clearingSeconds: number
}

const frequencyStages: readonly Stage[] = [
  { stage: 'OF2', limit: 62, clearingSeconds: 0.16 },
  { stage: 'OF1', limit: 61.2, clearingSeconds: 300 },
  { stage: 'UF1', limit: 58.5, clearingSeconds: 300 },
  { stage: 'UF2', limit: 56.5, clearingSeconds: 0.16 },
]
const voltageStages: Readonly<Record<DerCategory, readonly Stage[]>> = {
  I: [
    { stage: 'OV2', limit: 1.2, clearingSeconds: 0.16 },
    { stage: 'OV1', limit: 1.1, clearingSeconds: 2 },
    { stage: 'UV1', limit: 0.7, clearingSeconds: 2 },
    { stage: 'UV2', limit: 0.45, clearingSeconds: 0.16 },
  ],
  II: [
    { stage: 'OV2', limit: 1.2, clearingSeconds: 0.16 },
    { stage: 'OV1', limit: 1.1, clearingSeconds: 2 },
    { stage: 'UV1', limit: 0.7, clearingSeconds: 10 },
    { stage: 'UV2', limit: 0.45, clearingSeconds: 0.16 },
  ],
  III: [
    { stage: 'OV2', limit: 1.2, clearingSeconds: 0.16 },
    { stage: 'OV1', limit: 1.1, clearingSeconds: 13 },
    { stage: 'UV1', limit: 0.88, clearingSeconds: 21 },
    { stage: 'UV2', limit: 0.5, clearingSeconds: 2 },
  ],
}

const atNominal = (hz: number, nominalHz: number): number => hz + nominalHz - 60

/** The stages that trip a generator of this category. */
export const tripStages = (category: DerCategory, nominalHz: number): readonly Stage[] => [
  ...voltageStages[category],
  ...frequencyStages.map(each => ({ ...each, limit: atNominal(each.limit, nominalHz) })),
]

/** While nobody would be heard who says that the feeder has tripped: an island has to be gone within this (8.1). */
const ISLAND_SECONDS = 2
/** Under this the voltage is abnormal in every category, and no voltage of an island may go on there. */
const TIGHT_UNDER_PU = 0.88

/** The same, with the slow first stages as fast as an island has to be gone, and none below the continuous range. */
export const tightened = (stages: readonly Stage[]): readonly Stage[] =>
  stages.map(each => ({
    ...each,
    limit: each.stage === 'UV1' ? TIGHT_UNDER_PU : each.limit,
    clearingSeconds: Math.min(each.clearingSeconds, ISLAND_SECONDS),
  }))

/** Whether a value is beyond a stage's limit. */
export const isBeyond = ({ stage, limit }: Stage, value: number): boolean =>
  stage.startsWith('O') ? value > limit : value < limit

/** `mandatory`: stays and feeds. `permissive`: stays, and may cease to feed. `momentary`: ceases to feed, and comes back. */
export type RideMode = 'continuous' | 'mandatory' | 'permissive' | 'momentary' | 'cease'
export interface RideThrough {
  readonly mode: RideMode
  /** It must not trip before; Infinity in the continuous range, 0 where it ceases at once. */
  readonly seconds: number
}

interface Band {
  /** At and above this, per unit. */
  readonly from: number
  readonly mode: RideMode
  readonly seconds: (pu: number) => number
}
const band = (from: number, mode: RideMode, seconds: number | ((pu: number) => number)): Band => ({
  from,
  mode,
  seconds: typeof seconds === 'number' ? () => seconds : seconds,
})
const over: readonly Band[] = [
  band(1.175, 'permissive', 0.2),
  band(1.15, 'permissive', 0.5),
  band(1.1, 'permissive', 1),
]
const bands: Readonly<Record<DerCategory, readonly Band[]>> = {
  I: [
    ...over,
    band(0.88, 'continuous', Number.POSITIVE_INFINITY),
    band(0.7, 'mandatory', pu => 0.7 + 4 * (pu - 0.7)),
    band(0.5, 'permissive', 0.16),
  ],
  II: [
    ...over,
    band(0.88, 'continuous', Number.POSITIVE_INFINITY),
    band(0.65, 'mandatory', pu => 3 + 8.7 * (pu - 0.65)),
    band(0.45, 'permissive', 0.32),
    band(0.3, 'permissive', 0.16),
  ],
  III: [
    band(1.1, 'momentary', 12),
    band(0.88, 'continuous', Number.POSITIVE_INFINITY),
    band(0.7, 'mandatory', 20),
    band(0.5, 'mandatory', 10),
    band(0, 'momentary', 1),
  ],
}
const CEASE: RideThrough = { mode: 'cease', seconds: 0 }

/** @param pu the applicable voltage, per unit of nominal: the lowest or the highest phase */
export function voltageRideThrough(category: DerCategory, pu: number): RideThrough {
  if (!(pu >= 0) || pu > 1.2) return CEASE
  // 1.10 itself is continuous: the bands above begin beyond it.
  const found = bands[category].find(({ from }) => (from >= 1.1 ? pu > from : pu >= from))
  return found === undefined ? CEASE : { mode: found.mode, seconds: found.seconds(pu) }
}

/** The same for every category. */
export function frequencyRideThrough(hz: number, nominalHz: number): RideThrough {
  const at60 = hz + 60 - nominalHz
  if (at60 >= 58.8 && at60 <= 61.2) return { mode: 'continuous', seconds: Number.POSITIVE_INFINITY }
  if (at60 >= 57 && at60 <= 61.8) return { mode: 'mandatory', seconds: 299 }
  return CEASE
}
