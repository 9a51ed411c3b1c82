// The worst places of a feeder, of what each IED says of its own. One row is one measure in one zone, with the worst level
// that somebody there sees, and how many of the zone's IEDs that measure it see the same: a lone voice shows as one.
//
// Limits are those of whoever looks, whatever the senders go by; levels are bounded, so that a lie is one row at the top and
// hides nothing.

import type { DegradationState } from './degradation.ts'
import type { DegradationMeasure } from './degradation-measures.ts'
import type { SaidFinding } from './degradation-message.ts'

export interface HeardFindings {
  readonly ied: string
  readonly zone: string
  /** How long ago they were said, ms. */
  readonly ageMs: number
  readonly findings: readonly SaidFinding[]
}

export interface WorstPlace {
  readonly zone: string
  readonly measure: DegradationMeasure
  readonly state: Exclude<DegradationState, 'sound'>
  readonly level: number
  readonly limit: number
  readonly perDay?: number
  /** Until the trend crosses the limit; undefined where it has, or there is none. */
  readonly daysLeft?: number
  readonly sinceMinutes: number
  /** Who says so, the worst first. */
  readonly seenBy: readonly string[]
  /** How many of the zone's IEDs measure it. */
  readonly of: number
}

/** So many times its limit is as bad as it gets: what is more is a broken sensor, or a lie. */
const WORST = 10

export function worstPlaces(
  heard: readonly HeardFindings[],
  limits: Readonly<Record<DegradationMeasure, number>>,
): readonly WorstPlace[] {
  const groups = new Map<string, { zone: string; said: { by: HeardFindings; finding: SaidFinding }[] }>()
  for (const by of heard) {
    for (const finding of by.findings) {
      const key = `${finding.measure}/${by.zone}`
      const group = groups.get(key) ?? { zone: by.zone, said: [] }
      group.said.push({ by, finding })
      groups.set(key, group)
    }
  }
  const rows = [...groups.values()].flatMap(({ zone, said }) => {
    const bad = said
      .map(each => ({ ...each, state: stateHere(each.finding, limits[each.finding.measure]) }))
      .filter(({ state }) => state !== 'sound')
      .sort((one, other) => other.finding.level - one.finding.level || (one.by.ied < other.by.ied ? -1 : 1))
    const [worst] = bad
    if (worst === undefined) return []
    const { measure, level, perDay } = worst.finding
    const limit = limits[measure]
    const state = bad.some(each => each.state === 'beyond') ? ('beyond' as const) : ('creeping' as const)
    const daysLeft = state === 'creeping' && perDay !== undefined && perDay > 0 ? (limit - level) / perDay : undefined
    const sinceMinutes = Math.max(
      ...bad.filter(each => each.state === state).map(({ by, finding }) => finding.sinceMinutes + by.ageMs / 60_000),
    )
    return [
      {
        zone,
        measure,
        state,
        level,
        limit,
        ...(perDay === undefined ? {} : { perDay }),
        ...(daysLeft === undefined ? {} : { daysLeft: Math.max(0, daysLeft) }),
        sinceMinutes: Math.floor(sinceMinutes),
        seenBy: bad.map(({ by }) => by.ied),
        of: said.length,
      },
    ]
  })
  return rows.sort(
    (one, other) =>
      rank(other) - rank(one) ||
      other.seenBy.length - one.seenBy.length ||
      (`${one.zone}/${one.measure}` < `${other.zone}/${other.measure}` ? -1 : 1),
  )
}

/** Its sender's word on a trend; a limit that was crossed anybody can see. */
const stateHere = ({ level, state }: SaidFinding, limit: number): DegradationState =>
  level >= limit ? 'beyond' : state === 'beyond' ? 'creeping' : state

const rank = ({ state, level, limit }: WorstPlace): number =>
  (state === 'beyond' ? WORST : 0) + Math.min(WORST, level / limit)
