// Impedances that no line can have. A matrix that passes here can be inverted by the solver and takes up energy, never
// gives any.

import type { Complain, FilePath } from './complaint.ts'
import type { FeederFile, LineCodeEntry, Phase, SectionEntry } from './feeder-file.ts'

type Matrix = readonly (readonly number[])[]
/** A matrix and where it stands. */
interface Found {
  readonly path: FilePath
  readonly of: string
  readonly matrix: Matrix
  readonly phases: readonly Phase[]
}

/** Far beyond any line or reactor: who comes here has mistaken a unit. */
const MOST_OHM = 1e6
const MOST_MICROSIEMENS = 1e9

/** Published matrices are rounded; so far may two equal figures differ, and an eigenvalue fall below zero. */
const ROUNDING = 1e-6

export function checkImpedances(file: FeederFile, complain: Complain): void {
  const codes = new Map<string | undefined, LineCodeEntry>(file.lineCodes.map(code => [code.name, code]))
  const long = new Set(file.sections.filter(({ lengthM }) => lengthM > 0).map(({ lineCode }) => lineCode))
  file.lineCodes.forEach(({ name, phases, rOhmPerKm, xOhmPerKm, bMicroSiemensPerKm }, n) => {
    const found = (key: string, matrix: Matrix): Found => ({ path: ['lineCodes', n, key], of: name, matrix, phases })
    checkResistance(found('rOhmPerKm', rOhmPerKm), long.has(name))
    checkReactance(found('xOhmPerKm', xOhmPerKm), long.has(name))
    if (bMicroSiemensPerKm) checkSusceptance(found('bMicroSiemensPerKm', bMicroSiemensPerKm))
  })
  file.sections.forEach((section, n) => {
    const { name, phases, lengthM, lineCode, impedance } = section
    checkSize(section, n)
    if (!impedance) return
    if (lineCode !== undefined) {
      const text = `has an impedance and the line code "${lineCode}", want one of the two`
      complain('FEEDER_IMPEDANCE', ['sections', n, 'impedance'], name, text)
    }
    const { rOhm, xOhm, bMicroSiemens } = impedance
    const found = (key: string, matrix: Matrix): Found => {
      return { path: ['sections', n, 'impedance', key], of: name, matrix, phases }
    }
    checkResistance(found('rOhm', rOhm), lengthM > 0)
    checkReactance(found('xOhm', xOhm), lengthM > 0)
    if (bMicroSiemens) checkSusceptance(found('bMicroSiemens', bMicroSiemens))
  })

  function checkResistance(found: Found, hasLength: boolean): void {
    if (!isSound(found)) return
    const { path, of, matrix, phases } = found
    const negative = phases.filter((_, row) => own(matrix, row) < 0)
    if (negative.length > 0) {
      const text = `has a resistance below 0 in phase ${negative.join(', ')}, want ${hasLength ? 'more than 0' : '0 or more'}`
      complain('FEEDER_IMPEDANCE', path, of, text)
    } else if (!isPositive(matrix, hasLength)) {
      const text =
        'is not positive definite, so some currents would give energy or lose none, want the mutual terms less'
      complain('FEEDER_IMPEDANCE', path, of, text)
    }
  }

  /** Without a length it may be a series capacitor, or nothing at all. */
  function checkReactance(found: Found, hasLength: boolean): void {
    if (!isSound(found) || !hasLength) return
    const wrong = found.phases.filter((_, row) => own(found.matrix, row) <= 0)
    if (wrong.length > 0) {
      const text = `has a self reactance of 0 or less in phase ${wrong.join(', ')}, want more than 0 where there is a length`
      complain('FEEDER_IMPEDANCE', found.path, found.of, text)
    } else if (!isPositive(found.matrix, false)) {
      const text = 'is not positive semidefinite: some currents would see a capacitor, want the mutual terms less'
      complain('FEEDER_IMPEDANCE', found.path, found.of, text)
    }
  }

  function checkSusceptance(found: Found): void {
    if (!isSound(found)) return
    const wrong = found.phases.filter((_, row) => own(found.matrix, row) < 0)
    if (wrong.length === 0) return
    complain('FEEDER_IMPEDANCE', found.path, found.of, `has less than 0 in phase ${wrong.join(', ')}, want 0 or more`)
  }

  /** A wrong unit shows in the section as a whole: its length, times the line code. */
  function checkSize({ name, lengthM, lineCode, impedance }: SectionEntry, n: number): void {
    const code = codes.get(lineCode)
    const km = lengthM / 1000
    const ohms = impedance
      ? largest(impedance.rOhm, impedance.xOhm)
      : code
        ? km * largest(code.rOhmPerKm, code.xOhmPerKm)
        : 0
    const microSiemens = impedance
      ? largest(impedance.bMicroSiemens ?? [])
      : km * largest(code?.bMicroSiemensPerKm ?? [])
    if (!(ohms <= MOST_OHM)) {
      const text = `has an impedance of ${ohms.toPrecision(3)} ohm, want ${MOST_OHM} at most; lengths are in metres, line codes per kilometre`
      complain('FEEDER_IMPEDANCE', ['sections', n], name, text)
    } else if (!(microSiemens <= MOST_MICROSIEMENS)) {
      const text = `charges with ${microSiemens.toPrecision(3)} microsiemens, want ${MOST_MICROSIEMENS} at most`
      complain('FEEDER_IMPEDANCE', ['sections', n], name, text)
    }
  }

  /** Of the right size and symmetric. */
  function isSound({ path, of, matrix, phases }: Found): boolean {
    const size = phases.length
    if (matrix.length !== size || matrix.some(row => row.length !== size)) {
      const rows = `${matrix.length} rows of ${[...new Set(matrix.map(row => row.length))].join(' and ')}`
      complain('FEEDER_PHASES', path, of, `has ${rows}, want ${size} × ${size}, by phase`)
      return false
    }
    if (matrix.every((row, r) => row.every((value, c) => isNear(value, matrix[c]?.[r] ?? Number.NaN)))) return true
    complain('FEEDER_PHASES', path, of, 'is not symmetric, want the same above and below')
    return false
  }
}

const largest = (...matrices: readonly Matrix[]): number =>
  matrices.flat(2).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

const own = (matrix: Matrix, row: number): number => matrix[row]?.[row] ?? Number.NaN

function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= ROUNDING * Math.max(Math.abs(one), Math.abs(other))
}

/**
 * Whether a symmetric matrix with no negative entry on its diagonal is positive definite, or only semidefinite where
 * `strictly` is false. By elimination: all pivots have to be positive (Golub and Van Loan, Matrix Computations, 4.2).
 */
function isPositive(matrix: Matrix, strictly: boolean): boolean {
  const left = matrix.map(row => [...row])
  const small = ROUNDING * Math.max(...matrix.map((_, row) => own(matrix, row)), Number.MIN_VALUE)
  for (const [n, pivotRow] of left.entries()) {
    const pivot = pivotRow[n] as number
    if (pivot <= small) {
      // A zero pivot takes nothing up: in a semidefinite matrix its whole row is zero then.
      if (strictly || pivot < -small || pivotRow.slice(n + 1).some(value => Math.abs(value) > small)) return false
      continue
    }
    for (const row of left.slice(n + 1)) {
      const share = (row[n] as number) / pivot
      for (let column = n; column < row.length; column++) {
        row[column] = (row[column] as number) - share * (pivotRow[column] as number)
      }
    }
  }
  return true
}
