// Factors a sparse symmetric complex matrix as L D Lᵀ and solves with the factors.
//
// Row after row ("up-looking"): the entries of a row of L are found by climbing the elimination tree from the entries of
// the matrix, so the work is in proportion to what L holds (T. A. Davis, "Algorithm 849", ACM Transactions on Mathematical
// Software 31, 2005). An admittance matrix needs no exchange of rows. Symmetric, not Hermitian: nothing is conjugated.

export interface SymmetricMatrix {
  readonly size: number
  /** Column k has its entries at start[k] to before start[k + 1]; on and above the diagonal. */
  readonly start: Int32Array
  readonly row: Int32Array
  /** Real and imaginary parts side by side. Entries of one place add up. */
  readonly values: Float64Array
}

export interface Factors {
  /** Entries of L below its diagonal. */
  readonly entries: number
  /** Solves in place: the right side, real and imaginary parts side by side, becomes the solution. */
  solve(vector: Float64Array): void
}

/** @throws RangeError for a matrix that is singular in the order given */
export function factorise(matrix: SymmetricMatrix): Factors {
  const { size } = matrix
  const { parent, start } = symbolic(matrix)
  const entries = start[size] as number
  const row = new Int32Array(entries)
  const lower = new Float64Array(2 * entries)
  const inverseDiagonal = new Float64Array(2 * size)
  numeric(matrix, parent, start, row, lower, inverseDiagonal)
  return { entries, solve: vector => solveWith(size, start, row, lower, inverseDiagonal, vector) }
}

/** The elimination tree, and where each column of L starts. */
function symbolic({ size, start, row }: SymmetricMatrix): { parent: Int32Array; start: Int32Array } {
  const parent = new Int32Array(size).fill(-1)
  const seen = new Int32Array(size).fill(-1)
  const count = new Int32Array(size)
  for (let k = 0; k < size; k++) {
    seen[k] = k
    for (let at = start[k] as number; at < (start[k + 1] as number); at++) {
      for (let i = row[at] as number; i < k && seen[i] !== k; i = parent[i] as number) {
        if (parent[i] === -1) parent[i] = k
        count[i] = (count[i] as number) + 1
        seen[i] = k
      }
    }
  }
  const columns = new Int32Array(size + 1)
  for (let k = 0; k < size; k++) columns[k + 1] = (columns[k] as number) + (count[k] as number)
  return { parent, start: columns }
}

function numeric(
  matrix: SymmetricMatrix,
  parent: Int32Array,
  start: Int32Array,
  row: Int32Array,
  lower: Float64Array,
  inverseDiagonal: Float64Array,
): void {
  const { size, values } = matrix
  const work = new Float64Array(2 * size)
  const pattern = new Int32Array(size)
  const seen = new Int32Array(size).fill(-1)
  const filled = new Int32Array(size)
  for (let k = 0; k < size; k++) {
    let top = size
    seen[k] = k
    for (let at = matrix.start[k] as number; at < (matrix.start[k + 1] as number); at++) {
      let i = matrix.row[at] as number
      work[2 * i] = (work[2 * i] as number) + (values[2 * at] as number)
      work[2 * i + 1] = (work[2 * i + 1] as number) + (values[2 * at + 1] as number)
      let length = 0
      for (; seen[i] !== k; i = parent[i] as number) {
        pattern[length++] = i
        seen[i] = k
      }
      while (length > 0) pattern[--top] = pattern[--length] as number
    }
    let diagonalRe = work[2 * k] as number
    let diagonalIm = work[2 * k + 1] as number
    work[2 * k] = 0
    work[2 * k + 1] = 0
    for (; top < size; top++) {
      const i = pattern[top] as number
      const re = work[2 * i] as number
      const im = work[2 * i + 1] as number
      work[2 * i] = 0
      work[2 * i + 1] = 0
      const end = (start[i] as number) + (filled[i] as number)
      for (let at = start[i] as number; at < end; at++) {
        const target = 2 * (row[at] as number)
        const lowerRe = lower[2 * at] as number
        const lowerIm = lower[2 * at + 1] as number
        work[target] = (work[target] as number) - (lowerRe * re - lowerIm * im)
        work[target + 1] = (work[target + 1] as number) - (lowerRe * im + lowerIm * re)
      }
      const pivotRe = inverseDiagonal[2 * i] as number
      const pivotIm = inverseDiagonal[2 * i + 1] as number
      const entryRe = re * pivotRe - im * pivotIm
      const entryIm = re * pivotIm + im * pivotRe
      diagonalRe -= entryRe * re - entryIm * im
      diagonalIm -= entryRe * im + entryIm * re
      row[end] = k
      lower[2 * end] = entryRe
      lower[2 * end + 1] = entryIm
      filled[i] = (filled[i] as number) + 1
    }
    const square = diagonalRe * diagonalRe + diagonalIm * diagonalIm
    if (!(square > 0)) throw new RangeError(`the network's equations are singular at unknown ${k}`)
    inverseDiagonal[2 * k] = diagonalRe / square
    inverseDiagonal[2 * k + 1] = -diagonalIm / square
  }
}

function solveWith(
  size: number,
  start: Int32Array,
  row: Int32Array,
  lower: Float64Array,
  inverseDiagonal: Float64Array,
  vector: Float64Array,
): void {
  for (let k = 0; k < size; k++) {
    const re = vector[2 * k] as number
    const im = vector[2 * k + 1] as number
    const end = start[k + 1] as number
    for (let at = start[k] as number; at < end; at++) {
      const target = 2 * (row[at] as number)
      const lowerRe = lower[2 * at] as number
      const lowerIm = lower[2 * at + 1] as number
      vector[target] = (vector[target] as number) - (lowerRe * re - lowerIm * im)
      vector[target + 1] = (vector[target + 1] as number) - (lowerRe * im + lowerIm * re)
    }
  }
  for (let k = size - 1; k >= 0; k--) {
    const pivotRe = inverseDiagonal[2 * k] as number
    const pivotIm = inverseDiagonal[2 * k + 1] as number
    const rightRe = vector[2 * k] as number
    const rightIm = vector[2 * k + 1] as number
    let re = rightRe * pivotRe - rightIm * pivotIm
    let im = rightRe * pivotIm + rightIm * pivotRe
    const end = start[k + 1] as number
    for (let at = start[k] as number; at < end; at++) {
      const source = 2 * (row[at] as number)
      const lowerRe = lower[2 * at] as number
      const lowerIm = lower[2 * at + 1] as number
      const sourceRe = vector[source] as number
      const sourceIm = vector[source + 1] as number
      re -= lowerRe * sourceRe - lowerIm * sourceIm
      im -= lowerRe * sourceIm + lowerIm * sourceRe
    }
    vector[2 * k] = re
    vector[2 * k + 1] = im
  }
}
