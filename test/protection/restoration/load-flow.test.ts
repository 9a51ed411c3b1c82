import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createSolver, normalState } from '../../../sim/solver/solver.ts'
import { feederModelOf } from '../../../src/protection/restoration/feeder-model.ts'
import { type FlowState, loadFlow, sizeAt } from '../../../src/protection/restoration/load-flow.ts'
import { createFeeder, type Feeder } from '../../../topology/feeder.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const shipped = (name: string): Feeder => {
  const path = `topology/feeders/${name}.yaml`
  return createFeeder(parseFeeder(readFileSync(path, 'utf8'), path))
}

const stateOf = (feeder: Feeder): FlowState => {
  const { devices, loads } = feeder.file
  return {
    isOpen: Uint8Array.from(devices, ({ name }) => (feeder.position(name) === 'closed' ? 0 : 1)),
    zoneScale: new Float64Array(feeder.zones.length).fill(1),
    loadScale: new Float64Array(loads.length).fill(1),
  }
}

/** The greatest differences to the simulator's solver: of a voltage in per unit, of a current in parts of the greatest one. */
function compared(feeder: Feeder): { volts: number; amps: number; places: number } {
  const model = feederModelOf(feeder)
  const solution = createSolver(feeder.file).solve({
    ...normalState(feeder.file),
    isOpen: device => feeder.position(device) !== 'closed',
    isConnected: name => !feeder.file.generators.some(generator => generator.name === name),
  })
  expect(solution.converged).toBe(true)
  let [volts, amps, places] = [0, 0, 0]
  model.sources.forEach((source, number) => {
    const flow = loadFlow(model, number, stateOf(feeder))
    expect(flow.converged, source.name).toBe(true)
    let most = 0
    for (let phase = 0; phase < 3; phase++) most = Math.max(most, sizeAt(flow.amps, 0, phase))
    for (let place = 0; place < flow.count; place++) {
      const name = model.vertices[flow.vertex[place] as number] as string
      if (!feeder.file.nodes.some(node => node.name === name)) continue
      const branch = model.branches[flow.branch[place] as number]
      for (const phase of [0, 1, 2] as const) {
        const is = solution.volts(name)[phase]
        const nominal = model.nominal[flow.vertex[place] as number] as number
        volts = Math.max(volts, Math.abs(Math.hypot(is.re, is.im) - sizeAt(flow.volts, place, phase)) / nominal)
        // Load along a section is lumped at its ends, so that its current differs from end to end by definition.
        if (branch === undefined || feeder.file.loads.some(({ along }) => along === branch.section)) continue
        const there = solution.current(branch.section, flow.isReversed[place] ? 'from' : 'to')[phase]
        amps = Math.max(amps, Math.abs(Math.hypot(there.re, there.im) - sizeAt(flow.amps, place, phase)) / most)
        places++
      }
    }
  })
  return { volts, amps, places }
}

describe('the load flow', () => {
  for (const name of ['loop-pair', 'ieee13', 'ieee34', 'customer-site']) {
    it(`agrees with the solver on ${name} within 1 % of the voltage and 2 % of the current`, () => {
      const { volts, amps, places } = compared(shipped(name))
      expect(places).toBeGreaterThan(20)
      expect(volts).toBeLessThan(0.01)
      expect(amps).toBeLessThan(0.02)
    })
  }

  it('agrees with the solver when the tie feeds one feeder from the other', () => {
    const feeder = shipped('loop-pair')
    feeder.setPosition('CB-N', 'open')
    feeder.setPosition('TR', 'closed')
    const { volts, amps } = compared(feeder)
    expect(volts).toBeLessThan(0.01)
    expect(amps).toBeLessThan(0.02)
  })

  it('has no solution for a load that no voltage carries', () => {
    const feeder = shipped('ieee13')
    const state = stateOf(feeder)
    state.zoneScale.fill(40)
    expect(loadFlow(feederModelOf(feeder), 0, state).converged).toBe(false)
  })

  it('is refused in a closed loop and with sources in parallel', () => {
    const feeder = shipped('loop-pair')
    feeder.setPosition('TR', 'closed')
    expect(loadFlow(feederModelOf(feeder), 0, stateOf(feeder))).toMatchObject({ isMeshed: true, converged: false })
  })
})
