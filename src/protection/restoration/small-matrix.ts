// Three by three matrices of the phases, row after row. Complex ones have real and imaginary parts side by side.

export type Real9 = Float64Array
export type Complex9 = Float64Array

export const unitMatrix = (): Real9 => Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1)
export const noOhm = (): Complex9 => new Float64Array(18)

export function product(one: Real9, other: Real9): Real9 {
  const result = new Float64Array(9)
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      let sum = 0
      for (let n = 0; n < 3; n++) sum += (one[3 * row + n] as number) * (other[3 * n + column] as number)
      result[3 * row + column] = sum
    }
  }
  return result
}

/** Undefined for a singular matrix: one with a determinant below `least`. */
export function inverseOf(m: Real9, least = 1e-15): Real9 | undefined {
  const at = (row: number, column: number): number => m[3 * (row % 3) + (column % 3)] as number
  const result = new Float64Array(9)
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      result[3 * column + row] =
        at(row + 1, column + 1) * at(row + 2, column + 2) - at(row + 1, column + 2) * at(row + 2, column + 1)
    }
  }
  const determinant =
    at(0, 0) * (result[0] as number) + at(0, 1) * (result[3] as number) + at(0, 2) * (result[6] as number)
  if (Math.abs(determinant) < least) return undefined
  for (let n = 0; n < 9; n++) result[n] = (result[n] as number) / determinant
  return result
}

/** Least squares, with what the windings leave open taken as zero: of windings by phases, phases by windings. */
export function pseudoInverse(rows: readonly (readonly number[])[]): number[][] {
  const square = new Float64Array(9)
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      // A little on the diagonal keeps it invertible, and changes the fifth digit after the point.
      square[3 * i + j] = rows.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), i === j ? 1e-6 : 0)
    }
  }
  const inverse = inverseOf(square) ?? unitMatrix()
  return [0, 1, 2].map(i => rows.map(row => row.reduce((sum, entry, j) => sum + (inverse[3 * i + j] ?? 0) * entry, 0)))
}
