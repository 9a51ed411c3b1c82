// Whole-network behaviour worked out by hand: loops, several sources, dark parts, loads, generators, regulators.

import { describe, expect, it } from 'vitest'
import { magnitude } from '../../sim/solver/complex.ts'
import { createSolver, normalState } from '../../sim/solver/solver.ts'
import { ABC, each, feederOf, MUTUAL, SELF, sizes, solved, sumOf, VOLTS } from './solver-feeder.ts'

const line = (from: string, to: string, lengthM = 1000) => ({ from, to, lengthM, lineCode: 'line' })
const impedanceLoad = (node: string, kw: number) => ({
  name: `load-${node}`,
  node,
  kw: each(kw),
  kvar: each(0),
  model: { impedance: 1 },
})
/** What a balanced current meets on 1 km. */
const Z1 = { r: SELF.r - MUTUAL.r, x: SELF.x - MUTUAL.x }

describe('loops and several sources', () => {
  it('divides a current between two parallel lines as their impedances say', () => {
    const file = feederOf('S N', [line('S', 'N', 1000), { ...line('S', 'N', 3000), name: 'long' }], {
      loads: [impedanceLoad('N', 200)],
    })
    const solution = solved(file)
    const [short = 0] = sizes(solution.current('S-N', 'from'))
    const [long = 0] = sizes(solution.current('long', 'from'))
    expect(short / long).toBeCloseTo(3, 4)
    // 0.75 km in all, in series with the load's resistance.
    const ohm = VOLTS ** 2 / 200_000
    expect(short + long).toBeCloseTo(VOLTS / Math.hypot(ohm + 0.75 * Z1.r, 0.75 * Z1.x), 3)
  })
  it('feeds the far node of a ring equally from both sides', () => {
    const ring = [line('S', 'A'), line('A', 'C'), line('S', 'B'), line('B', 'C')]
    const solution = solved(feederOf('S A B C', ring, { loads: [impedanceLoad('C', 200)] }))
    expect(sizes(solution.current('A-C', 'from'))[0]).toBeCloseTo(sizes(solution.current('B-C', 'from'))[0] ?? 0, 6)
    const ohm = VOLTS ** 2 / 200_000
    expect(sizes(solution.volts('C'))[0]).toBeCloseTo((VOLTS * ohm) / Math.hypot(ohm + Z1.r, Z1.x), 3)
  })
  it('shares a load between two sources, and drives current from the higher to the lower', () => {
    const sources = (pu: number) => [
      { name: 'one', node: 'S', voltagePu: 1 },
      { name: 'two', node: 'T', voltagePu: pu },
    ]
    const make = (pu: number) => feederOf('S N T', [line('S', 'N'), line('N', 'T')], { sources: sources(pu) })
    const even = solved({
      ...make(1),
      loads: feederOf('S N', [line('S', 'N')], { loads: [impedanceLoad('N', 90)] }).loads,
    })
    expect(sizes(even.source('one').amps)[0]).toBeCloseTo(sizes(even.source('two').amps)[0] ?? 0, 6)
    const uneven = solved(make(1.02))
    expect(sizes(uneven.source('two').amps)[1]).toBeCloseTo((0.02 * VOLTS) / Math.hypot(2 * Z1.r, 2 * Z1.x), 3)
    expect(sumOf(uneven.source('one').power).re).toBeLessThan(0)
  })
})

describe('impossible figures', () => {
  it('are named with their section', () => {
    const impedance = { rOhm: ABC.map(() => [-1e-6, 0, 0]), xOhm: ABC.map(() => [0, 0, 0]) }
    expect(() => solved(feederOf('S N', [{ from: 'S', to: 'N', impedance }]))).toThrow(/section S-N: .* no inverse/)
  })
})

describe('switching', () => {
  const file = feederOf('S A B', [line('S', 'A'), line('A', 'B')], {
    devices: [{ name: 'D', kind: 'recloser', section: 'A-B', at: 'from' }],
    loads: [impedanceLoad('B', 90), { ...impedanceLoad('A', 90), name: 'near' }],
  })
  it('leaves a part that no source reaches dark and without current', () => {
    const solution = solved(file, { isOpen: device => device === 'D' })
    expect([solution.isEnergised('A'), solution.isEnergised('B')]).toEqual([true, false])
    expect(sizes(solution.volts('B'))).toEqual([0, 0, 0])
    expect(sizes(solution.current('A-B', 'from'))).toEqual([0, 0, 0])
    expect(sizes(solution.load('load-B').amps)).toEqual([0, 0, 0])
    expect(sumOf(solution.load('near').power).re).toBeGreaterThan(250_000)
  })
  it('says the same for a state whatever was asked before', () => {
    const solver = createSolver(file)
    const state = normalState(file)
    const first = solver.solve(state).volts('B')
    for (let n = 0; n < 20; n++) solver.solve({ ...state, depressed: new Map([['A-B', n / 20]]) })
    solver.solve({ ...state, isOpen: () => true, loadShare: () => 3 })
    expect(solver.solve(state).volts('B')).toEqual(first)
  })
  it('feeds a line that is open at its near end from the far one, as far as the opening', () => {
    const ring = [line('S', 'A'), line('A', 'C'), line('S', 'C')]
    const open = feederOf('S A C', ring, { devices: [{ name: 'D', kind: 'switch', section: 'A-C', at: 'from' }] })
    const fault = { at: { section: 'A-C', position: 0 }, kind: 'line-ground', phases: ['a'], resistanceOhm: 0 } as const
    const solution = solved(open, { isOpen: () => true, faults: [fault] })
    expect(sizes(solution.faultAmps(0))[0]).toBeGreaterThan(500)
    expect(sizes(solution.current('A-C', 'from'))).toEqual([0, 0, 0])
    expect(sizes(solution.current('A-C', 'to'))[0]).toBeCloseTo(sizes(solution.faultAmps(0))[0] ?? 0, 3)
  })
})

describe('loads', () => {
  // 0.9 per unit at the load, from a source held there.
  const at = (pu: number, load: Record<string, unknown>) =>
    solved(
      feederOf('S N', [{ from: 'S', to: 'N' }], {
        sources: [{ name: 'source', node: 'S', voltagePu: pu }],
        loads: [{ name: 'load', node: 'N', ...load }],
      }),
    )
  const wye = (model: Record<string, number>) => ({ kw: each(60), kvar: each(30), model })
  it.each([
    { model: { power: 1 }, share: 1 },
    { model: { current: 1 }, share: 0.9 },
    { model: { impedance: 1 }, share: 0.81 },
    { model: { power: 0.5, current: 0.3, impedance: 0.2 }, share: 0.5 + 0.27 + 0.162 },
  ])('draws $share of its power at 0.9 pu with $model', ({ model, share }) => {
    const drawn = sumOf(at(0.9, wye(model)).load('load').power)
    expect(drawn.re / 180_000).toBeCloseTo(share, 5)
    expect(drawn.im / 90_000).toBeCloseTo(share, 5)
  })
  it('draws between phases as it does to neutral, in proportion to their voltage', () => {
    const drawn = at(0.9, {
      kw: { ab: 60, bc: 60, ca: 60 },
      kvar: { ab: 0, bc: 0, ca: 0 },
      model: { impedance: 1 },
    }).load('load')
    expect(sumOf(drawn.power).re / 180_000).toBeCloseTo(0.81, 5)
    const single = at(1, { kw: { bc: 60 }, kvar: { bc: 0 } }).load('load')
    expect(sizes(single.amps).map(amps => Math.round(amps * 1000))).toEqual(
      [0, 1, 1].map(n => Math.round((n * 6e7) / 4160)),
    )
    expect(sumOf(single.amps).re).toBeCloseTo(0, 9)
  })
  it('behaves as an impedance below 0.8 pu, without a step', () => {
    const power = (pu: number) => sumOf(at(pu, wye({ power: 1 })).load('load').power).re
    expect(power(0.8001) / 180_000).toBeCloseTo(1, 3)
    const file = feederOf('S N', [{ from: 'S', to: 'N' }], {
      loads: [{ name: 'load', node: 'N', ...wye({ power: 1 }) }],
    })
    const low = solved(file, { depressed: new Map([['S-N', 0.4]]) })
    expect(sizes(low.volts('N'))[0]).toBeCloseTo(0.4 * VOLTS, 1)
    expect(sumOf(low.load('load').power).re / 180_000).toBeCloseTo(0.25, 4)
  })
  it('stands in the middle of the section that it is spread along', () => {
    const spread = feederOf('S N', [line('S', 'N')], {
      loads: [{ name: 'load', along: 'S-N', kw: each(90), kvar: each(0) }],
    })
    const middle = feederOf('S M N', [line('S', 'M', 500), line('M', 'N', 500)], {
      loads: [{ name: 'load', node: 'M', kw: each(90), kvar: each(0) }],
    })
    expect(sizes(solved(spread).volts('N'))[0]).toBeCloseTo(sizes(solved(middle).volts('N'))[0] ?? 0, 3)
    const losses = sumOf(solved(spread).losses('S-N')).re
    expect(losses).toBeCloseTo(sumOf(solved(middle).losses('S-M')).re, 0)
  })
})

describe('disturbances', () => {
  it('lower the voltage of everything behind the section, whichever way it is fed', () => {
    const backward = feederOf('S A B', [line('S', 'A'), { from: 'B', to: 'A', lengthM: 1000, lineCode: 'line' }])
    const solution = solved(backward, { depressed: new Map([['B-A', 0.35]]) })
    expect(sizes(solution.volts('A'))[0]).toBeCloseTo(VOLTS, 2)
    expect(sizes(solution.volts('B'))[0]).toBeCloseTo(0.35 * VOLTS, 2)
    expect(sizes(solved(backward, { depressed: new Map([['B-A', 0]]) }).volts('B'))[0]).toBe(0)
  })
})

describe('regulators', () => {
  const taps = (of: Record<string, number>) =>
    feederOf('S N', [{ from: 'S', to: 'N' }], { regulators: [{ name: 'R', section: 'S-N', taps: of }] })
  it('raise each phase by 5/8 % a step', () => {
    const solution = solved(taps({ a: 10, b: 8, c: -4 }))
    expect(sizes(solution.volts('N')).map(volts => volts / VOLTS)).toEqual([
      expect.closeTo(1.0625, 5),
      expect.closeTo(1.05, 5),
      expect.closeTo(0.975, 5),
    ])
  })
  it('raise in open delta the voltages between phases that they stand on, and leave the common phase', () => {
    const [a, b, c] = solved(taps({ ab: 7, bc: 4 })).volts('N')
    const between = (p: typeof a, q: typeof a) => magnitude({ re: p.re - q.re, im: p.im - q.im }) / 4160
    expect([between(a, b), between(b, c), magnitude(b) / VOLTS]).toEqual([
      expect.closeTo(1.04375, 5),
      expect.closeTo(1.025, 5),
      expect.closeTo(1, 5),
    ])
  })
  it('take in the power that they give', () => {
    const file = taps({ ab: 7, bc: 4 })
    const loaded = { ...file, loads: feederOf('S N', [line('S', 'N')], { loads: [impedanceLoad('N', 100)] }).loads }
    const solution = solved(loaded)
    expect(sumOf(solution.losses('S-N')).re).toBeLessThan(1)
    expect(sumOf(solution.powerInto('S-N', 'from')).re).toBeCloseTo(sumOf(solution.load('load-N').power).re, 0)
  })
  it('have the impedance that their rating gives them', () => {
    const regulator = { name: 'R', section: 'S-N', taps: { a: 0, b: 0, c: 0 }, kva: 500, reactancePercent: 2 }
    const file = feederOf('S N', [{ from: 'S', to: 'N' }], { regulators: [regulator] })
    const fault = { at: { node: 'N' }, kind: 'three-phase', phases: ABC, resistanceOhm: 0 } as const
    const stiff = {
      ...file,
      sources: file.sources.map(source => ({ ...source, impedance: { r1Ohm: 0, x1Ohm: 0, r0Ohm: 0, x0Ohm: 0 } })),
    }
    const ohm = 0.02 * (VOLTS ** 2 / 500_000)
    expect(sizes(solved(stiff, { faults: [fault] }).faultAmps(0))[0]).toBeCloseTo(VOLTS / ohm, -1)
  })
})

describe('generators', () => {
  const file = (kind: string, more: Record<string, unknown> = {}) =>
    feederOf('S N', [line('S', 'N')], { generators: [{ name: 'G', node: 'N', kind, kw: 300, kvar: 60, ...more }] })
  it.each(['synchronous', 'inverter'])('%s: produces its power in steady state', kind => {
    const solution = solved(file(kind), { generationShare: () => 0.5 })
    const { re, im } = sumOf(solution.generator('G').power)
    expect([re, im]).toEqual([expect.closeTo(150_000, -1), expect.closeTo(30_000, -1)])
    expect(sumOf(solution.source('source').power).re).toBeLessThan(-149_000)
  })
  it('produces nothing when disconnected, and nothing where no source is', () => {
    expect(sizes(solved(file('inverter'), { isConnected: () => false }).generator('G').amps)).toEqual([0, 0, 0])
    const switched = {
      ...file('synchronous'),
      devices: feederOf('S N', [line('S', 'N')], { devices: [{ name: 'D', kind: 'switch', section: 'S-N' }] }).devices,
    }
    const dark = solved(switched, { isOpen: () => true })
    expect([dark.isEnergised('N'), ...sizes(dark.generator('G').amps)]).toEqual([false, 0, 0, 0])
  })
})
