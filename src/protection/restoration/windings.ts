// Transformers and regulators as a sweep takes them: voltages behind from voltages before, and an ohmic part behind.
//
//   V(to) = ratio V(from) - Z I(to)        I(from) = ratioᵀ I(to)
//
// A winding's voltage is between two phases or from one to ground. Where all windings behind are between phases, the sum of
// the three voltages to ground is open, and taken as zero. The 30 degrees of delta-wye follow from which phases a winding
// is between (the lower voltage lags, ANSI C57.12.00).

import type {
  Connection,
  Phase,
  RegulatorEntry,
  SectionEntry,
  TransformerEntry,
} from '../../../topology/feeder-file.ts'
import { isSingle } from '../../../topology/nominal-volts.ts'
import { type Complex9, noOhm, product, pseudoInverse, type Real9, unitMatrix } from './small-matrix.ts'

export interface Windings {
  readonly ratio: Real9
  readonly ohm: Complex9
  /** What each phase behind may carry by the units' ratings, amperes; infinite without one. */
  readonly mostAmps: readonly number[]
}

export const phaseNumber = (phase: Phase): number => (phase === 'a' ? 0 : phase === 'b' ? 1 : 2)

interface Winding {
  /** By phase: 1, -1 or 0. */
  readonly before: readonly number[]
  readonly behind: readonly number[]
  /** Turns: voltage behind over voltage before. */
  readonly turns: number
  readonly r: number
  readonly x: number
}

/** @param farVolts nominal line to neutral behind them */
export function windingsOf(units: readonly TransformerEntry[], section: SectionEntry, farVolts: number): Windings {
  const tapped = units.filter(({ secondary }) => secondary === 'center-tapped')
  if (tapped[0] !== undefined) return centerTapped(tapped[0], section)
  const windings = units.flatMap(unit => windingsIn(unit, section))
  const toPhases = pseudoInverse(windings.map(({ behind }) => behind))
  const ratio = new Float64Array(9)
  const ohm = noOhm()
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      windings.forEach(({ before, turns, r, x }, n) => {
        const own = toPhases[i]?.[n] ?? 0
        ratio[3 * i + j] = (ratio[3 * i + j] as number) + own * turns * (before[j] ?? 0)
        const both = own * (toPhases[j]?.[n] ?? 0)
        ohm[2 * (3 * i + j)] = (ohm[2 * (3 * i + j)] as number) + both * r
        ohm[2 * (3 * i + j) + 1] = (ohm[2 * (3 * i + j) + 1] as number) + both * x
      })
    }
  }
  const mostAmps = [0, 0, 0]
  for (const unit of units) {
    const phases = unit.phases ?? section.phases
    for (const phase of phases) {
      const n = phaseNumber(phase)
      mostAmps[n] = (mostAmps[n] ?? 0) + (unit.kva * 1000) / phases.length / farVolts
    }
  }
  return { ratio, ohm, mostAmps: mostAmps.map(amps => amps || Number.POSITIVE_INFINITY) }
}

function windingsIn(unit: TransformerEntry, section: SectionEntry): Winding[] {
  const phases = unit.phases ?? section.phases
  const single = isSingle(unit, section.phases.length)
  const pairs = pairsOf(unit, phases, single)
  const across = (kv: number, winding: readonly Phase[]): number =>
    (kv * 1000) / (winding.length === 2 || pairs.length === 1 ? 1 : Math.sqrt(3))
  return pairs.map(([primary, secondary]) => {
    const volts = across(unit.secondaryKv, secondary)
    const base = (volts * volts) / ((unit.kva * 1000) / pairs.length) / 100
    return {
      before: incidence(primary),
      behind: incidence(secondary),
      turns: (volts / across(unit.primaryKv, primary)) * unit.tapPu,
      r: unit.resistancePercent * base,
      x: unit.reactancePercent * base,
    }
  })
}

type Pair = readonly [readonly Phase[], readonly Phase[]]

function pairsOf(
  { primary, secondary, primaryKv, secondaryKv }: TransformerEntry,
  phases: readonly Phase[],
  single: boolean,
): Pair[] {
  if (single) {
    const winding = (connection: string): readonly Phase[] =>
      connection === 'delta' ? phases.slice(0, 2) : phases.slice(0, 1)
    return [[winding(primary), winding(secondary)]]
  }
  const isDown = primaryKv >= secondaryKv
  const around = (n: number, step: number): readonly Phase[] => [
    phases[n] as Phase,
    phases[(n + step + phases.length) % phases.length] as Phase,
  ]
  return phases.map((phase, n): Pair => {
    if (primary === 'wye' && secondary === 'wye') return [[phase], [phase]]
    if (primary === 'wye') return [[phase], around(n, isDown ? 1 : -1)]
    if (secondary === 'wye') return [around(n, isDown ? -1 : 1), [phase]]
    return [around(n, 1), around(n, 1)]
  })
}

function incidence([one, other]: readonly Phase[]): number[] {
  const row = [0, 0, 0]
  if (one !== undefined) row[phaseNumber(one)] = 1
  if (other !== undefined) row[phaseNumber(other)] = -1
  return row
}

/** Half the resistance and 0.8 of the reactance before the core, the rest in each leg (W. H. Kersting, 2009). */
function centerTapped(unit: TransformerEntry, section: SectionEntry): Windings {
  const phases = unit.phases ?? section.phases
  const before = incidence(unit.primary === 'delta' ? phases.slice(0, 2) : phases.slice(0, 1))
  const leg = unit.secondaryKv * 1000
  const turns = (leg / (unit.primaryKv * 1000)) * unit.tapPu
  const base = (leg * leg) / (unit.kva * 1000) / 100
  const ratio = new Float64Array(9)
  before.forEach((sign, phase) => {
    ratio[phase] = sign * turns
    ratio[3 + phase] = -sign * turns
  })
  const ohm = noOhm()
  const put = (row: number, column: number, r: number, x: number): void => {
    ohm[2 * (3 * row + column)] = r * base
    ohm[2 * (3 * row + column) + 1] = x * base
  }
  const { resistancePercent: r, reactancePercent: x } = unit
  put(0, 0, 1.5 * r, 1.2 * x)
  put(1, 1, 1.5 * r, 1.2 * x)
  put(0, 1, -0.5 * r, -0.8 * x)
  put(1, 0, -0.5 * r, -0.8 * x)
  const each = (unit.kva * 1000) / 2 / leg
  return { ratio, ohm, mostAmps: [each, each, Number.POSITIVE_INFINITY] }
}

const RATIO_PER_TAP = 0.00625

/** Voltages behind the regulators over those before, at the taps of the file. */
export function regulatorRatio(regulators: readonly RegulatorEntry[]): Real9 {
  const matrix = unitMatrix()
  const named = regulators.flatMap(({ taps }) =>
    (Object.keys(taps) as Connection[])
      .filter(key => taps[key] !== undefined)
      .map(key => ({ key, tap: taps[key] ?? 0 })),
  )
  const pairs = named.filter(({ key }) => key.length === 2).map(({ key }) => key)
  // Of an open delta, the phase that both units have goes straight through.
  const [first = '', second = ''] = pairs
  const shared = pairs.length === 2 ? [...first].find(phase => second.includes(phase)) : undefined
  for (const { key, tap } of named) {
    const [one, other] = [...key] as [Phase, Phase?]
    const [adds, against] = other !== undefined && one === shared ? [other, one] : [one, other]
    const row = phaseNumber(adds)
    matrix[4 * row] = (matrix[4 * row] as number) + RATIO_PER_TAP * tap
    if (against === undefined) continue
    const place = 3 * row + phaseNumber(against)
    matrix[place] = (matrix[place] as number) - RATIO_PER_TAP * tap
  }
  return matrix
}

/** Regulators stand before the transformer of their section. */
export const behindRegulators = (ratio: Real9, regulators: Real9): Real9 => product(ratio, regulators)
