// What `feedermesh suppliers --json` and `cost --json` print.

import { z } from 'zod'

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/)
const utc = z.iso.datetime()

export const supplierOutputs = {
  suppliers: z.object({
    /** Of a back-end peer that is a supplier: what it offers. */
    offers: z.array(
      z.object({ supplier: z.string(), tariff: z.string(), sha256: z.string(), bytes: z.int(), issuedUtc: utc }),
    ),
    /** Of a customer: those that it accepts. */
    suppliers: z.array(
      z.object({
        supplier: z.string(),
        organisation: z.string(),
        current: z.boolean(),
        by: z.enum(['contract', 'source']),
        tariff: z.string().optional(),
        sha256: z.string().optional(),
        currency: z.string().optional(),
        /** The next kWh, before tax. */
        perKwh: decimal.optional(),
        /** The usage compared, everything included. */
        cost: decimal.optional(),
        fromUtc: utc.optional(),
        toUtc: utc.optional(),
        switchingCost: decimal,
        minimumStayDays: z.number(),
      }),
    ),
    polled: z.array(z.object({ supplier: z.string(), words: z.string() })),
    choice: z
      .object({
        supplier: z.string(),
        /** Why it stayed at the latest comparison. */
        stayed: z.string(),
        stayUntilUtc: utc,
        switchingTo: z.string().nullable(),
        reduced: z.boolean(),
        off: z.array(z.string()),
        usage: z.enum(['within', 'excess', 'shortage', 'anomaly']),
      })
      .nullable(),
  }),
  cost: z.object({
    cost: z.array(
      z.object({
        utc,
        meter: z.string(),
        loads: z.string(),
        supplier: z.string(),
        tariff: z.string(),
        current: z.boolean(),
        kw: z.number().nullable(),
        currency: z.string(),
        /** Before tax. */
        perKwh: decimal,
        perHour: decimal.nullable(),
        todayKwh: decimal,
        /** With tax and the fixed charges of the time. */
        today: decimal,
        monthKwh: decimal,
        month: decimal,
        /** Of the month, before tax. */
        revenue: decimal,
      }),
    ),
    /** Of each meter and supplier of `cost`, in its order: the rows of one add up to the meter's kWh, today and month. */
    loads: z.array(
      z.object({
        meter: z.string(),
        supplier: z.string(),
        /** `given`: to the network; `rest`: not measured separately; `charges`: what is no price of a kWh, and roundings. */
        kind: z.enum(['load', 'given', 'rest', 'charges']),
        load: z.string(),
        measuredBy: z.string().nullable(),
        kw: z.number().nullable(),
        currency: z.string(),
        perHour: decimal.nullable(),
        /** Negative of what gives. */
        todayKwh: decimal,
        /** At the marginal price of each interval, before tax. */
        today: decimal,
        monthKwh: decimal,
        month: decimal,
        untilUtc: utc.nullable(),
      }),
    ),
    /** Meters with too many others below them for one answer about all: to be asked for alone. */
    notSplit: z.array(z.string()),
    /** Meters for which one answer had no room or no time: to be asked for alone. */
    leftOut: z.int().nonnegative(),
  }),
} as const
