// One quantity of one feeder, published beside computed.

export type Quantity = 'voltage' | 'angle' | 'current' | 'branch loss' | 'total' | 'short circuit'

export interface Row {
  /** Node, branch or fault. */
  readonly place: string
  readonly phase: string
  readonly published: number
  readonly computed: number
  /** In the table's `deviationUnit`, with its sign. */
  readonly deviation: number
}

export interface Comparison {
  readonly feeder: string
  readonly quantity: Quantity
  /** Of the figures. */
  readonly unit: string
  readonly deviationUnit: '%' | 'degrees'
  /** What the deviation is a percentage of. */
  readonly of: string
  readonly limit: number
  readonly rows: readonly Row[]
  readonly worst: Row | undefined
  readonly ok: boolean
}

export function comparison(about: Omit<Comparison, 'rows' | 'worst' | 'ok'>, rows: readonly Row[]): Comparison {
  const worst = rows.reduce<Row | undefined>(
    (most, row) => (most !== undefined && Math.abs(most.deviation) >= Math.abs(row.deviation) ? most : row),
    undefined,
  )
  return { ...about, rows, worst, ok: worst !== undefined && Math.abs(worst.deviation) <= about.limit }
}

/** @param of what 100 % is; the published figure by default */
export function row(place: string, phase: string, published: number, computed: number, of = published): Row {
  return { place, phase, published, computed, deviation: (100 * (computed - published)) / of }
}
