// Step-voltage regulators: ideal ratios between the voltages before and behind them. The currents follow from equal power.
//
// A regulator between two phases adds its share of their voltage to the first of them. Of two (open delta), the phase
// that they have in common goes straight through, and each adds to its other phase; of three (closed delta) each adds to
// the first phase of its name.

import type { Connection, Phase, RegulatorEntry } from '../../topology/feeder-file.ts'

export const RATIO_PER_TAP = 0.00625

/** Which phase a unit adds to, and the phase that it is connected against; none for one from phase to neutral. */
interface Unit {
  readonly adds: Phase
  readonly against?: Phase
  readonly boost: number
  readonly of: RegulatorEntry
}

/** @returns voltages to ground behind the regulators over those before, in the order of `phases` */
export function ratioMatrix(regulators: readonly RegulatorEntry[], phases: readonly Phase[]): number[][] {
  const matrix = phases.map((_, row) => phases.map((_, column): number => (row === column ? 1 : 0)))
  for (const { adds, against, boost } of unitsOf(regulators)) {
    const row = matrix[phases.indexOf(adds)]
    if (row === undefined) continue
    const own = phases.indexOf(adds)
    row[own] = (row[own] ?? 0) + boost
    const other = against === undefined ? -1 : phases.indexOf(against)
    if (other >= 0) row[other] = (row[other] ?? 0) - boost
  }
  return matrix
}

/** The units of an open delta may stand in one entry or in two. */
function unitsOf(regulators: readonly RegulatorEntry[]): Unit[] {
  const named = regulators.flatMap(of =>
    (Object.keys(of.taps) as Connection[]).filter(key => of.taps[key] !== undefined).map(key => ({ key, of })),
  )
  const pairs = named.map(({ key }) => key).filter(key => key.length === 2)
  const [first = '', second = ''] = pairs
  const shared = pairs.length === 2 ? [...first].find(phase => second.includes(phase)) : undefined
  return named.map(({ key, of }) => {
    const boost = RATIO_PER_TAP * (of.taps[key] ?? 0)
    const [one, other] = [...key] as [Phase, Phase?]
    if (other === undefined) return { adds: one, boost, of }
    return one === shared ? { adds: other, against: one, boost, of } : { adds: one, against: other, boost, of }
  })
}

/**
 * Impedance of the regulators' own in each phase, in ohm behind them. Zero without `kva`, which the percentages refer to.
 *
 * @param lineVolts nominal, line to neutral
 */
export function regulatorOhm(
  regulators: readonly RegulatorEntry[],
  phase: Phase,
  lineVolts: number,
): readonly [number, number] {
  let re = 0
  let im = 0
  for (const { adds, against, of } of unitsOf(regulators)) {
    const { kva, resistancePercent, reactancePercent } = of
    if (kva === undefined || adds !== phase) continue
    const square = lineVolts * lineVolts * (against === undefined ? 1 : 3)
    re += (resistancePercent / 100) * (square / (kva * 1000))
    im += (reactancePercent / 100) * (square / (kva * 1000))
  }
  return [re, im]
}
