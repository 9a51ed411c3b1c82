// Each kind of fault against its sequence networks, behind a transposed line whose sequences do not mix.
//
//   line-ground 3 E / (Z1 + Z2 + Z0 + 3 R); line-line √3 E / (Z1 + Z2 + R);
//   line-line-ground, to ground: 3 E Z2 / (Z1 Z2 + (Z1 + Z2) (Z0 + 3 R)); three-phase E / (Z1 + R)
//   (P. M. Anderson, "Analysis of Faulted Power Systems", chapters 3 and 4).

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, type Complex, complex, divide, magnitude, multiply, scaleBy } from '../../sim/solver/complex.ts'
import { createSolver, type FaultAt, type FaultKind, normalState } from '../../sim/solver/solver.ts'
import type { Phase } from '../../topology/feeder-file.ts'
import { ABC, each, feederOf, MUTUAL, SELF, sizes, solved, sumOf, VOLTS } from './solver-feeder.ts'

const SOURCE = { r1Ohm: 0.1, x1Ohm: 0.6, r0Ohm: 0.2, x0Ohm: 1.1 }
const KM = 1.3
const Z1 = complex(SOURCE.r1Ohm + KM * (SELF.r - MUTUAL.r), SOURCE.x1Ohm + KM * (SELF.x - MUTUAL.x))
const Z0 = complex(SOURCE.r0Ohm + KM * (SELF.r + 2 * MUTUAL.r), SOURCE.x0Ohm + KM * (SELF.x + 2 * MUTUAL.x))
const sum = (...values: Complex[]): Complex => values.reduce(add, complex(0, 0))
const ohm = (r: number): Complex => complex(r, 0)

const amps = {
  'line-ground': (r: number) => (3 * VOLTS) / magnitude(sum(Z1, Z1, Z0, ohm(3 * r))),
  'line-line': (r: number) => (Math.sqrt(3) * VOLTS) / magnitude(sum(Z1, Z1, ohm(r))),
  'line-line-ground': (r: number) => {
    const below = add(multiply(Z1, Z1), multiply(scaleBy(Z1, 2), sum(Z0, ohm(3 * r))))
    return 3 * VOLTS * magnitude(divide(Z1, below))
  },
  'three-phase': (r: number) => VOLTS / magnitude(sum(Z1, ohm(r))),
}

const file = (holds: string) =>
  feederOf('S N', [{ from: 'S', to: 'N', lengthM: 1000 * KM, lineCode: 'line' }], {
    sources: [{ name: 'source', node: 'S', impedance: SOURCE, holds }],
  })
const fault = (
  kind: FaultKind,
  phases: readonly Phase[],
  resistanceOhm = 0,
  at: FaultAt['at'] = { node: 'N' },
): FaultAt => ({
  at,
  kind,
  phases,
  resistanceOhm,
})

describe('faults', () => {
  for (const holds of ['node', 'behind-impedance']) {
    for (const resistance of [0, 0.5, 5]) {
      it(`line to ground through ${resistance} ohm, voltage held ${holds}`, () => {
        for (const phase of ABC) {
          const solution = solved(file(holds), { faults: [fault('line-ground', [phase], resistance)] })
          expect(magnitude(sumOf(solution.faultAmps(0)))).toBeCloseTo(amps['line-ground'](resistance), 0)
        }
      })
      it(`line to line through ${resistance} ohm, voltage held ${holds}`, () => {
        for (const phases of [
          ['a', 'b'],
          ['b', 'c'],
          ['c', 'a'],
        ] as const) {
          const solution = solved(file(holds), { faults: [fault('line-line', phases, resistance)] })
          expect(Math.max(...sizes(solution.faultAmps(0)))).toBeCloseTo(amps['line-line'](resistance), 0)
          expect(magnitude(sumOf(solution.faultAmps(0)))).toBeLessThan(1e-3)
        }
      })
      it(`two lines to ground through ${resistance} ohm, voltage held ${holds}`, () => {
        const solution = solved(file(holds), { faults: [fault('line-line-ground', ['b', 'c'], resistance)] })
        expect(magnitude(sumOf(solution.faultAmps(0)))).toBeCloseTo(amps['line-line-ground'](resistance), 0)
      })
      it(`three phases through ${resistance} ohm, voltage held ${holds}`, () => {
        const solution = solved(file(holds), { faults: [fault('three-phase', ABC, resistance)] })
        expect(sizes(solution.faultAmps(0))).toEqual(
          [0, 1, 2].map(() => expect.closeTo(amps['three-phase'](resistance), 0)),
        )
      })
    }
  }

  it('keep the voltage before the fault behind the impedance, with load', () => {
    const loaded = {
      ...file('node'),
      loads: feederOf('S N', [{ from: 'S', to: 'N' }], {
        loads: [{ name: 'load', node: 'N', kw: each(200), kvar: each(60), model: { impedance: 1 } }],
      }).loads,
    }
    const before = solved(loaded)
    // A fault too weak to notice leaves everything as it was.
    const after = solved(loaded, { faults: [fault('line-ground', ['a'], 1e9)] })
    expect(sizes(after.volts('N'))[0]).toBeCloseTo(sizes(before.volts('N'))[0] ?? 0, 2)
    expect(sizes(before.volts('S'))[0]).toBeCloseTo(VOLTS, 2)
  })

  it('are the same at the end of a section as at its node, but inside of the section', () => {
    const two = feederOf('S A N', [
      { from: 'S', to: 'A', lengthM: 700, lineCode: 'line' },
      { from: 'A', to: 'N', lengthM: 600, lineCode: 'line' },
    ])
    const along = (section: string, position: number) =>
      solved(two, { faults: [fault('line-ground', ['a'], 0, { section, position })] })
    const atNode = solved(two, { faults: [fault('line-ground', ['a'], 0, { node: 'A' })] })
    const wanted = sizes(atNode.faultAmps(0))[0] ?? 0
    for (const solution of [along('S-A', 1), along('A-N', 0)]) {
      expect(sizes(solution.faultAmps(0))[0]).toBeCloseTo(wanted, 1)
      expect(sizes(solution.current('S-A', 'from'))[0]).toBeCloseTo(wanted, 1)
    }
    expect(sizes(along('A-N', 0).current('A-N', 'from'))[0]).toBeCloseTo(wanted, 1)
    expect(sizes(along('S-A', 1).current('A-N', 'from'))[0]).toBeLessThan(1)
    expect(sizes(along('S-A', 1).current('S-A', 'to'))[0]).toBeLessThan(1)
  })
  it('change evenly with their position along a section', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(...ABC), (position, phase) => {
        const at = { section: 'S-N', position }
        const solution = solved(file('node'), { faults: [fault('line-ground', [phase], 0, at)] })
        const km = KM * position
        const z1 = complex(SOURCE.r1Ohm + km * (SELF.r - MUTUAL.r), SOURCE.x1Ohm + km * (SELF.x - MUTUAL.x))
        const z0 = complex(SOURCE.r0Ohm + km * (SELF.r + 2 * MUTUAL.r), SOURCE.x0Ohm + km * (SELF.x + 2 * MUTUAL.x))
        const wanted = (3 * VOLTS) / magnitude(sum(z1, z1, z0))
        expect(Math.abs(magnitude(sumOf(solution.faultAmps(0))) / wanted - 1)).toBeLessThan(1e-4)
      }),
      { numRuns: 60 },
    )
  })
  it('two at once are both fed', () => {
    const both = solved(file('node'), {
      faults: [fault('line-ground', ['a'], 1), fault('line-ground', ['b'], 1, { section: 'S-N', position: 0.5 })],
    })
    expect(sizes(both.faultAmps(0))[0]).toBeGreaterThan(300)
    expect(sizes(both.faultAmps(1))[1]).toBeGreaterThan(300)
    expect(sizes(both.faultVolts(0))[0]).toBeCloseTo(sizes(both.faultAmps(0))[0] ?? 0, 1)
  })
  it('in a transformer’s section are on one side of it or the other', () => {
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
    const bank = feederOf('P Q', [{ from: 'P', to: 'Q' }], { transformers })
    const at = (position: number) =>
      solved(bank, { faults: [fault('three-phase', ABC, 0, { section: 'P-Q', position })] })
    expect(sizes(at(0.2).faultAmps(0))[0]).toBeCloseTo(10_000, -2)
    expect(sizes(at(0.2).current('P-Q', 'from'))[0]).toBeCloseTo(10_000, -2)
    expect(sizes(at(0.8).faultAmps(0))[0]).toBeCloseTo(
      sizes(solved(bank, { faults: [fault('three-phase', ABC, 0, { node: 'Q' })] }).faultAmps(0))[0] ?? 0,
      0,
    )
  })

  it.each([
    { of: fault('line-ground', ['a'], 0, { node: 'X' }), says: /node X: not in the feeder file/ },
    { of: fault('line-ground', ['a'], 0, { section: 'X', position: 0 }), says: /section X: not in the feeder file/ },
    { of: fault('line-line', ['a']), says: /want 2 different/ },
    { of: fault('line-ground', ['a'], 0, { section: 'S-N', position: 1.5 }), says: /position 1.5, want 0 to 1/ },
    { of: fault('line-ground', ['a'], -1), says: /-1 ohm, want 0 or more/ },
  ])('are refused where they cannot be: $says', ({ of, says }) => {
    expect(() => solved(file('node'), { faults: [of] })).toThrow(says)
  })
})

describe('generators in a fault', () => {
  const make = (kind: string, more: Record<string, unknown>) =>
    feederOf('S N', [{ from: 'S', to: 'N', lengthM: 8000, lineCode: 'line' }], {
      generators: [{ name: 'G', node: 'N', kind, kw: 400, kva: 500, ...more }],
    })
  it('a synchronous one feeds what its subtransient reactance allows', () => {
    const file = make('synchronous', { subtransientPercent: 20 })
    const state = { ...normalState(file), faults: [fault('three-phase', ABC, 0)] }
    const produced = sizes(createSolver(file).solve(state).generator('G').amps)[0] ?? 0
    // E behind X: the voltage before, some 2 kV, plus the drop of its load current.
    const before = solved(file)
    const x = 0.2 * (VOLTS ** 2 / (500_000 / 3))
    const v = before.volts('N')[0]
    const i = before.generator('G').amps[0]
    const emf = { re: v.re - x * i.im, im: v.im + x * i.re }
    expect(produced).toBeCloseTo(magnitude(emf) / x, 1)
  })
  it('an inverter feeds no more than its limit, however near the fault', () => {
    const file = make('inverter', { faultCurrentPu: 1.2 })
    const rated = 500_000 / 3 / VOLTS
    for (const resistance of [0, 0.01, 1]) {
      const solution = solved(file, { faults: [fault('three-phase', ABC, resistance)] })
      expect(solution.converged).toBe(true)
      expect(sizes(solution.generator('G').amps)[0]).toBeCloseTo(1.2 * rated, 1)
    }
    expect(sizes(solved(file, { faults: [fault('three-phase', ABC, 1e5)] }).generator('G').amps)[0]).toBeLessThan(
      1.1 * rated,
    )
  })
})
