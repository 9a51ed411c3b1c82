// What goes in comes out: on random feeders, radial and meshed, with anything on them. And the factors solve what they
// were made from.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chanceFrom } from '../../bench/chance.ts'
import { networkFeeder } from '../../bench/network-feeder.ts'
import { add, type Complex, complex, magnitude } from '../../sim/solver/complex.ts'
import { eliminationOrder } from '../../sim/solver/ordering.ts'
import { createSolver, type FaultKind, normalState, type Solution } from '../../sim/solver/solver.ts'
import { factorise } from '../../sim/solver/sparse-ldl.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { sumOf } from './solver-feeder.ts'

const randomFeeder = (seed: number, nodes: number, loops: number): FeederFile => {
  const chance = chanceFrom(seed)
  const file = networkFeeder(nodes, chance, loops)
  const own = (n: number) => `n${Math.floor(((n + 1) * (nodes - 1)) / 4)}`
  return {
    ...file,
    generators: ([0, 1, 2] as const).map(n => ({
      name: `g${n}`,
      node: own(n),
      kind: n === 1 ? ('synchronous' as const) : ('inverter' as const),
      kw: 200,
      kvar: -20,
      subtransientPercent: 20,
      faultCurrentPu: 1.2,
    })),
    // Some of the loads stand along their sections.
    loads: file.loads.map((load, n) => {
      if (n % 4 !== 0 || load.node === undefined) return load
      const { node, ...rest } = load
      return { ...rest, along: `s${node.slice(1)}` }
    }),
  }
}

const total = (values: readonly Complex[]): Complex => values.reduce(add, complex(0, 0))

function balance(file: FeederFile, solution: Solution): { produced: Complex; used: Complex } {
  const produced = total([
    ...file.sources.map(({ name }) => sumOf(solution.source(name).power)),
    ...file.generators.map(({ name }) => sumOf(solution.generator(name).power)),
  ])
  const used = total([
    ...file.loads.map(({ name }) => sumOf(solution.load(name).power)),
    ...file.capacitors.map(({ name }) => sumOf(solution.capacitor(name).power)),
    ...file.sections.map(({ name }) => sumOf(solution.losses(name))),
  ])
  return { produced, used }
}

describe('energy', () => {
  it('that sources and generators produce is what loads draw and sections lose', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 5, max: 150 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 20 }),
        (seed, nodes, loops, open) => {
          const file = randomFeeder(seed, nodes, loops)
          const opened = file.devices[open % Math.max(1, file.devices.length)]?.name
          const solution = createSolver(file).solve({
            ...normalState(file),
            isOpen: name => name === opened && open > 10,
            loadShare: () => 0.7,
            depressed: open < 3 ? new Map([[file.sections[open]?.name ?? '', 0.5]]) : new Map(),
          })
          expect(solution.converged).toBe(true)
          const { produced, used } = balance(file, solution)
          expect(magnitude(complex(produced.re - used.re, produced.im - used.im))).toBeLessThan(5e-6 * 6e6)
        },
      ),
      { numRuns: 60 },
    )
  })
  it('goes into a fault, too', () => {
    const kinds: readonly FaultKind[] = ['line-ground', 'line-line', 'line-line-ground', 'three-phase']
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 5, max: 100 }),
        fc.integer({ min: 0, max: 4 }),
        fc.nat(),
        fc.constantFrom(...kinds),
        fc.double({ min: 0, max: 20, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, nodes, loops, which, kind, resistanceOhm, position) => {
          const file = randomFeeder(seed, nodes, loops)
          const wanted = { 'line-ground': 1, 'line-line': 2, 'line-line-ground': 2, 'three-phase': 3 }[kind]
          const able = file.sections.filter(({ phases }) => phases.length >= wanted)
          const section = able[which % Math.max(1, able.length)]
          fc.pre(section !== undefined)
          const phases = section?.phases.slice(0, wanted) ?? []
          const at = { section: section?.name ?? '', position }
          const solution = createSolver(file).solve({
            ...normalState(file),
            faults: [{ at, kind, phases, resistanceOhm }],
          })
          expect(solution.converged).toBe(true)
          const { produced, used } = balance(file, solution)
          const scale = Math.max(6e6, magnitude(produced))
          expect(magnitude(complex(produced.re - used.re, produced.im - used.im))).toBeLessThan(5e-6 * scale)
        },
      ),
      { numRuns: 60 },
    )
  })
  it('leaves no current unaccounted for at any node', () => {
    const file = randomFeeder(7, 120, 5)
    const solution = createSolver(file).solve(normalState(file))
    for (const { name, phases } of file.nodes) {
      const into = [
        ...file.sections.flatMap(({ name: section, from, to }) => [
          ...(from === name ? [solution.current(section, 'from')] : []),
          ...(to === name ? [solution.current(section, 'to')] : []),
        ]),
        ...file.loads.filter(({ node }) => node === name).map(load => solution.load(load.name).amps),
        ...file.capacitors.filter(({ node }) => node === name).map(one => solution.capacitor(one.name).amps),
      ]
      const from = [
        ...file.generators.filter(({ node }) => node === name).map(one => solution.generator(one.name).amps),
        ...file.sources.filter(({ node }) => node === name).map(one => solution.source(one.name).amps),
      ]
      for (const i of [0, 1, 2] as const) {
        const out = total(into.map(amps => amps[i]))
        const fed = total(from.map(amps => amps[i]))
        expect(magnitude(complex(out.re - fed.re, out.im - fed.im)), `${name} ${phases}`).toBeLessThan(1e-3)
      }
    }
  })
})

describe('a solution', () => {
  it.each(['ieee13', 'ieee34', 'ieee37'])('is found for any level of the loads of %s', name => {
    const file = parseFeeder(readFileSync(`topology/feeders/${name}.yaml`, 'utf8'), name)
    const solver = createSolver(file)
    for (const level of [0, 0.1, 0.5, 1, 2, 3, 4, 5, 6, 8]) {
      expect(solver.solve({ ...normalState(file), loadShare: () => level }).converged, `level ${level}`).toBe(true)
    }
  })
})

describe('sparse factors', () => {
  it('solve a symmetric matrix whatever its pattern', () => {
    const entry = fc.double({ min: -1, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(), entry, entry), { maxLength: 40 }),
        (size, list) => {
          const dense = Array.from({ length: size }, (_, i) =>
            Array.from({ length: size }, (_, j) => complex(i === j ? 50 : 0, i === j ? 5 : 0)),
          )
          const columns: { row: number; re: number; im: number }[][] = Array.from({ length: size }, (_, n) => [
            { row: n, re: 50, im: 5 },
          ])
          for (const [p, q, re, im] of list) {
            const [row, column] = [Math.min(p % size, q % size), Math.max(p % size, q % size)]
            columns[column]?.push({ row, re, im })
            for (const [i, j] of row === column
              ? [[row, column]]
              : [
                  [row, column],
                  [column, row],
                ]) {
              const line = dense[i ?? 0] ?? []
              line[j ?? 0] = add(line[j ?? 0] ?? complex(0, 0), complex(re, im))
            }
          }
          const start = Int32Array.from([0, ...columns.map((_, n) => columns.slice(0, n + 1).flat().length)])
          const flat = columns.flat()
          const values = Float64Array.from(flat.flatMap(({ re, im }) => [re, im]))
          const factors = factorise({ size, start, row: Int32Array.from(flat.map(({ row }) => row)), values })
          const wanted = Float64Array.from({ length: 2 * size }, (_, n) => Math.cos(n))
          const right = new Float64Array(2 * size)
          dense.forEach((line, i) => {
            line.forEach(({ re, im }, j) => {
              const [x = 0, y = 0] = [wanted[2 * j], wanted[2 * j + 1]]
              right[2 * i] = (right[2 * i] ?? 0) + re * x - im * y
              right[2 * i + 1] = (right[2 * i + 1] ?? 0) + re * y + im * x
            })
          })
          factors.solve(right)
          right.forEach((value, n) => {
            expect(value).toBeCloseTo(wanted[n] ?? 0, 9)
          })
        },
      ),
      { numRuns: 100 },
    )
  })
  it('refuse a singular matrix', () => {
    expect(() =>
      factorise({ size: 1, start: Int32Array.of(0, 1), row: Int32Array.of(0), values: Float64Array.of(0, 0) }),
    ).toThrow(/singular/)
  })
  it('take a tree off leaf by leaf, without new entries', () => {
    const parents = Array.from({ length: 200 }, (_, n) => Math.floor((n * 7919) % Math.max(1, n)))
    const order = eliminationOrder(
      200,
      parents.flatMap((parent, n) => (n === 0 ? [] : [n, parent])),
    )
    const place = new Map([...order].map((vertex, n) => [vertex, n]))
    expect(place.size).toBe(200)
    // When a vertex goes, at most one of its neighbours is left.
    for (let vertex = 0; vertex < 200; vertex++) {
      const around = parents.flatMap((parent, n) =>
        n === 0 ? [] : n === vertex ? [parent] : parent === vertex ? [n] : [],
      )
      const later = around.filter(other => (place.get(other) ?? 0) > (place.get(vertex) ?? 0))
      expect(later.length).toBeLessThanOrEqual(1)
    }
  })
})
