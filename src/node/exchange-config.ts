// The section `exchange` of a back-end peer's configuration: with whose back ends it exchanges bills, prices and reliability, and
// who gets what. Nothing is given or taken that does not stand here.

import { z } from 'zod'
import { exchangeKinds } from '../aggregation/exchange/exchange-document.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const kinds = z.array(z.enum(exchangeKinds)).max(exchangeKinds.length).default([])
const meters = z.array(name).max(10_000).default([])

const partner = z
  .object({
    organisation: name,
    /** Its back-end peer: no other one is given anything. */
    backEnd: name,
    gives: kinds,
    /** Whose bills it gets, beside those of its own IEDs by the feeder file. */
    meters,
    takes: kinds,
    /** Whose bills are taken from it, beside those of the own organisation's IEDs. */
    billsOf: meters,
  })
  .strict()

export const exchangeSchema = z
  .object({
    partners: z
      .array(partner)
      .min(1)
      .max(64)
      .refine(list => new Set(list.map(({ organisation }) => organisation)).size === list.length, {
        message: 'each organisation once',
      }),
    /** Of the bills that are issued. */
    cycle: z.enum(['monthly', 'daily']).default('monthly'),
    /** A bill whose last readings lack is issued with estimates after so long. What comes later makes a corrected one. */
    waitHours: z.number().min(0).max(8_784).default(72),
    /** How often it is looked whether something is to be issued. */
    everyMinutes: z.number().min(0.02).max(1_440).default(15),
    /** Indices are of so many days up to now, and issued anew so often. */
    reliabilityDays: z.number().min(1).max(366).default(30),
    reliabilityEveryMinutes: z.number().min(0.02).max(44_640).default(1_440),
  })
  .strict()
  .optional()
export type ExchangeConfig = NonNullable<z.infer<typeof exchangeSchema>>
export type ExchangePartner = ExchangeConfig['partners'][number]
