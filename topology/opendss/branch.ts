// What joins two buses, on its way from OpenDSS's elements to a feeder's sections.

import type { z } from 'zod'
import type { feederFileSchema, Phase } from '../feeder-file.ts'
import { square } from './complex-matrix.ts'
import type { LineMatrices } from './line-matrices.ts'
import type { Place } from './note.ts'

export type FileInput = z.input<typeof feederFileSchema>
type Entry<K extends keyof FileInput> = NonNullable<FileInput[K]> extends readonly (infer T)[] ? T : never
export type SectionInput = Entry<'sections'>
export type TransformerInput = Entry<'transformers'>
export type RegulatorInput = Entry<'regulators'>
export type DeviceInput = Entry<'devices'>
export type LineCodeInput = Entry<'lineCodes'>

/** Impedances per kilometre, used by name by all branches that share them. */
export interface SharedCode {
  /** The code's or geometry's own name. */
  readonly name: string
  readonly phases: readonly Phase[]
  /** Where lengths and code have no unit between them, the one taken, in metres. */
  readonly unitM: number
  readonly figures: Omit<LineCodeInput, 'name' | 'phases'>
  readonly at: Place
}

export interface Branch {
  /** OpenDSS's own names of what stands here: `line.671692`. */
  readonly elements: readonly string[]
  readonly wantedName: string
  /** For a name that is taken. */
  readonly kind: 'line' | 'reactor' | 'transformer'
  readonly from: string
  readonly to: string
  readonly phases: readonly Phase[]
  readonly at: Place
  readonly section: Omit<SectionInput, 'name' | 'from' | 'to' | 'phases' | 'lineCode'>
  readonly code?: SharedCode
  /** Whether it is nothing but a switch, and its normal position. */
  readonly switch?: 'open' | 'closed'
  readonly transformers: readonly { readonly unit: Omit<TransformerInput, 'section'>; readonly at: Place }[]
  readonly regulators: readonly { readonly unit: Omit<RegulatorInput, 'section'>; readonly at: Place }[]
}

/** What is computed has no more than ten meaningful digits. */
export const tidy = (value: number): number => Number(value.toPrecision(10))

/** Both halves the same to the last digit, which elimination does not leave by itself. */
const tidyMatrix = (matrix: readonly (readonly number[])[], factor: number): number[][] =>
  square(matrix.length, (row, column) => {
    return tidy(((matrix[row]?.[column] ?? 0) + (matrix[column]?.[row] ?? 0)) * 0.5 * factor)
  })

/** @param factor units of length for which the figures are wanted */
export function figuresOf({ r, x, c }: LineMatrices, factor: number, frequencyHz: number) {
  const b = tidyMatrix(c, factor * 2 * Math.PI * frequencyHz * 1e-3)
  return {
    r: tidyMatrix(r, factor),
    x: tidyMatrix(x, factor),
    b: b.flat().some(value => value !== 0) ? b : undefined,
  }
}
