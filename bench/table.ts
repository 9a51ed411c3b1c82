// Distributions, and how a run is printed: each figure as absolute and as ratio to another one of the same run.

import { cpus, loadavg, totalmem } from 'node:os'

export interface Distribution {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export interface Row {
  readonly what: string
  readonly unit: 'ms' | 'MB' | '×' | '/s'
  readonly figure: Distribution
  /** Quantile by quantile, this row over the named one. */
  readonly ratio?: { readonly to: string; readonly p50: number; readonly p99: number; readonly max: number }
}

/** A figure of this run that is to stay at or below a limit. */
export interface Target {
  readonly what: string
  readonly is: number
  readonly limit: number
  readonly unit: '×' | 'ms' | 'MB'
  readonly ok: boolean
}

export const target = (what: string, is: number, limit: number, unit: Target['unit'] = '×'): Target => ({
  what,
  is,
  limit,
  unit,
  ok: is <= limit,
})

/** One quantile of a row over that of another. */
export const over = (row: Row, base: Row, quantile: 'p50' | 'p99' | 'max' = 'p50'): number =>
  row.figure[quantile] / base.figure[quantile]

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly node: string
  readonly platform: string
  readonly date: string
  readonly seed: number
  /** Of the last minute, at the start of the run: well below the number of cores, or the figures show the other load. */
  readonly loadAverage: number
}

/** Nearest rank: every figure printed is one that was measured. */
export function distribution(values: readonly number[]): Distribution {
  if (values.length === 0) throw new RangeError('no figures were measured')
  const sorted = [...values].sort((one, other) => one - other)
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
  return { count: sorted.length, p50: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: rank(1) }
}

export function row(what: string, unit: Row['unit'], values: readonly number[], base?: Row): Row {
  const figure = distribution(values)
  if (base === undefined) return { what, unit, figure }
  const plain: Row = { what, unit, figure }
  const [p50, p99, max] = (['p50', 'p99', 'max'] as const).map(key => over(plain, base, key)) as [
    number,
    number,
    number,
  ]
  return { ...plain, ratio: { to: base.what, p50, p99, max } }
}

export function machine(seed: number): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    date: new Date().toISOString(),
    seed,
    loadAverage: loadavg()[0] ?? 0,
  }
}

export const machineLine = ({ cpu, cores, memoryGb, node, platform, date, seed, loadAverage }: Machine): string =>
  `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}, ${date}, seed ${seed}, load ${loadAverage.toFixed(2)}`

export const targetLine = ({ what, is, limit, unit, ok }: Target): string =>
  `target ${ok ? 'ok    ' : 'NOT ok'} ${what}: ${measured(is, unit)}, at most ${measured(limit, unit)}`

const measured = (value: number, unit: Target['unit']): string =>
  unit === '×' ? times(value) : `${value.toFixed(2)} ${unit}`

const HEAD = ['', 'n', 'p50', 'p90', 'p99', 'max', '', 'ratio p50 / p99 / max']

export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const isText = (column: number): boolean => column === 0 || column >= 6
  return lines
    .map(line =>
      line.map((cell, column) =>
        isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    )
    .map(line => `  ${line.join('  ').trimEnd()}`)
    .join('\n')
}

function cells({ what, unit, figure, ratio }: Row): string[] {
  const { count, p50, p90, p99, max } = figure
  const over = ratio ? `${times(ratio.p50)} / ${times(ratio.p99)} / ${times(ratio.max)} of ${ratio.to}` : ''
  return [what, String(count), ...[p50, p90, p99, max].map(digits), unit, over]
}

/** Three figures that mean something. */
const digits = (value: number): string => value.toFixed(value < 10 ? 3 : value < 100 ? 1 : 0)
const times = (ratio: number): string => `×${ratio.toFixed(2)}`
