// The network solver on a generated feeder of 8,500 nodes: the first solution, then with other load levels, after a
// switch has operated, and with a fault.

import { createSolver, normalState, type OperatingState } from '../sim/solver/solver.ts'
import type { FeederFile } from '../topology/feeder-file.ts'
import { networkFeeder } from './network-feeder.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { type Row, row } from './table.ts'

const NODES = 8500
const REPETITIONS = 15
/** What the project asks of a solution after the first. */
const ASKED_MS = 50

export const networkSolutions: Section = { title: `Network solutions, ${NODES} nodes`, measure }

async function measure({ quick, chance }: SectionOptions): Promise<SectionResult> {
  const count = quick ? 3 : REPETITIONS
  const radial = networkFeeder(NODES, chance)
  const meshed = networkFeeder(NODES, chance, 30)
  const rows = [...timed(radial, 'radial', count), ...timed(meshed, 'with 30 loops', count)]
  const late = rows.filter(({ what, figure }) => what.includes('load levels') && figure.p50 > ASKED_MS)
  const notes = late.map(({ what, figure }) => `${what}: ${figure.p50.toFixed(0)} ms, want ${ASKED_MS} ms at the most`)
  return { rows, notes }
}

function timed(file: FeederFile, kind: string, count: number): Row[] {
  const state = normalState(file)
  const first = Array.from({ length: count }, () => elapsed(() => createSolver(file).solve(state)))
  const solver = createSolver(file)
  solver.solve(state)
  const solves = (make: (n: number) => OperatingState): number[] =>
    Array.from({ length: count }, (_, n) => {
      const next = make(n)
      return elapsed(() => solver.solve(next).volts(''))
    })
  const levels = solves(n => ({ ...state, loadShare: () => 0.5 + n / (2 * count) }))
  const switched = solves(n => ({ ...state, isOpen: device => device === file.devices[n]?.name }))
  const faulted = solves(n => ({ ...state, faults: [faultOn(file, n)] }))
  const base = row(`${kind}: load levels changed`, 'ms', levels)
  return [
    row(`${kind}: reading the file's figures and the first solution`, 'ms', first, base),
    base,
    row(`${kind}: after a switching change`, 'ms', switched, base),
    row(`${kind}: with a fault along a section`, 'ms', faulted, base),
  ]
}

function faultOn({ sections }: FeederFile, n: number): OperatingState['faults'][number] {
  const section = sections[Math.floor((sections.length * (n + 1)) / (REPETITIONS + 2))]
  const at = { section: section?.name ?? '', position: 0.3 }
  return { at, kind: 'line-ground', phases: (section?.phases ?? ['a']).slice(0, 1), resistanceOhm: 0 }
}

function elapsed(run: () => unknown): number {
  const began = performance.now()
  run()
  return performance.now() - began
}
