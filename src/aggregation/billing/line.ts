// A line before it is rounded.

import type { BillLine } from './bill.ts'
import { type Exact, type Rounding, rounded, shown } from './exact.ts'
import type { Interval } from './interval.ts'

export interface DraftLine extends Omit<BillLine, 'amount' | 'quantity'> {
  readonly quantity: Exact
  readonly amount: Exact
}

/** What is per day and per month counts so often. */
export interface BillBasis {
  readonly days: Exact
  readonly months: Exact
}

/** The one rounding of a line. */
export const finished = ({ quantity, amount, ...line }: DraftLine, decimals: number, rule: Rounding): BillLine => ({
  ...line,
  quantity: shown(quantity),
  amount: rounded(amount, decimals, rule),
})

export function span(intervals: readonly Interval[]): BillLine['intervals'] {
  const [first, last] = [intervals[0], intervals.at(-1)]
  const notMeasured = intervals.filter(({ quality }) => quality !== 'valid').length
  if (first === undefined || last === undefined) return { count: 0, notMeasured: 0 }
  return { count: intervals.length, firstUtcMs: first.startUtcMs, lastEndUtcMs: last.endUtcMs, notMeasured }
}
