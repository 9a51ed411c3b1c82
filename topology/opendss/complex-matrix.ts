// Small complex matrices: as much as line constants need.

export interface ComplexMatrix {
  readonly re: number[][]
  readonly im: number[][]
}

export type RealMatrix = readonly (readonly number[])[]

export function square(order: number, at: (row: number, column: number) => number): number[][] {
  return Array.from({ length: order }, (_, row) => Array.from({ length: order }, (_, column) => at(row, column)))
}

/** Rows and columns in this order; others are left out. */
export function picked(matrix: RealMatrix, order: readonly number[]): number[][] {
  return order.map(row => order.map(column => matrix[row]?.[column] ?? 0))
}

/**
 * The matrix that the conductors `kept` show when the others are at zero volts all along (Kron reduction).
 *
 * Each reduced conductor is eliminated in turn: z[i][j] − z[i][k] z[k][j] / z[k][k].
 *
 * @returns undefined when it cannot be reduced: a conductor without impedance
 */
export function reduced({ re, im }: ComplexMatrix, kept: readonly number[]): ComplexMatrix | undefined {
  const away = re.map((_, n) => n).filter(n => !kept.includes(n))
  const real = re.map(row => [...row])
  const imaginary = im.map(row => [...row])
  const at = (matrix: RealMatrix, row: number, column: number): number => matrix[row]?.[column] ?? 0
  for (const k of away) {
    const size = at(real, k, k) ** 2 + at(imaginary, k, k) ** 2
    if (!(size > 0)) return undefined
    const columnRe = real.map(
      (_, n) => (at(real, n, k) * at(real, k, k) + at(imaginary, n, k) * at(imaginary, k, k)) / size,
    )
    const columnIm = real.map(
      (_, n) => (at(imaginary, n, k) * at(real, k, k) - at(real, n, k) * at(imaginary, k, k)) / size,
    )
    const rowRe = [...(real[k] ?? [])]
    const rowIm = [...(imaginary[k] ?? [])]
    for (let i = 0; i < real.length; i++) {
      for (let j = 0; j < real.length; j++) {
        const [a = 0, b = 0, c = 0, d = 0] = [columnRe[i], columnIm[i], rowRe[j], rowIm[j]]
        const [reals, imaginaries] = [real[i], imaginary[i]]
        if (!reals || !imaginaries) continue
        reals[j] = (reals[j] ?? 0) - (a * c - b * d)
        imaginaries[j] = (imaginaries[j] ?? 0) - (a * d + b * c)
      }
    }
  }
  return { re: picked(real, kept), im: picked(imaginary, kept) }
}

/** The inverse by elimination with pivots; undefined when there is none. */
export function inverse(matrix: RealMatrix): number[][] | undefined {
  const order = matrix.length
  const rows = matrix.map((row, r) => [...row, ...Array.from({ length: order }, (_, c) => (c === r ? 1 : 0))])
  for (let k = 0; k < order; k++) {
    const pivot = rows.slice(k).reduce((best, row, n) => {
      return Math.abs(row[k] ?? 0) > Math.abs(rows[best]?.[k] ?? 0) ? k + n : best
    }, k)
    const [chosen, here] = [rows[pivot], rows[k]]
    const divisor = chosen?.[k] ?? 0
    if (!chosen || !here || divisor === 0 || !Number.isFinite(divisor)) return undefined
    rows[pivot] = here
    rows[k] = chosen.map(value => value / divisor)
    rows.forEach((row, r) => {
      const factor = row[k] ?? 0
      if (r !== k && factor !== 0) rows[r] = row.map((value, c) => value - factor * (rows[k]?.[c] ?? 0))
    })
  }
  return rows.map(row => row.slice(order))
}
