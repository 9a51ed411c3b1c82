// Each connection against voltages, angles and drops worked out by hand.

import { describe, expect, it } from 'vitest'
import { createSolver, normalState, type Solution } from '../../sim/solver/solver.ts'
import { arctangentDegrees } from '../../topology/trigonometry.ts'
import { feederOf, sizes, solved, sumOf, VOLTS } from './solver-feeder.ts'

const LOW = 480 / Math.sqrt(3)

const bank = (unit: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
  feederOf('P Q', [{ from: 'P', to: 'Q' }], {
    transformers: [
      {
        name: 'T',
        section: 'P-Q',
        kva: 300,
        primaryKv: 4.16,
        secondaryKv: 0.48,
        resistancePercent: 1,
        reactancePercent: 4,
        ...unit,
      },
    ],
    ...rest,
  })
const angles = (solution: Solution, node: string): number[] =>
  solution.volts(node).map(({ re, im }) => arctangentDegrees(im, re))
const wyeLoad = (kw: Record<string, number>) => ({
  loads: [{ name: 'load', node: 'Q', kw, kvar: {}, model: { impedance: 1 } }],
})

describe('three-phase banks', () => {
  it.each([
    { primary: 'wye', secondary: 'wye', turn: 0 },
    { primary: 'delta', secondary: 'delta', turn: 0 },
    { primary: 'delta', secondary: 'wye', turn: -30 },
    { primary: 'wye', secondary: 'delta', turn: -30 },
  ])('$primary-$secondary turns its low side by $turn degrees', ({ primary, secondary, turn }) => {
    const solution = solved(bank({ primary, secondary }))
    expect(sizes(solution.volts('Q')).map(volts => volts / LOW)).toEqual([1, 1, 1].map(one => expect.closeTo(one, 4)))
    const wanted = [0, -120, 120].map(degrees => degrees + turn)
    expect(angles(solution, 'Q')).toEqual(wanted.map(degrees => expect.closeTo(degrees, 2)))
  })
  it('leads on the high side of one that steps up from delta or from wye', () => {
    for (const [primary, secondary] of [
      ['delta', 'wye'],
      ['wye', 'delta'],
    ]) {
      const solution = solved(bank({ primary, secondary, primaryKv: 4.16, secondaryKv: 12.47 }))
      expect(angles(solution, 'Q')[0]).toBeCloseTo(30, 2)
      expect(sizes(solution.volts('Q'))[1]).toBeCloseTo(12470 / Math.sqrt(3), -1)
    }
  })
  it.each(['wye', 'delta'])('%s-wye drops its impedance times the current', primary => {
    // Each phase: 1 + j4 % of 0.48² / 0.3 ohm in series with the load's resistance.
    const solution = solved(bank({ primary }, wyeLoad({ a: 60, b: 60, c: 60 })))
    const base = LOW ** 2 / 100_000
    const load = LOW ** 2 / 60_000
    expect(sizes(solution.volts('Q'))[0]).toBeCloseTo((LOW * load) / Math.hypot(load + 0.01 * base, 0.04 * base), 3)
    const amps = sizes(solution.current('P-Q', 'from'))[0] ?? 0
    expect(amps * VOLTS).toBeCloseTo((sizes(solution.current('P-Q', 'to'))[0] ?? 0) * LOW, 0)
    expect(sumOf(solution.losses('P-Q')).re).toBeCloseTo(3 * ((amps * VOLTS) / LOW) ** 2 * 0.01 * base, 1)
  })
  it('delta-wye sees a load on one phase of its low side as one between two phases', () => {
    // a lags by 30 degrees: its winding stands between a and c of the primary, so b carries nothing.
    const [a = 0, b = 0, c = 0] = sizes(solved(bank({ primary: 'delta' }, wyeLoad({ a: 30 }))).current('P-Q', 'from'))
    expect(b).toBeCloseTo(0, 6)
    expect(a).toBeCloseTo(c, 6)
    expect(a).toBeCloseTo(30_000 / 4160, 1)
  })
  it('wye-wye passes an unbalanced load on phase by phase', () => {
    const [a = 0, b = 0] = sizes(solved(bank({}, wyeLoad({ a: 30 }))).current('P-Q', 'from'))
    expect([a, b]).toEqual([expect.closeTo(30_000 / VOLTS, 1), expect.closeTo(0, 6)])
  })
  it('delta on the low side has no current to ground there, and its voltages stay balanced between phases', () => {
    const fault = { at: { node: 'Q' }, kind: 'line-ground', phases: ['a'], resistanceOhm: 0 } as const
    const solution = solved(bank({ secondary: 'delta' }), { faults: [fault] })
    expect(sizes(solution.faultAmps(0))[0]).toBeLessThan(0.01)
    const [a = 0, b = 0, c = 0] = sizes(solution.volts('Q'))
    expect([a, b, c]).toEqual([expect.closeTo(0, 3), expect.closeTo(480, 0), expect.closeTo(480, 0)])
  })
  it('multiplies by its tap', () => {
    expect(sizes(solved(bank({ tapPu: 1.05 })).volts('Q'))[2]).toBeCloseTo(1.05 * LOW, 2)
  })
  it('loses what it loses without load', () => {
    expect(sumOf(solved(bank({ noLoadLossPercent: 0.5 })).losses('P-Q')).re).toBeCloseTo(1500, 0)
  })
})

describe('single units', () => {
  const single = (
    phases: readonly string[],
    far: readonly string[],
    unit: Record<string, unknown>,
    kw: Record<string, number>,
  ) => {
    const file = bank({ kva: 25, phases, ...unit }, {})
    return {
      ...file,
      nodes: file.nodes.map(node => (node.name === 'Q' ? { ...node, phases: far as ('a' | 'b' | 'c')[] } : node)),
      sections: file.sections.map(section => ({ ...section, phases: phases as ('a' | 'b' | 'c')[] })),
      loads: feederOf('P Q', [{ from: 'P', to: 'Q' }], wyeLoad(kw)).loads,
    }
  }
  it('of one phase stands between it and ground', () => {
    const file = single(['b'], ['b'], { primaryKv: VOLTS / 1000, secondaryKv: 0.24 }, { b: 10 })
    const solution = solved(file)
    expect(sizes(solution.volts('Q'))).toEqual([0, expect.closeTo(240, -1), 0])
    expect(sizes(solution.current('P-Q', 'from'))[1]).toBeCloseTo(10_000 / VOLTS, 1)
  })
  it('between two phases draws the same current from both', () => {
    const file = single(['b', 'c'], ['b', 'c'], { primary: 'delta', secondary: 'delta', secondaryKv: 0.24 }, { bc: 10 })
    const solution = solved(file)
    const [b, c] = [solution.volts('Q')[1], solution.volts('Q')[2]]
    expect(Math.hypot(b.re - c.re, b.im - c.im)).toBeCloseTo(240, -1)
    const [, inB = 0, inC = 0] = sizes(solution.current('P-Q', 'from'))
    expect([inB, inC]).toEqual([expect.closeTo(10_000 / 4160, 1), expect.closeTo(inB, 6)])
  })
  it('center-tapped gives two legs of opposite sign, and loads across both its whole impedance', () => {
    const unit = { primaryKv: VOLTS / 1000, secondaryKv: 0.12, secondary: 'center-tapped' }
    const file = single(['c'], ['a', 'b'], unit, {})
    const [a, b] = solved(file).volts('Q')
    expect([Math.hypot(a.re, a.im), a.re + b.re, a.im + b.im]).toEqual([
      expect.closeTo(120, 2),
      expect.closeTo(0, 6),
      expect.closeTo(0, 6),
    ])
    const load = { name: 'load', node: 'Q', kw: { ab: 10 }, kvar: {}, model: { impedance: 1 }, ratedKv: 0.24 }
    const loaded = solved({ ...file, loads: feederOf('P Q', [{ from: 'P', to: 'Q' }], { loads: [load] }).loads })
    const [one, other] = loaded.volts('Q')
    const base = 240 ** 2 / 25_000
    const ohm = 240 ** 2 / 10_000
    expect(Math.hypot(one.re - other.re, one.im - other.im)).toBeCloseTo(
      (240 * ohm) / Math.hypot(ohm + 0.01 * base, 0.04 * base),
      2,
    )
  })
  it('two in open wye carry two phases', () => {
    const units = ['a', 'b'].map(phase => ({
      name: `T${phase}`,
      section: 'P-Q',
      phases: [phase],
      kva: 50,
      primaryKv: VOLTS / 1000,
      secondaryKv: LOW / 1000,
      resistancePercent: 1,
      reactancePercent: 2,
    }))
    const file = feederOf('P Q', [{ from: 'P', to: 'Q', phases: ['a', 'b'] }], { transformers: units })
    expect(sizes(solved(file).volts('Q'))).toEqual([expect.closeTo(LOW, 2), expect.closeTo(LOW, 2), 0])
  })
})

describe('a transformer with a line behind it', () => {
  it('drops the voltage of both', () => {
    const low = { from: 'P', to: 'Q', lengthM: 100, lineCode: 'line' }
    const transformers = [
      {
        name: 'T',
        section: 'P-Q',
        kva: 300,
        primaryKv: 4.16,
        secondaryKv: 0.48,
        resistancePercent: 1,
        reactancePercent: 4,
      },
    ]
    const loads = wyeLoad({ a: 30, b: 30, c: 30 }).loads
    const joined = solved(feederOf('P Q', [low], { transformers, loads }))
    const apart = solved(
      feederOf(
        'P M Q',
        [
          { from: 'P', to: 'M' },
          { ...low, from: 'M' },
        ],
        {
          transformers: [{ ...transformers[0], section: 'P-M' }],
          loads,
        },
      ),
    )
    expect(joined.volts('Q')).toEqual(
      apart.volts('Q').map(({ re, im }) => ({ re: expect.closeTo(re, 3), im: expect.closeTo(im, 3) })),
    )
  })
  it('is the same in every state, with points inside of other sections', () => {
    const low = { from: 'M', to: 'Q', lengthM: 100, lineCode: 'line' }
    const unit = { name: 'T', section: 'M-Q', kva: 300, primaryKv: 4.16, secondaryKv: 0.48 }
    const transformers = [{ ...unit, resistancePercent: 1, reactancePercent: 4 }]
    const file = feederOf('P M Q', [{ from: 'P', to: 'M' }, low], { transformers })
    const solver = createSolver(file)
    const state = normalState(file)
    const faultAt = (position: number) => ({
      at: { section: 'P-M', position },
      kind: 'line-ground' as const,
      phases: ['a' as const],
      resistanceOhm: 1e9,
    })
    const plain = solver.solve(state).volts('Q')
    for (const faults of [[faultAt(0.2)], [faultAt(0.2), faultAt(0.7)], []]) {
      const volts = solver.solve({ ...state, faults }).volts('Q')
      expect(sizes(volts)).toEqual(sizes(plain).map(size => expect.closeTo(size, 3)))
    }
  })
})
