// Solves a shipped feeder as published and sets the figures side by side.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { arctangentDegrees } from '../../topology/trigonometry.ts'
import { type Complex, magnitude, PHASES, type PhaseComplex, scaleBy, subtract, triple } from '../solver/complex.ts'
import { createSolver, type FaultKind, normalState, type Solution } from '../solver/solver.ts'
import { type Comparison, comparison, type Row, row } from './comparison.ts'
import { branchesOf, faultsOf, type Published, type PublishedBranch, voltagesOf } from './published.ts'
import { loadFlowStudy, shortCircuitStudy } from './study.ts'

/** Percent, and for angles degrees (0.2 % of a phasor is 0.11 degrees). */
const LIMITS = { voltage: 0.2, angle: 0.1, current: 0.2, loss: 1, total: 1, shortCircuit: 2 }
/** Smaller figures are compared as a share of these: the tables print two places of amperes and three of kilowatts. */
const LEAST = { amps: 5, lossKw: 1 }

export function compareLoadFlow(file: FeederFile, published: Published): Comparison[] {
  const study = loadFlowStudy(file)
  const solver = createSolver(study)
  const solution = solver.solve(normalState(study))
  if (!solution.converged) throw new RangeError(`${file.name}: the load flow did not converge`)
  const ours = (node: string): string => published.names[node] ?? node
  const isBetween = published.between === 'phases'
  const names = isBetween ? ['ab', 'bc', 'ca'] : PHASES

  const voltages = voltagesOf(published).flatMap(({ node, phases }) => {
    const volts = isBetween ? betweenPhases(solution.volts(ours(node))) : solution.volts(ours(node))
    const base = solver.nominalVolts(ours(node)) * (isBetween ? Math.sqrt(3) : 1)
    return phases.flatMap((printed, n) =>
      printed === undefined ? [] : [{ node, phase: names[n] ?? '', printed, value: scaleBy(pick(volts, n), 1 / base) }],
    )
  })
  const branches = branchesOf(published)
  const currents = branches.flatMap(branch => {
    const amps = enteringAmps(study, solution, branch, ours)
    return branch.phases.flatMap((printed, n) =>
      printed === undefined
        ? []
        : [{ branch: `${branch.from}-${branch.to}`, phase: PHASES[n] ?? '', printed, value: pick(amps, n) }],
    )
  })
  const about = { feeder: file.name, deviationUnit: '%' } as const
  return [
    comparison(
      { ...about, quantity: 'voltage', unit: 'pu', of: 'the figure', limit: LIMITS.voltage },
      voltages.map(({ node, phase, printed, value }) => row(node, phase, printed.size, magnitude(value))),
    ),
    comparison(
      { ...about, quantity: 'angle', unit: 'degrees', deviationUnit: 'degrees', of: '', limit: LIMITS.angle },
      voltages.map(({ node, phase, printed, value }) => angleRow(node, phase, printed.degrees, value)),
    ),
    comparison(
      {
        ...about,
        quantity: 'current',
        unit: 'A',
        of: `the figure, ${LEAST.amps} A at the least`,
        limit: LIMITS.current,
      },
      currents.map(({ branch, phase, printed, value }) =>
        row(branch, phase, printed.size, magnitude(value), Math.max(printed.size, LEAST.amps)),
      ),
    ),
    comparison(
      {
        ...about,
        quantity: 'branch loss',
        unit: 'kW',
        of: `the figure, ${LEAST.lossKw} kW at the least`,
        limit: LIMITS.loss,
      },
      branches.map(branch => lossRow(study, solution, branch, ours)),
    ),
    comparison(
      { ...about, quantity: 'total', unit: 'kW, kvar', of: 'the figure', limit: LIMITS.total },
      totals(study, solution, published),
    ),
  ]
}

const pick = (values: PhaseComplex, n: number): Complex => values[n as 0 | 1 | 2]
const betweenPhases = (volts: PhaseComplex): PhaseComplex =>
  triple(i => subtract(volts[i], volts[((i + 1) % 3) as 0 | 1 | 2]))

function angleRow(place: string, phase: string, published: number, value: Complex): Row {
  const computed = arctangentDegrees(value.im, value.re)
  const turned = computed - published
  return { place, phase, published, computed, deviation: turned - 360 * Math.round(turned / 360) }
}

/** What enters a branch at its published `from`. A transformer's own terminal has no section before the next node. */
function enteringAmps(
  study: FeederFile,
  solution: Solution,
  { from, to }: PublishedBranch,
  ours: (node: string) => string,
): PhaseComplex {
  const section = sectionOf(study, ours(from), ours(to))
  if (section !== undefined) return solution.current(section.name, section.from === ours(from) ? 'from' : 'to')
  const before = study.sections.find(one => one.to === ours(to))
  const out = solution.current(before?.name ?? '', 'to')
  return triple(i => scaleBy(out[i], -1))
}

const sectionOf = (study: FeederFile, one: string, other: string): FeederFile['sections'][number] | undefined =>
  study.sections.find(({ from, to }) => (from === one && to === other) || (from === other && to === one))

function lossRow(
  study: FeederFile,
  solution: Solution,
  { from, to, lossKw }: PublishedBranch,
  ours: (node: string) => string,
): Row {
  const section = sectionOf(study, ours(from), ours(to))
  const computed = section === undefined ? 0 : sum(solution.losses(section.name)).re / 1000
  return row(`${from}-${to}`, 'all', lossKw, computed, Math.max(lossKw, LEAST.lossKw))
}

const sum = (values: PhaseComplex): Complex => ({
  re: values[0].re + values[1].re + values[2].re,
  im: values[0].im + values[1].im + values[2].im,
})

/** Reactive losses are what lines consume less what they charge: compared as a share of the losses' volt-amperes. */
function totals(study: FeederFile, solution: Solution, { input, losses }: Published): Row[] {
  const delivered = study.sources.map(({ name }) => sum(solution.source(name).power))
  const kw = delivered.reduce((total, { re }) => total + re / 1000, 0)
  const kvar = delivered.reduce((total, { im }) => total + im / 1000, 0)
  const lost = study.sections.map(({ name }) => sum(solution.losses(name)))
  const lostKw = lost.reduce((total, { re }) => total + re / 1000, 0)
  const lostKvar = lost.reduce((total, { im }) => total + im / 1000, 0)
  return [
    row('input', 'kW', input.kw, kw),
    row('input', 'kvar', input.kvar, kvar),
    row('losses', 'kW', losses.kw, lostKw),
    row('losses', 'kvar', losses.kvar, lostKvar, Math.sqrt(losses.kw * losses.kw + losses.kvar * losses.kvar)),
  ]
}

const KINDS: readonly FaultKind[] = ['line-ground', 'line-line', 'three-phase']

export function compareShortCircuits(file: FeederFile, published: Published): Comparison {
  const study = shortCircuitStudy(file)
  const solver = createSolver(study)
  const state = normalState(study)
  const rows = faultsOf(published).flatMap(({ node, phases, amps }) => {
    const kind = KINDS[phases.length - 1] ?? 'three-phase'
    const fault = { at: { node: published.names[node] ?? node }, kind, phases, resistanceOhm: 0 }
    const computed = solver.solve({ ...state, faults: [fault] }).faultAmps(0)
    return amps.map((ampere, n) => {
      const phase = phases[n] ?? 'a'
      const between = phases.join('') === 'ac' ? 'ca' : phases.join('')
      const at = PHASES.indexOf(phase)
      return row(`${node} ${kind}`, amps.length === 1 ? between : phase, ampere, magnitude(pick(computed, at)))
    })
  })
  const about = {
    feeder: file.name,
    quantity: 'short circuit',
    unit: 'A',
    deviationUnit: '%',
    of: 'the figure',
  } as const
  return comparison({ ...about, limit: LIMITS.shortCircuit }, rows)
}
