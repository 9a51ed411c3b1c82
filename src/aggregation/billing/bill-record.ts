// A bill as plain data: for JSON, for read-outs, and as content of a record of class `billing`. Amounts are decimals as text.

import { z } from 'zod'
import { codec } from '../codec.ts'
import { factorOf, multiplierWords } from '../multiplier.ts'
import { type Bill, lineKinds } from './bill.ts'
import { placed, shown } from './exact.ts'
import { type MeteredSpan, MOST_SPANS } from './metered-span.ts'

const amount = z.string().regex(/^-?\d+(\.\d+)?$/)
const utc = z.iso.datetime()
const count = z.int().nonnegative()

export const billRowSchema = z.strictObject({
  meter: z.string().max(64).exactOptional(),
  tariff: z.string().max(80),
  supplier: z.string().max(80).exactOptional(),
  currency: z.string().length(3),
  rounding: z.enum(['half-up', 'half-even']),
  timeZone: z.string().max(64),
  fromUtc: utc,
  toUtc: utc,
  /** Local days, `30` or `0.5`. */
  days: amount,
  importKwh: amount,
  exportKwh: amount,
  importKvarh: amount.exactOptional(),
  lines: z
    .array(
      z.strictObject({
        kind: z.enum(lineKinds),
        name: z.string().max(80),
        period: z.string().max(40).exactOptional(),
        tier: count.exactOptional(),
        quantity: amount,
        unit: z.string().max(10),
        rate: z.string().max(80),
        amount,
        /** What it was measured in, and how many of them are estimated, edited or questionable. */
        intervals: z.strictObject({
          count,
          firstUtc: utc.exactOptional(),
          lastEndUtc: utc.exactOptional(),
          notMeasured: count,
        }),
        notes: z.array(z.string().max(500)).max(20),
      }),
    )
    .max(500),
  subtotal: amount,
  tax: amount,
  total: amount,
  quality: z.strictObject({
    intervals: count,
    estimated: count,
    edited: count,
    questionable: count,
    missingSeconds: count,
  }),
  metering: z
    .array(
      z.strictObject({
        fromUtc: utc,
        toUtc: utc,
        /** In words, and as one number. */
        multiplier: z.string().max(120),
        factor: amount,
        rawImportKwh: amount,
        rawExportKwh: amount,
        importKwh: amount,
        exportKwh: amount,
      }),
    )
    .max(MOST_SPANS)
    .exactOptional(),
  /** Credit that goes to the next bill. */
  carried: amount,
  notes: z.array(z.string().max(500)).max(1_100),
})
export type BillRow = z.output<typeof billRowSchema>

const iso = (utcMs: number): string => new Date(utcMs).toISOString()

const meteringRow = (span: MeteredSpan) => ({
  fromUtc: iso(span.fromUtcMs),
  toUtc: iso(span.toUtcMs),
  multiplier: multiplierWords(span.multiplier),
  factor: shown(factorOf(span.multiplier)),
  rawImportKwh: placed(span.rawImportWh, 3),
  rawExportKwh: placed(span.rawExportWh, 3),
  importKwh: placed(span.importWh, 3),
  exportKwh: placed(span.exportWh, 3),
})

export function billRow(given: Bill): BillRow {
  const { decimals, period, importWh, exportWh, importVarh, lines, quality, metering, ...bill } = given
  const money = (value: bigint): string => placed(value, decimals)
  const { missingMs, ...counts } = quality
  return {
    ...bill,
    fromUtc: iso(period.fromUtcMs),
    toUtc: iso(period.toUtcMs),
    importKwh: placed(importWh, 3),
    exportKwh: placed(exportWh, 3),
    ...(importVarh === undefined ? {} : { importKvarh: placed(importVarh, 3) }),
    lines: lines.map(
      ({ amount: value, intervals: { count: among, firstUtcMs, lastEndUtcMs, notMeasured }, notes, ...line }) => ({
        ...line,
        amount: money(value),
        intervals: {
          count: among,
          ...(firstUtcMs === undefined ? {} : { firstUtc: iso(firstUtcMs) }),
          ...(lastEndUtcMs === undefined ? {} : { lastEndUtc: iso(lastEndUtcMs) }),
          notMeasured,
        },
        notes: [...notes],
      }),
    ),
    subtotal: money(bill.subtotal),
    tax: money(bill.tax),
    total: money(bill.total),
    quality: { ...counts, missingSeconds: Math.max(0, Math.round(missingMs / 1_000)) },
    ...(metering === undefined || metering.length === 0 ? {} : { metering: metering.map(meteringRow) }),
    carried: money(bill.carried),
    notes: [...bill.notes],
  }
}

const recordCodec = codec('bill', z.strictObject({ kind: z.literal('bill'), bill: billRowSchema }), 512 * 1024)

/** As the content of a record of class `billing`. */
export const encodeBill = (bill: BillRow): Uint8Array => recordCodec.encode({ kind: 'bill', bill })

/** Undefined for what is no bill. */
export function billIn(content: Uint8Array): BillRow | undefined {
  try {
    return recordCodec.decode(content).bill
  } catch {
    return undefined
  }
}
