// The solver against the published tables themselves, in the test data beside the repository, and our copies of them.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { magnitude, PHASES } from '../../sim/solver/complex.ts'
import { createSolver, type FaultAt, normalState } from '../../sim/solver/solver.ts'
import { branchesOf, faultsOf, voltagesOf } from '../../sim/verify/published.ts'
import { report } from '../../sim/verify/report.ts'
import { loadFlowStudy, shortCircuitStudy } from '../../sim/verify/study.ts'
import { PUBLISHED, verify } from '../../sim/verify/verify.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import type { Phase } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'

const TABLES = '../shared/data/protection'
const isThere = existsSync(TABLES)
const feeder = (name: string) => parseFeeder(readFileSync(`topology/feeders/${name}.yaml`, 'utf8'), name)

describe('sim verify', () => {
  const { ok, comparisons } = verify('topology/feeders')

  it.each(comparisons.map(one => [`${one.feeder} ${one.quantity}`, one] as const))(
    '%s is within its limit',
    (_, one) => {
      expect(one.rows.length).toBeGreaterThan(0)
      expect(Math.abs(one.worst?.deviation ?? Number.NaN)).toBeLessThanOrEqual(one.limit)
    },
  )
  it('is what docs/solver.md says', () => {
    const page = readFileSync('docs/solver.md', 'utf8')
    for (const { feeder: name, quantity, rows, worst, limit, deviationUnit } of comparisons) {
      const largest = `${worst?.deviation.toFixed(3)} ${deviationUnit} at ${worst?.place} ${worst?.phase}`
      expect(page).toContain(`| ${name} | ${quantity} | ${rows.length} | ${largest} | ${limit} ${deviationUnit} |`)
    }
  })
  it('leaves the network as it is by giving regulators a node of their own', () => {
    const file = { ...feeder('ieee13'), generators: [], ieds: [] }
    const [shipped, study] = [file, loadFlowStudy(file)].map(one => createSolver(one).solve(normalState(one)))
    for (const { name } of file.nodes) {
      const apart = (shipped?.volts(name) ?? []).map((volts, n) => {
        const other = study?.volts(name)[n as 0 | 1 | 2]
        return Math.hypot(volts.re - (other?.re ?? 0), volts.im - (other?.im ?? 0))
      })
      expect(Math.max(...apart)).toBeLessThan(0.005)
    }
  })
  it('prints what its schema says', () => {
    expect(outputs['sim-verify'].parse(JSON.parse(JSON.stringify({ ok, comparisons }))).comparisons).toHaveLength(18)
  })
  it('passes as a whole', () => expect(ok).toBe(true))
  it('fails when one figure is past its limit', () => {
    const [first] = comparisons
    expect(first && report({ ok: false, comparisons: [{ ...first, ok: false }] }, { details: false })).toContain('FAIL')
  })
})

/** Rows of a table without its comments, by column name. */
function rowsOf(name: string): Record<string, string>[] {
  const [head = '', ...lines] = readFileSync(`${TABLES}/${name}.csv`, 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  const columns = head.trim().split(',')
  return lines.map(line =>
    Object.fromEntries(
      line
        .trim()
        .split(',')
        .map((value, n) => [columns[n] ?? '', value]),
    ),
  )
}

const LETTERS = ['A', 'B', 'C']
const PAIRS = ['AB', 'BC', 'CA']

describe.skipIf(!isThere)(`published tables (skipped when ${TABLES} is missing)`, () => {
  it.each(PUBLISHED)('$feeder: our copy of the load flow is the table', published => {
    const voltages = voltagesOf(published).flatMap(({ node, phases }) =>
      phases.flatMap((printed, n) => {
        const phase = (published.between === 'phases' ? PAIRS : LETTERS)[n]
        return printed === undefined ? [] : [`${node} ${phase} ${printed.size} ${printed.degrees}`]
      }),
    )
    const wanted = rowsOf(`${published.feeder}_loadflow`).map(
      ({ node, phase, magnitude_pu, angle_deg }) => `${node} ${phase} ${Number(magnitude_pu)} ${Number(angle_deg)}`,
    )
    expect(voltages.sort()).toEqual(wanted.sort())
    const branches = branchesOf(published).flatMap(({ from, to, phases, lossKw }) =>
      phases.flatMap((printed, n) =>
        printed === undefined ? [] : [`${from} ${to} ${LETTERS[n]} ${printed.size} ${printed.degrees} ${lossKw}`],
      ),
    )
    const wantedBranches = rowsOf(`${published.feeder}_loadflow_branches`).map(
      ({ from_node, to_node, phase, current_a, angle_deg, loss_kw_branch }) =>
        `${from_node} ${to_node} ${phase} ${Number(current_a)} ${Number(angle_deg)} ${Number(loss_kw_branch)}`,
    )
    expect(branches.sort()).toEqual(wantedBranches.sort())
  })

  it.each(PUBLISHED)('$feeder: our copy of the sums and taps is the table', ({ feeder: name, input, losses }) => {
    const sums = rowsOf('ieee_loadflow_summary').filter(row => row.feeder === name)
    const sum = (quantity: string) => {
      const row = sums.find(one => one.quantity === quantity)
      return { kw: Number(row?.kw), kvar: Number(row?.kvar) }
    }
    expect([input, losses]).toEqual([sum('input'), sum('losses')])
    const taps = feeder(name).regulators.flatMap(regulator =>
      Object.entries(regulator.taps).map(([key, tap]) => `${regulator.name} ${key} ${tap}`),
    )
    const wanted = rowsOf(`${name}_loadflow_taps`).map(
      ({ regulator, phase, tap }) => `${regulator} ${phase === 'CB' ? 'bc' : phase?.toLowerCase()} ${tap}`,
    )
    expect(taps.sort()).toEqual(wanted.sort())
  })

  it.each([
    { name: 'ieee34', table: 'ieee34_case2_all_phase_fault' },
    { name: 'ieee37', table: 'ieee37_all_phase_fault' },
  ])('$name: our copy of the short circuits is the table', ({ name, table }) => {
    const published = PUBLISHED.find(one => one.feeder === name)
    const ours = published && faultsOf(published).map(({ node, amps }) => [node, ...amps].join(' '))
    const wanted = rowsOf(table)
      .filter(({ node }) => node !== '775')
      .map(row => [row.node, ...LETTERS.map(phase => Number(row[`published_${phase}`]))].join(' '))
    expect(ours?.sort()).toEqual(wanted.sort())
  })

  it.each([
    { name: 'ieee13', key: 'ieee13_substation_8pct' },
    { name: 'ieee34', key: 'ieee34_case2' },
  ])('$name: faults of every kind are within 0.1 % of path impedances', ({ name, key }) => {
    const study = shortCircuitStudy(feeder(name))
    const solver = createSolver(study)
    const state = normalState(study)
    const amps = (fault: Pick<FaultAt, 'at' | 'kind' | 'phases'>): number[] =>
      solver
        .solve({ ...state, faults: [{ ...fault, resistanceOhm: 0 }] })
        .faultAmps(0)
        .map(magnitude)
    type Faults = Record<string, Record<string, number>> & { three_phase_A?: number[] }
    const all = JSON.parse(readFileSync(`${TABLES}/ieee13_ieee34_computed_faults.json`, 'utf8'))[key] as Record<
      string,
      Faults
    >
    let compared = 0
    const near = (ours: number | undefined, wanted: number): void => {
      compared++
      expect(Math.abs((ours ?? Number.NaN) / wanted - 1)).toBeLessThan(1e-3)
    }
    for (const [node, faults] of Object.entries(all)) {
      if (!study.nodes.some(one => one.name === node)) continue
      for (const [phase, wanted] of Object.entries(faults.line_ground_A ?? {})) {
        near(Math.max(...amps({ at: { node }, kind: 'line-ground', phases: [phase as Phase] })), wanted)
      }
      for (const [pair, wanted] of Object.entries(faults.line_line_A ?? {})) {
        near(Math.max(...amps({ at: { node }, kind: 'line-line', phases: [...pair] as Phase[] })), wanted)
      }
      const three = faults.three_phase_A && amps({ at: { node }, kind: 'three-phase', phases: PHASES })
      faults.three_phase_A?.forEach((wanted, n) => {
        near(three?.[n], wanted)
      })
    }
    expect(compared).toBeGreaterThan(70)
  })
})
