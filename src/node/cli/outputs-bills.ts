// What `feedermesh bill --json`, `usage --json` and `tariff check --json` print.

import { z } from 'zod'
import { meteringSchema } from '../../aggregation/assets/asset-records.ts'
import { billRowSchema } from '../../aggregation/billing/bill-record.ts'

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/)
const whole = z.int().nonnegative()
/** What one answer had no room or no time for, and from where on. */
const leftOut = z
  .object({ meters: whole, fromMeter: z.string().optional(), periods: whole, fromUtc: z.string().optional() })
  .default({ meters: 0, periods: 0 })

export const billOutputs = {
  bill: z.object({
    bills: z.array(billRowSchema),
    /** What validation found in the readings of the time. */
    findings: z.array(z.object({ check: z.string(), count: z.int(), firstUtc: z.iso.datetime(), words: z.string() })),
    leftOut,
  }),
  usage: z.object({
    usage: z.array(
      z.object({
        meter: z.string(),
        fromUtc: z.iso.datetime(),
        toUtc: z.iso.datetime(),
        importKwh: decimal,
        exportKwh: decimal,
        /** What the registers said, where they are multiplied. */
        rawImportKwh: decimal.optional(),
        rawExportKwh: decimal.optional(),
        /** `40`, or `40 then 80`. */
        multiplier: z.string().optional(),
        peakKw: decimal.optional(),
        currency: z.string(),
        /** With tax. */
        consumerPays: decimal,
        /** Without. */
        providerRevenue: decimal,
        tax: decimal,
        notMeasured: z.int(),
        missingSeconds: z.int(),
      }),
    ),
    /** Meters whose tariff can't be had now. */
    notBilled: z.array(z.object({ meter: z.string(), reason: z.string() })).default([]),
    leftOut,
  }),
  /** Of `feedermesh proof verify` for what `bill --proof` wrote. */
  'bill-proof': z.object({
    meter: z.string(),
    holds: z.boolean(),
    faults: z.array(z.string()),
    remarks: z.array(z.string()),
    readings: z.int(),
    edits: z.int(),
    metering: meteringSchema.nullable(),
    bills: z.array(
      z.object({
        fromUtc: z.iso.datetime(),
        toUtc: z.iso.datetime(),
        importKwh: decimal,
        total: decimal,
        currency: z.string(),
        issuer: z.string(),
        tariff: z.string(),
      }),
    ),
  }),
} as const
