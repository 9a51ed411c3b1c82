// LineCode: impedances per unit of length by name.

import { reduced } from './complex-matrix.ts'
import { asValue, type Element } from './elements.ts'
import { fault } from './fault.ts'
import { metresOf } from './length-units.ts'
import { DEFAULT_SEQUENCE, type LineMatrices, matricesOf, type Sequence } from './line-matrices.ts'
import { countOf, isYes, matrixOf, numberOf, positiveOf } from './values.ts'

export interface LineCode {
  readonly name: string
  /** Conductors left after its own reduction. */
  readonly order: number
  /** Metres in the unit of length that the figures are for; undefined: that of whichever line uses them. */
  readonly unitM: number | undefined
  /** At the circuit's frequency. */
  readonly matrices: LineMatrices
  /** When the code was given by symmetrical components, which a line of one phase reads in its own way. */
  readonly sequence: Sequence | undefined
  readonly normAmps: number | undefined
}

/** @throws TopologyError */
export function lineCodeOf(code: Element, frequencyHz: number): LineCode {
  const order = code.settings.reduce(
    (n, entry) => (entry.property === 'nphases' ? countOf(asValue(code, entry)) : n),
    3,
  )
  let sequence: Sequence = DEFAULT_SEQUENCE
  let matrices = matricesOf(sequence, order)
  let isSequence = true
  let unitM: number | undefined
  let normAmps: number | undefined
  let baseHz = frequencyHz
  let isReduced = false
  let neutral = order
  for (const entry of code.settings) {
    const value = asValue(code, entry)
    switch (entry.property) {
      case 'r1':
      case 'x1':
      case 'r0':
      case 'x0':
      case 'c1':
      case 'c0':
        sequence = { ...sequence, [entry.property]: numberOf(value) }
        isSequence = true
        break
      case 'b1':
      case 'b0':
        sequence = { ...sequence, [entry.property === 'b1' ? 'c1' : 'c0']: nanofarads(numberOf(value), baseHz) }
        isSequence = true
        break
      case 'rmatrix':
      case 'xmatrix':
      case 'cmatrix':
        matrices = { ...matrices, [entry.property[0] as string]: matrixOf(value, order) }
        isSequence = false
        break
      case 'units':
        unitM = metresOf(value)
        break
      case 'normamps':
        normAmps = positiveOf(value)
        break
      case 'basefreq':
        baseHz = positiveOf(value)
        break
      case 'neutral':
        neutral = countOf(value)
        break
      case 'kron':
        isReduced = isYes(value)
        break
    }
  }
  if (isSequence) matrices = matricesOf(sequence, order)
  const atFrequency = scaled(matrices, frequencyHz / baseHz)
  const kept = Array.from({ length: order }, (_, n) => n).filter(n => !isReduced || n !== neutral - 1)
  const left = kept.length === order ? atFrequency : withoutNeutral(atFrequency, kept)
  if (!left) throw fault(code.at, `${code.label}: its neutral has no impedance, want one to reduce it`)
  return {
    name: code.name,
    order: kept.length,
    unitM,
    matrices: left,
    sequence: isSequence ? atHz(sequence, frequencyHz / baseHz) : undefined,
    normAmps,
  }
}

/** From microsiemens at a frequency. */
export function nanofarads(microSiemens: number, frequencyHz: number): number {
  return (microSiemens / (2 * Math.PI * frequencyHz)) * 1000
}

function atHz(sequence: Sequence, factor: number): Sequence {
  return { ...sequence, x1: sequence.x1 * factor, x0: sequence.x0 * factor }
}

function scaled({ r, x, c }: LineMatrices, factor: number): LineMatrices {
  return factor === 1 ? { r, x, c } : { r, x: x.map(row => row.map(value => value * factor)), c }
}

/** Reduces conductors at zero volts out of a line: by Kron in the impedances; of the capacitances their rows go. */
export function withoutNeutral({ r, x, c }: LineMatrices, kept: readonly number[]): LineMatrices | undefined {
  const left = reduced({ re: r, im: x }, kept)
  return left && { r: left.re, x: left.im, c: kept.map(row => kept.map(column => c[row]?.[column] ?? 0)) }
}
