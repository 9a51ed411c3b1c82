// Small dense complex matrices (up to six rows): real and imaginary parts side by side, row after row.

export interface ComplexMatrix {
  readonly size: number
  /** Entry (row, column) is at 2 × (row × size + column). */
  readonly values: Float64Array
}

export function zeros(size: number): ComplexMatrix {
  return { size, values: new Float64Array(2 * size * size) }
}

/** @param entry real and imaginary part at a row and column */
export function matrixOf(size: number, entry: (row: number, column: number) => readonly [number, number]) {
  const made = zeros(size)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) made.values.set(entry(row, column), 2 * (row * size + column))
  }
  return made
}

export const entryOf = ({ size, values }: ComplexMatrix, row: number, column: number): readonly [number, number] => {
  const at = 2 * (row * size + column)
  return [values[at] ?? 0, values[at + 1] ?? 0]
}

/** Adds to one entry. */
export function addTo({ size, values }: ComplexMatrix, row: number, column: number, re: number, im: number): void {
  const at = 2 * (row * size + column)
  values[at] = (values[at] ?? 0) + re
  values[at + 1] = (values[at + 1] ?? 0) + im
}

/**
 * Gauss-Jordan with the largest pivot of each column.
 *
 * @throws RangeError for a singular matrix
 */
export function inverse(matrix: ComplexMatrix): ComplexMatrix {
  const { size } = matrix
  const left = { size, values: matrix.values.slice() }
  const right = matrixOf(size, (row, column) => [row === column ? 1 : 0, 0])
  for (let pivot = 0; pivot < size; pivot++) {
    const best = largest(left, pivot)
    swapRows(left, pivot, best)
    swapRows(right, pivot, best)
    const [re, im] = entryOf(left, pivot, pivot)
    const square = re * re + im * im
    if (!(square > 0)) throw new RangeError('the matrix is singular')
    scaleRow(left, pivot, re / square, -im / square)
    scaleRow(right, pivot, re / square, -im / square)
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue
      const [factorRe, factorIm] = entryOf(left, row, pivot)
      subtractRow(left, row, pivot, factorRe, factorIm)
      subtractRow(right, row, pivot, factorRe, factorIm)
    }
  }
  return right
}

function largest(matrix: ComplexMatrix, column: number): number {
  let best = column
  let bestSquare = -1
  for (let row = column; row < matrix.size; row++) {
    const [re, im] = entryOf(matrix, row, column)
    const square = re * re + im * im
    if (square <= bestSquare) continue
    best = row
    bestSquare = square
  }
  return best
}

function swapRows({ size, values }: ComplexMatrix, one: number, other: number): void {
  if (one === other) return
  const kept = values.slice(2 * one * size, 2 * (one + 1) * size)
  values.copyWithin(2 * one * size, 2 * other * size, 2 * (other + 1) * size)
  values.set(kept, 2 * other * size)
}

function scaleRow({ size, values }: ComplexMatrix, row: number, re: number, im: number): void {
  for (let at = 2 * row * size; at < 2 * (row + 1) * size; at += 2) {
    const oldRe = values[at] ?? 0
    const oldIm = values[at + 1] ?? 0
    values[at] = oldRe * re - oldIm * im
    values[at + 1] = oldRe * im + oldIm * re
  }
}

function subtractRow({ size, values }: ComplexMatrix, from: number, row: number, re: number, im: number): void {
  if (re === 0 && im === 0) return
  for (let column = 0; column < size; column++) {
    const at = 2 * (from * size + column)
    const source = 2 * (row * size + column)
    const rowRe = values[source] ?? 0
    const rowIm = values[source + 1] ?? 0
    values[at] = (values[at] ?? 0) - (rowRe * re - rowIm * im)
    values[at + 1] = (values[at + 1] ?? 0) - (rowRe * im + rowIm * re)
  }
}

/** Changes the ports by a real matrix `b` of `rows` rows: with the old voltages b × new ones, returns bᵀ × matrix × b. */
export function congruent(matrix: ComplexMatrix, b: readonly (readonly number[])[]): ComplexMatrix {
  const { size } = matrix
  const columns = b[0]?.length ?? 0
  const result = zeros(columns)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [re, im] = entryOf(matrix, row, column)
      if (re === 0 && im === 0) continue
      for (let i = 0; i < columns; i++) {
        const left = b[row]?.[i] ?? 0
        if (left === 0) continue
        for (let j = 0; j < columns; j++) {
          const factor = left * (b[column]?.[j] ?? 0)
          if (factor !== 0) addTo(result, i, j, re * factor, im * factor)
        }
      }
    }
  }
  return result
}
