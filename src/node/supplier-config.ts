// The sections `supplier` and `suppliers` of an agent's configuration: what a back-end peer offers, and what a customer's IED
// does with what it is offered.

import { z } from 'zod'
import { tariffSchema } from '../aggregation/billing/tariff.ts'
import { MAX_OFFERS, priceField } from '../aggregation/suppliers/supplier-message.ts'
import { courseSchema, priceText, timeZone } from './load-config.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const instant = z.iso.datetime({ offset: true })

export const supplierSchema = z
  .object({
    name,
    /** Files, relative to the configuration, or the tariffs themselves. */
    tariffs: z
      .array(z.union([z.string().min(1), tariffSchema]))
      .min(1)
      .max(MAX_OFFERS),
    /** Prices to come: a YAML file with these three keys, read again when it changes, or the prices themselves. */
    prices: z
      .union([
        z.string().min(1),
        z
          .object({
            currency: z.string().regex(/^[A-Z]{3}$/),
            minutes: z.number().int().min(1).max(1440),
            prices: z.array(z.object({ from: instant, perKwh: priceField }).strict()).max(20_000),
          })
          .strict(),
      ])
      .optional(),
    /** Offers and prices are said again so often: who was away hears them then. */
    announceSeconds: z.number().min(1).max(86_400).default(600),
    /** Customers whose usage outside their tariff's range this peer answers with an order, from what it collected. */
    watch: z
      .array(
        z
          .object({
            ied: name,
            tariff: z.string().max(80),
            orderMinutes: z.number().int().min(2).max(1440).default(30),
            /** Intervals within the range before the order is taken back. */
            restIntervals: z.number().int().min(1).max(1440).default(4),
          })
          .strict(),
      )
      .max(1_000)
      .default([]),
  })
  .strict()
  .optional()
export type SupplierConfig = NonNullable<z.infer<typeof supplierSchema>>

const accepted = z
  .object({
    /** As it calls itself in its offers. */
    name,
    organisation: name,
    backEnd: name,
    /** Which of its tariffs; the latest one that it offers when absent. */
    tariff: z.string().max(80).optional(),
    /** Another contract for the same wires, or the other side of the transfer switch. */
    by: z.enum(['contract', 'source']).default('contract'),
    side: z.enum(['first', 'second']).optional(),
    switchingCost: priceText.default('0'),
    minimumStayDays: z.number().min(0).max(3660).default(0),
  })
  .strict()

export const suppliersSchema = z
  .object({
    /** From whom it buys at the first start; later the last contract counts. */
    current: name,
    accept: z
      .array(accepted)
      .min(1)
      .max(16)
      .refine(list => new Set(list.map(each => each.name)).size === list.length, { message: 'each supplier once' }),
    timeZone,
    /** Compared at once when something is offered, and so often. */
    compareEveryMinutes: z.number().min(0.1).max(10_080).default(60),
    /** The usage that is compared: so many days back. */
    horizonDays: z.number().min(0.001).max(366).default(30),
    leastUsageHours: z.number().min(0).max(8784).default(24),
    /** So much cheaper another has to be: the larger of the two. */
    marginPercent: z.number().min(0).max(100).default(5),
    margin: priceText.default('0'),
    confirmWithinMinutes: z.number().min(0.1).max(1440).default(10),
    retryAfterMinutes: z.number().min(0.1).max(10_080).default(1440),
    blindMinutes: z.number().min(1).max(1440).default(60),
    /** Whether it changes by itself, or only says what it would do. */
    switch: z.boolean().default(true),
    /** By local time: when everybody's next kWh is dearer, consumption is reduced. */
    limits: courseSchema.default([]),
    reduceTo: z
      .object({
        /** Loads go off until the draw is no more than that; all of them when absent. */
        kw: z.number().min(0).optional(),
        loads: z.array(name).max(64),
        orderMinutes: z.number().int().min(2).max(1440).default(10),
        /** Intervals within the tariff's range before what its excess took off is given back. */
        restIntervals: z.number().int().min(1).max(1440).default(4),
      })
      .strict()
      .optional(),
    /** The switch between two sources, each of a supplier with `by: source`. */
    transfer: z
      .object({ load: name, first: name, second: name, pauseSeconds: z.number().min(0).max(600).default(1) })
      .strict()
      .optional(),
    /** A tariff's document is fetched within so many seconds, at a time drawn: many customers hear of it at one moment. */
    fetchSpreadSeconds: z.number().min(0).max(3600).default(10),
  })
  .strict()
  .refine(({ current, accept }) => accept.some(each => each.name === current), {
    path: ['current'],
    message: 'want one of accept',
  })
  .refine(
    ({ accept, transfer }) => accept.every(({ by, side }) => by === 'contract' || (side !== undefined && transfer)),
    { path: ['accept'], message: 'a supplier with by: source wants its side, and a section transfer' },
  )
  .optional()
export type SuppliersConfig = NonNullable<z.infer<typeof suppliersSchema>>
export type AcceptedSupplier = SuppliersConfig['accept'][number]

export const tariffFilesAt = (config: SupplierConfig, at: (path: string) => string): SupplierConfig => ({
  ...config,
  tariffs: config.tariffs.map(each => (typeof each === 'string' ? at(each) : each)),
  ...(typeof config.prices === 'string' ? { prices: at(config.prices) } : {}),
})
