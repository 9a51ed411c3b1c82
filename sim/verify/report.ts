// The comparison as tables for people: each figure, then the largest deviation of each table.

import { table } from '../../src/node/cli/table.ts'
import type { Comparison, Row } from './comparison.ts'
import type { Verification } from './verify.ts'

/** @param details with every figure; otherwise the largest deviation of each table alone */
export function report({ ok, comparisons }: Verification, { details: isFull }: { details: boolean }): string {
  const details = isFull ? comparisons.map(one => `${titleOf(one)}\n\n${detail(one)}\n`) : []
  const verdict = ok ? 'pass: every figure is within its limit' : 'FAIL: a limit is passed'
  return `${details.join('\n')}${isFull ? '\n' : ''}${table(comparisons.map(summaryRow))}\n${verdict}\n`
}

const titleOf = ({ feeder, quantity, unit, of, deviationUnit, limit }: Comparison): string =>
  `${feeder}: ${quantity} in ${unit}; deviation in ${deviationUnit}${of === '' ? '' : ` of ${of}`}, limit ${limit}`

function summaryRow({ feeder, quantity, rows, worst, limit, deviationUnit, ok }: Comparison): Record<string, unknown> {
  return {
    feeder,
    quantity,
    figures: rows.length,
    'largest deviation': worst === undefined ? '' : `${worst.deviation.toFixed(3)} ${deviationUnit}`,
    at: worst === undefined ? '' : `${worst.place} ${worst.phase}`,
    limit: `${limit} ${deviationUnit}`,
    verdict: ok ? 'pass' : 'FAIL',
  }
}

/** One line a place; published, computed and deviation for each phase. */
function detail({ rows, worst }: Comparison): string {
  const places = new Map<string, Row[]>()
  for (const row of rows) {
    const before = places.get(row.place)
    if (before === undefined) places.set(row.place, [row])
    else before.push(row)
  }
  const columns = (row: Row): [string, unknown][] => [
    [`${groupOf(row.phase)} published`, row.published],
    [`${groupOf(row.phase)} ours`, digits(row.computed, row.published)],
    [`${groupOf(row.phase)} deviation`, `${row.deviation.toFixed(3)}${row === worst ? ' <' : ''}`],
  ]
  const heads = [...new Set(rows.map(({ phase }) => groupOf(phase)))].sort()
  const empty = heads.flatMap(head =>
    [`${head} published`, `${head} ours`, `${head} deviation`].map(name => [name, '']),
  )
  return table(
    [...places].map(([place, own]) => Object.fromEntries([['at', place], ...empty, ...own.flatMap(columns)])),
  )
}

/** Phases and pairs of phases share columns. */
const groupOf = (phase: string): string =>
  phase === 'a' || phase === 'ab'
    ? 'a'
    : phase === 'b' || phase === 'bc'
      ? 'b'
      : phase === 'c' || phase === 'ca'
        ? 'c'
        : phase

/** One place more than the published figure has. */
function digits(value: number, published: number): number {
  const places = String(published).split('.')[1]?.length ?? 0
  return Number(value.toFixed(Math.max(places, published < 2 ? 4 : 2) + 1))
}
