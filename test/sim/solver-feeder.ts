// Feeders for the solver's tests: 4.16 kV, one line code, everything else as given.

import { magnitude, type PhaseComplex, scaleBy, triple } from '../../sim/solver/complex.ts'
import { createSolver, normalState, type OperatingState, type Solution } from '../../sim/solver/solver.ts'
import { type FeederFile, feederFileSchema } from '../../topology/feeder-file.ts'

export const ABC = ['a', 'b', 'c'] as const
/** Line to neutral. */
export const VOLTS = 4160 / Math.sqrt(3)
/** Of the line code `line`, ohm per km: a transposed line, so that its sequences do not mix. */
export const SELF = { r: 0.4, x: 0.9 }
export const MUTUAL = { r: 0.1, x: 0.3 }
const filled = (self: number, mutual: number): number[][] =>
  ABC.map((_, i) => ABC.map((_, j) => (i === j ? self : mutual)))

/** @param nodes names separated by blanks, all of three phases; sections default to three phases and line code `line` */
export function feederOf(
  nodes: string,
  sections: readonly Record<string, unknown>[],
  rest: Record<string, unknown> = {},
): FeederFile {
  return feederFileSchema.parse({
    feedermesh: 1,
    name: 'test',
    nominalKv: 4.16,
    frequencyHz: 60,
    allowLoops: true,
    sources: [{ name: 'source', node: nodes.split(' ')[0] }],
    nodes: nodes.split(' ').map(name => ({ name, phases: ABC })),
    lineCodes: [
      { name: 'line', phases: ABC, rOhmPerKm: filled(SELF.r, MUTUAL.r), xOhmPerKm: filled(SELF.x, MUTUAL.x) },
    ],
    sections: sections.map(section => ({ name: `${section.from}-${section.to}`, phases: ABC, ...section })),
    ...rest,
  })
}

export function solved(file: FeederFile, change: Partial<OperatingState> = {}): Solution {
  return createSolver(file).solve({ ...normalState(file), ...change })
}

export const sizes = (values: PhaseComplex): number[] => values.map(magnitude)
export const sumOf = (values: PhaseComplex): { re: number; im: number } => ({
  re: values[0].re + values[1].re + values[2].re,
  im: values[0].im + values[1].im + values[2].im,
})
export const minus = (values: PhaseComplex): PhaseComplex => triple(i => scaleBy(values[i], -1))
export const each = (value: number): { a: number; b: number; c: number } => ({ a: value, b: value, c: value })
