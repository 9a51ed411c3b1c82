// Whose profile the missing energy follows.
//
// A meter that registers the share s of what passes leaves (1 - s)/s of what it shows in the balance of its zone,
// interval by interval. So the residual is fitted by least squares with the profiles of all meters of the zone at once,
// and a constant: beside the others' profiles, a common daily shape explains nothing. Where two profiles are so alike
// that the fit cannot tell them apart, its errors are large and nobody is named.

export interface Fitted {
  readonly ied: string
  /** Missing energy for each watt-hour that the meter shows. */
  readonly missingPerShown: number
  /** How many standard errors that is from nothing. */
  readonly significance: number
  /** Of the residual with this profile alone, -1 to 1. */
  readonly correlation: number
}

/** What varies by a smaller share of its mean is a constant: a generator at its rating, a meter that stands still. */
const STEADY = 0.005
/** Too few intervals for each unknown fit anything. */
const ROWS_PER_UNKNOWN = 5

/**
 * @param profiles of equal length, in the order of the residuals
 * @returns nothing where the profiles cannot be told apart
 */
export function attribute(
  residuals: readonly number[],
  profiles: ReadonlyMap<string, readonly number[]>,
): readonly Fitted[] {
  const varying = [...profiles].filter(([, values]) => deviation(values) > STEADY * Math.abs(mean(values)))
  const unknowns = varying.length + 1
  if (varying.length === 0 || residuals.length < ROWS_PER_UNKNOWN * unknowns) return []
  // About their means, which stands for the constant, and of unit length, so that whether the matrix can be solved does not
  // depend on who draws how much.
  const columns = varying.map(([, values]) => centred(values))
  const missing = centred(residuals)
  const lengths = columns.map(column => Math.sqrt(dot(column, column)))
  const scaled = columns.map((column, i) => column.map(value => value / (lengths[i] ?? 1)))
  const inverse = inverted(scaled.map(one => scaled.map(other => dot(one, other))))
  if (inverse === undefined) return []
  const right = scaled.map(column => dot(column, missing))
  const solution = inverse.map(row => dot(row, right))
  const errors = missing.map(
    (value, t) => value - solution.reduce((sum, each, i) => sum + each * (scaled[i]?.[t] ?? 0), 0),
  )
  const variance = dot(errors, errors) / (residuals.length - unknowns)
  return varying.map(([ied, values], i) => {
    const coefficient = solution[i] ?? 0
    const error = Math.sqrt(Math.max(0, variance * (inverse[i]?.[i] ?? 0)))
    return {
      ied,
      missingPerShown: coefficient / (lengths[i] ?? 1),
      significance: error > 0 ? coefficient / error : coefficient > 0 ? Number.MAX_SAFE_INTEGER : 0,
      correlation: correlationOf(residuals, values),
    }
  })
}

const dot = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
function centred(values: readonly number[]): number[] {
  const middle = mean(values)
  return values.map(value => value - middle)
}
const deviation = (values: readonly number[]): number =>
  Math.sqrt(dot(centred(values), centred(values)) / Math.max(1, values.length))

export function correlationOf(one: readonly number[], other: readonly number[]): number {
  const [x, y] = [centred(one), centred(other)]
  const size = Math.sqrt(dot(x, x) * dot(y, y))
  return size > 0 ? dot(x, y) / size : 0
}

/** Below this pivot two columns of unit length are the same for our purposes. */
const SAME = 1e-6

/** Gauss-Jordan with pivoting. */
function inverted(matrix: readonly (readonly number[])[]): number[][] | undefined {
  const n = matrix.length
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))])
  for (let column = 0; column < n; column++) {
    let best = column
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(rows[row]?.[column] ?? 0) > Math.abs(rows[best]?.[column] ?? 0)) best = row
    }
    const pivotRow = rows[best] as number[]
    const pivot = pivotRow[column] ?? 0
    if (Math.abs(pivot) < SAME) return undefined
    rows[best] = rows[column] as number[]
    rows[column] = pivotRow.map(value => value / pivot)
    for (let row = 0; row < n; row++) {
      const factor = rows[row]?.[column] ?? 0
      if (row === column || factor === 0) continue
      rows[row] = (rows[row] as number[]).map((value, j) => value - factor * (rows[column]?.[j] ?? 0))
    }
  }
  return rows.map(row => row.slice(n))
}
