// How a line says its impedance, and what a later word makes of an earlier one.

import type { Element } from './elements.ts'
import { type LineCode, nanofarads } from './line-code.ts'
import type { LineGeometry } from './line-geometry.ts'
import { DEFAULT_SEQUENCE, type Sequence } from './line-matrices.ts'
import type { Value } from './values.ts'

const KFT_M = 304.8

export type Given =
  | { readonly by: 'sequence'; readonly sequence: Sequence; readonly hasCapacitance: boolean }
  | { readonly by: 'matrices'; readonly before: Given; readonly written: Readonly<Record<string, Value>> }
  | { readonly by: 'code'; readonly code: LineCode; readonly at: Value }
  | { readonly by: 'geometry'; readonly geometry: LineGeometry; readonly element: Element }
  | { readonly by: 'spacing'; readonly geometry: LineGeometry }

/** After `rmatrix`, `xmatrix` or `cmatrix`. */
export function withMatrix(given: Given, property: string, value: Value): Given {
  if (given.by === 'matrices') return { ...given, written: { ...given.written, [property]: value } }
  // Its default capacitances are then taken as they stand, whatever the unit of the line.
  const before = given.by === 'code' ? given : { ...DEFAULT_GIVEN, sequence: sequenceOf(given) }
  return { by: 'matrices', before, written: { [property]: value } }
}

const DEFAULT_GIVEN = { by: 'sequence', sequence: DEFAULT_SEQUENCE, hasCapacitance: true } as const

/** After one of `r1`, `x1`, `r0`, `x0`, `c1`, `c0` (nF) or `b1`, `b0` (µS at the frequency). */
export function withSequence(given: Given, property: string, value: number, frequencyHz: number): Given {
  const before = sequenceOf(given)
  const key = property.replace('b', 'c')
  const figure = property.startsWith('b') ? nanofarads(value, frequencyHz) : value
  const hasCapacitance = key.startsWith('c') || (given.by === 'sequence' ? given.hasCapacitance : given.by === 'code')
  return { by: 'sequence', sequence: { ...before, [key]: figure }, hasCapacitance }
}

function sequenceOf(given: Given): Sequence {
  if (given.by === 'sequence') return given.sequence
  return (given.by === 'code' ? given.code.sequence : undefined) ?? DEFAULT_SEQUENCE
}

/** OpenDSS's default capacitances are per 1000 ft, whatever the unit of the line. */
export function withCapacitance(given: Given & { by: 'sequence' }, unitM: number | undefined): Sequence {
  const { sequence, hasCapacitance } = given
  if (hasCapacitance || unitM === undefined) return sequence
  const factor = unitM / KFT_M
  return { ...sequence, c1: sequence.c1 * factor, c0: sequence.c0 * factor }
}

/** A line of one phase has its positive-sequence figures for its own. */
export function forOrder(sequence: Sequence, order: number): Sequence {
  return order === 1 ? { ...sequence, r0: sequence.r1, x0: sequence.x1, c0: sequence.c1 } : sequence
}
