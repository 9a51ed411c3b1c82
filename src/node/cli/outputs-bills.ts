// What `feedermesh bill --json`, `usage --json` and `tariff check --json` print.

import { z } from 'zod'
import { billRowSchema } from '../../aggregation/billing/bill-record.ts'

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/)

export const billOutputs = {
  bill: z.object({
    bills: z.array(billRowSchema),
    /** What validation found in the readings of the time. */
    findings: z.array(z.object({ check: z.string(), count: z.int(), firstUtc: z.iso.datetime(), words: z.string() })),
  }),
  usage: z.object({
    usage: z.array(
      z.object({
        meter: z.string(),
        fromUtc: z.iso.datetime(),
        toUtc: z.iso.datetime(),
        importKwh: decimal,
        exportKwh: decimal,
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
  }),
} as const
