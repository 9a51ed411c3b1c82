// Which fault shows the instruments what they showed: of the kinds and phases that a section can have, and of all resistances,
// the one that fits best. The resistance of each candidate is found by bisection: the more of it, the less the voltage
// falls and the smaller the current. Where along the section it was cannot be told; the middle is taken.

import type { Observation } from '../../src/protection/incident.ts'
import type { FeederFile, Phase } from '../../topology/feeder-file.ts'
import type { FaultKind, Plant, Shown } from '../plant/plant-port.ts'

export interface EstimatedFault {
  readonly kind: FaultKind
  readonly phases: readonly Phase[]
  readonly resistanceOhm: number
  /** What it was estimated from; undefined: nothing was measured, so it is bolted. */
  readonly from: 'voltage' | 'current' | undefined
  /** Instruments that would have shown something else about pickups than they did. */
  readonly contradicted: number
}

type Candidate = Pick<EstimatedFault, 'kind' | 'phases'>

const NAME = 'estimated'
/** Less is bolted, more no relay sees. */
const OHM = { least: 0.01, most: 1000 }
const HALVINGS = 18

/** @param plant as it stood before; it is so again afterwards */
export function estimateFault(plant: Plant, section: string, seen: readonly Observation[]): EstimatedFault {
  const known = seen.filter(({ ied }) => plant.file.ieds.some(({ name }) => name === ied))
  const from = known.some(each => each.residualPu !== undefined)
    ? ('voltage' as const)
    : known.some(each => each.amps !== undefined)
      ? ('current' as const)
      : undefined
  let best: (EstimatedFault & { readonly misfit: number }) | undefined
  for (const candidate of candidates(plant.file, section)) {
    const show = (resistanceOhm: number): ReadonlyMap<string, Shown> => {
      plant.fault({ ...candidate, section, resistanceOhm, name: NAME })
      return new Map(known.map(({ ied }) => [ied, plant.shows(ied)]))
    }
    const resistanceOhm = from === undefined ? 0 : resistance(show, known, from)
    const shown = show(resistanceOhm)
    const contradicted = known.filter(({ ied, pickup, ground }) => {
      const there = shown.get(ied)
      return there !== undefined && (there.pickup !== pickup || (pickup && there.groundPickup !== ground))
    }).length
    const misfit = contradicted + measuredMisfit(known, shown)
    if (best === undefined || misfit < best.misfit - 1e-6)
      best = { ...candidate, resistanceOhm, from, contradicted, misfit }
  }
  plant.clearFault(NAME)
  if (best === undefined) throw new RangeError(`section ${section}: it has no phases`)
  const { misfit: _, ...estimated } = best
  return { ...estimated, resistanceOhm: Number(estimated.resistanceOhm.toPrecision(4)) }
}

/** The commonest first: of those that fit alike, it counts. */
function candidates(file: FeederFile, section: string): Candidate[] {
  const phases = file.sections.find(({ name }) => name === section)?.phases ?? []
  const pairs = phases.flatMap((one, index) => phases.slice(index + 1).map(other => [one, other] as const))
  return [
    ...phases.map(phase => ({ kind: 'line-ground' as const, phases: [phase] })),
    ...pairs.map(pair => ({ kind: 'line-line' as const, phases: pair })),
    ...pairs.map(pair => ({ kind: 'line-line-ground' as const, phases: pair })),
    ...(phases.length === 3 ? [{ kind: 'three-phase' as const, phases }] : []),
  ]
}

function resistance(
  show: (ohm: number) => ReadonlyMap<string, Shown>,
  seen: readonly Observation[],
  from: 'voltage' | 'current',
): number {
  /** Whether there is too little resistance: the voltage falls further, or more flows, than was measured. */
  const isTooLittle = (ohm: number): boolean => {
    const shown = show(ohm)
    return seen.reduce((sum, each) => sum + excess(each, shown.get(each.ied), from), 0) > 0
  }
  if (!isTooLittle(0)) return 0
  let least = OHM.least
  let most = OHM.most
  if (!isTooLittle(least)) return 0
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = Math.sqrt(least * most)
    if (isTooLittle(middle)) least = middle
    else most = middle
  }
  return Math.sqrt(least * most)
}

function excess({ residualPu, amps }: Observation, shown: Shown | undefined, from: 'voltage' | 'current'): number {
  if (shown === undefined) return 0
  if (from === 'voltage') return residualPu === undefined ? 0 : residualPu - (shown.residualPu ?? 1)
  return amps === undefined ? 0 : largest(shown.amps) - largest(amps)
}

const largest = (amps: { readonly a?: number; readonly b?: number; readonly c?: number }): number =>
  Math.max(0, amps.a ?? 0, amps.b ?? 0, amps.c ?? 0)

function measuredMisfit(seen: readonly Observation[], shown: ReadonlyMap<string, Shown>): number {
  let sum = 0
  for (const { ied, residualPu, amps } of seen) {
    const there = shown.get(ied)
    if (there === undefined) continue
    if (residualPu !== undefined) sum += ((there.residualPu ?? 1) - residualPu) ** 2
    for (const phase of ['a', 'b', 'c'] as const) {
      const measured = amps?.[phase]
      if (measured !== undefined && measured > 0) sum += Math.min(1, (there.amps[phase] ?? 0) / measured - 1) ** 2
    }
  }
  return sum
}
