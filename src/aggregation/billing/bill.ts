// What a bill is. `compute-bill.ts` makes it.

import type { Rounding } from './exact.ts'
import type { Period } from './interval.ts'
import type { MeteredSpan } from './metered-span.ts'

/** In the order in which they stand on a bill. */
export const lineKinds = [
  'energy',
  'demand',
  'powerFactor',
  'reactive',
  'export',
  'credit',
  'fixed',
  'minimum',
  'tax',
] as const
export type LineKind = (typeof lineKinds)[number]

export interface BillLine {
  readonly kind: LineKind
  /** As the tariff names the charge. */
  readonly name: string
  /** Of the schedule: `peak`. */
  readonly period?: string
  /** From 1. */
  readonly tier?: number
  /** Exact, as a decimal: `1234.567`. */
  readonly quantity: string
  readonly unit: 'kWh' | 'kW' | 'kvarh' | 'kvar' | 'month' | 'day' | 'bill' | 'percent' | ''
  /** Of one unit, in the currency; in words where it is not one number. */
  readonly rate: string
  /** Rounded once, in the currency's smallest unit. */
  readonly amount: bigint
  /** What it was measured in. */
  readonly intervals: {
    readonly count: number
    readonly firstUtcMs?: number
    readonly lastEndUtcMs?: number
    /** Of `count`, those that are estimated, edited or questionable. */
    readonly notMeasured: number
  }
  /** Anything else that a reader needs to follow it. */
  readonly notes: readonly string[]
}

export interface Bill {
  readonly meter?: string
  readonly tariff: string
  readonly supplier?: string
  readonly currency: string
  /** Of the currency's smallest unit: 2 for cents. */
  readonly decimals: number
  readonly rounding: Rounding
  readonly timeZone: string
  readonly period: Period
  /** Local days in it, exact: `30`, or `0.5`. */
  readonly days: string
  readonly importWh: bigint
  readonly exportWh: bigint
  readonly importVarh?: bigint
  readonly lines: readonly BillLine[]
  /** Before tax. */
  readonly subtotal: bigint
  readonly tax: bigint
  /** The sum of the lines. */
  readonly total: bigint
  readonly quality: {
    readonly intervals: number
    readonly estimated: number
    readonly edited: number
    readonly questionable: number
    /** Time of the period of which nothing is known. */
    readonly missingMs: number
  }
  /** Where registers were multiplied: by what, with what they said. */
  readonly metering?: readonly MeteredSpan[]
  /** Credit that goes to the next bill, in the smallest unit. */
  readonly carried: bigint
  readonly notes: readonly string[]
}
