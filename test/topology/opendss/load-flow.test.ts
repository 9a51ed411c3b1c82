// Imported feeders solved and held against published load flows: that counts are right says nothing of impedances.
//
// IEEE 13, 34 and 37: IEEE PES, radial power flow of 2004-06-24 (../shared/data/protection). 4-bus feeders: IEEE PES, 4 node
// test feeder, step-down, balanced load.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createSolver, normalState } from '../../../sim/solver/solver.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { importOpenDss } from '../../../topology/opendss/import-open-dss.ts'
import { CASE_FILES, hasFeeders, MASTERS, WITHOUT } from './masters.ts'

const PUBLISHED = '../shared/data/protection'

interface Row {
  readonly node: string
  readonly phases: string
  readonly pu: number
}

/** @param buses the script's names of nodes that it calls otherwise */
function published(name: string, buses: Readonly<Record<string, string>>): Row[] {
  const lines = readFileSync(`${PUBLISHED}/${name}_loadflow.csv`, 'utf8').trim().split('\n').slice(1)
  return lines.map(line => {
    const [node = '', phases = '', pu = ''] = line.split(',')
    return { node: (buses[node] ?? node).toLowerCase(), phases, pu: Number(pu) }
  })
}

/** The largest deviation of voltages (line to neutral, or between two phases) in percent, and how many were compared. */
function worstDeviation(
  feeder: FeederFile,
  rows: readonly Row[],
): { readonly percent: number; readonly count: number } {
  const solver = createSolver(feeder)
  const solution = solver.solve(normalState(feeder))
  expect(solution.converged).toBe(true)
  const deviations = rows.flatMap(({ node, phases, pu }) => {
    if (!feeder.nodes.some(({ name }) => name === node)) return []
    const [one, other] = [...phases].map(phase => solution.volts(node)['ABC'.indexOf(phase) as 0 | 1 | 2])
    const volts = Math.hypot((one?.re ?? 0) - (other?.re ?? 0), (one?.im ?? 0) - (other?.im ?? 0))
    const base = solver.nominalVolts(node) * (other ? Math.sqrt(3) : 1)
    return [Math.abs(volts / base / pu - 1) * 100]
  })
  return { percent: Math.max(...deviations), count: deviations.length }
}

function withTaps(feeder: FeederFile, taps: Readonly<Record<string, number>>): FeederFile {
  const regulators = feeder.regulators.map(regulator => {
    const keys = Object.keys(regulator.taps)
    return { ...regulator, taps: Object.fromEntries(keys.map(key => [key, taps[regulator.name]])) }
  })
  return { ...feeder, regulators }
}

describe.skipIf(!hasFeeders)(`load flow of imported feeders (${WITHOUT})`, () => {
  it('agrees with the published one of IEEE 13', () => {
    const feeder = withTaps(importOpenDss(MASTERS.ieee13 as string).feeder, { reg1: 10, reg2: 8, reg3: 11 })
    const { percent, count } = worstDeviation(feeder, published('ieee13', { RG60: 'rg60' }))
    expect(count).toBe(35)
    expect(percent).toBeLessThan(0.2)
  })

  it('agrees with the published one of IEEE 34, loads in the middle of lines, taps set by the script', () => {
    const { feeder } = importOpenDss(`${CASE_FILES}/34Bus/Run_IEEE34Mod2.dss`)
    const { percent, count } = worstDeviation(feeder, published('ieee34', { RG10: '814r', RG11: '852r' }))
    expect(count).toBe(92)
    expect(percent).toBeLessThan(0.05)
  })

  it('agrees with the published one of IEEE 37, whose table begins behind the substation with ideal regulators', () => {
    const whole = withTaps(importOpenDss(MASTERS.ieee37 as string).feeder, { reg1a: 7, reg1c: 4 })
    const feeder: FeederFile = {
      ...whole,
      nominalKv: 4.8,
      sources: whole.sources.map(source => ({ ...source, node: '799', holds: 'node' })),
      nodes: whole.nodes.filter(({ name }) => name !== 'sourcebus'),
      sections: whole.sections.filter(({ name }) => name !== 'subxf'),
      transformers: whole.transformers.filter(({ name }) => name !== 'subxf'),
      regulators: whole.regulators.map(unit => ({ ...unit, resistancePercent: 0, reactancePercent: 0 })),
    }
    const { percent, count } = worstDeviation(feeder, published('ieee37', { RG7: '799r' }))
    expect(count).toBe(114)
    expect(percent).toBeLessThan(0.05)
  })

  // Line to neutral in volts at the load, phases a, b, c.
  it.each([
    ['4bus-dy', [1920, 2054, 1986]],
    ['4bus-yy', [1918, 2061, 1981]],
  ] as const)('agrees with the published one of %s, whose lines are given by wires and their places', (name, volts) => {
    const { feeder } = importOpenDss(MASTERS[name] as string)
    const solved = createSolver(feeder)
      .solve(normalState(feeder))
      .volts('n4')
      .map(({ re, im }) => Math.hypot(re, im))
    solved.forEach((volt, n) => {
      expect(Math.abs(volt / (volts[n] as number) - 1)).toBeLessThan(0.001)
    })
  })
})
