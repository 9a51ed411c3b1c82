// A length of line: coupled series impedance with half of its charging at each end (π).

import type { LineCodeEntry, Phase, SectionEntry } from '../../topology/feeder-file.ts'
import { addTo, type ComplexMatrix, entryOf, inverse, matrixOf, zeros } from './complex-matrix.ts'
import { type Element, slotOf } from './element.ts'

/**
 * Added to each phase of each piece. So a closed switch is a piece like another, and its current comes out of the
 * solution; at 600 A it drops 0.6 mV.
 */
export const LEAST_OHM = 1e-6

export interface Line {
  /** The section, for complaints. */
  readonly of: string
  readonly phases: readonly Phase[]
  /** Of the whole length, in the order of `phases`. */
  readonly seriesOhm: ComplexMatrix
  readonly chargingSiemens: ComplexMatrix
  /** Whether the file gives it any impedance; a closed switch has none. */
  readonly isReal: boolean
}

/** @param code the section's line code, if it names one */
export function lineOf(section: SectionEntry, code: LineCodeEntry | undefined): Line {
  const { name: of, phases, impedance } = section
  const size = phases.length
  if (impedance !== undefined) {
    const { rOhm, xOhm, bMicroSiemens } = impedance
    return {
      of,
      phases,
      seriesOhm: matrixOf(size, (row, column) => [rOhm[row]?.[column] ?? 0, xOhm[row]?.[column] ?? 0]),
      chargingSiemens: matrixOf(size, (row, column) => [0, (bMicroSiemens?.[row]?.[column] ?? 0) * 1e-6]),
      isReal: true,
    }
  }
  const km = section.lengthM / 1000
  if (code === undefined || km === 0) {
    return noLine(of, phases)
  }
  const place = phases.map(phase => code.phases.indexOf(phase))
  const pick = (rows: readonly (readonly number[])[] | undefined, row: number, column: number): number =>
    (rows?.[place[row] ?? -1]?.[place[column] ?? -1] ?? 0) * km
  return {
    of,
    phases,
    seriesOhm: matrixOf(size, (row, column) => [pick(code.rOhmPerKm, row, column), pick(code.xOhmPerKm, row, column)]),
    chargingSiemens: matrixOf(size, (row, column) => [0, pick(code.bMicroSiemensPerKm, row, column) * 1e-6]),
    isReal: true,
  }
}

/** A closed switch. */
export function noLine(of: string, phases: readonly Phase[]): Line {
  return { of, phases, seriesOhm: zeros(phases.length), chargingSiemens: zeros(phases.length), isReal: false }
}

function inverted(of: string, series: ComplexMatrix): ComplexMatrix {
  try {
    return inverse(series)
  } catch (error) {
    throw new RangeError(`section ${of}: its impedance matrix has no inverse, want one that a line can have`, {
      cause: error,
    })
  }
}

/**
 * A share of a line between two vertices.
 *
 * @throws RangeError when its impedance matrix cannot be inverted
 */
export function lineElement(line: Line, share: number, from: number, to: number): Element {
  const { of, phases, seriesOhm, chargingSiemens } = line
  const size = phases.length
  const series = matrixOf(size, (row, column) => {
    const [re, im] = entryOf(seriesOhm, row, column)
    return [re * share + (row === column ? LEAST_OHM : 0), im * share]
  })
  const through = inverted(of, series)
  const admittance = zeros(2 * size)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [re, im] = entryOf(through, row, column)
      const [, charging] = entryOf(chargingSiemens, row, column)
      const half = (charging * share) / 2
      addTo(admittance, row, column, re, im + half)
      addTo(admittance, row + size, column + size, re, im + half)
      addTo(admittance, row, column + size, -re, -im)
      addTo(admittance, row + size, column, -re, -im)
    }
  }
  const joined = phases.map((_, n) => [n, n + size])
  const slots = [...phases.map(phase => slotOf(from, phase)), ...phases.map(phase => slotOf(to, phase))]
  return { slots, admittance, joined, conducts: joined, grounded: [] }
}
