// What a tariff file says. Prices are decimals in quotes; times are the site's local time.
//
// A schedule divides local time into named periods, by season, day type and time of day. A charge prices what was used in
// each period of its schedule, or has one price for all. Charges add up: delivery and generation are two of them.

import { z } from 'zod'

const label = z.string().min(1).max(80)
const key = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$/, 'want a short name')
const decimalText = z
  .string({ error: 'want a decimal number in quotes, such as "0.1234"' })
  .regex(/^-?\d{1,12}(\.\d{1,12})?$/, 'want a decimal number in quotes, such as "0.1234"')
const positiveText = decimalText.refine(text => !text.startsWith('-') && /[1-9]/.test(text), 'want more than 0')
const date = z.string().regex(/^\d{4}-\d\d-\d\d$/, 'want a date such as 2026-07-04')
const monthDay = z.string().regex(/^\d\d-\d\d$/, 'want a month and day such as 06-01')
const timeOfDay = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'want a time of day such as "16:00", "24:00" at the latest')
const instant = z.iso.datetime({ offset: true, error: 'want a time with its zone, such as 2026-07-04T14:00:00Z' })

export const dayTypes = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'holiday'] as const
export type DayType = (typeof dayTypes)[number]

/** All that is given must hold. A time that ends before it begins is both ends of each of these days: `night-rules.ts`. */
const rule = z.strictObject({
  seasons: z.array(key).min(1).optional(),
  months: z.array(z.int().min(1).max(12)).min(1).optional(),
  /** A dated holiday is of the day type `holiday` and of no other. All when absent. */
  days: z.array(z.enum(dayTypes)).min(1).optional(),
  from: timeOfDay.default('00:00'),
  to: timeOfDay.default('24:00'),
})
const scheduleSchema = z.strictObject({
  periods: z.record(key, z.array(rule).min(1).max(400)),
  /** The period of all the time that no rule names. */
  otherwise: key.optional(),
})

const energyRate = {
  perKwh: decimalText.optional(),
  /** Cumulative over the bill, in order of time; the last has no limit. An interval that straddles a limit is split. */
  tiers: z
    .array(
      z.strictObject({
        /** In a month: for a bill of another length in proportion. */
        upToKwh: positiveText.optional(),
        /** Daily baseline, times the days of the bill. */
        upToKwhPerDay: positiveText.optional(),
        perKwh: decimalText,
      }),
    )
    .min(1)
    .max(20)
    .optional(),
  /** By the price series, at the start of each interval. */
  realTime: z
    .strictObject({
      /** On top of each price. */
      plusPerKwh: decimalText.default('0'),
      /** Agreed for where the series has none. */
      fallbackPerKwh: decimalText,
    })
    .optional(),
}
const energyCharge = z.strictObject({
  name: label,
  schedule: key.optional(),
  ...energyRate,
  /** By the name of the period. */
  periods: z.record(key, z.strictObject(energyRate)).optional(),
})

const demandRate = {
  perKw: decimalText.optional(),
  tiers: z
    .array(z.strictObject({ upToKw: positiveText.optional(), perKw: decimalText }))
    .min(1)
    .max(20)
    .optional(),
}
const demandCharge = z.strictObject({
  name: label,
  schedule: key.optional(),
  /** `block`: windows side by side. `rolling`: windows that move by `stepMinutes`. */
  method: z.enum(['block', 'rolling']).default('block'),
  minutes: z.int().min(1).max(1440).default(15),
  stepMinutes: z.int().min(1).max(60).default(5),
  ...demandRate,
  periods: z.record(key, z.strictObject(demandRate)).optional(),
  /** At least so much of the highest of the months before. */
  ratchet: z.strictObject({ percent: positiveText, months: z.int().min(1).max(36).default(11) }).optional(),
  minimumKw: positiveText.optional(),
  /** Demand does not count in windows that begin so soon after an outage. */
  afterOutageMinutes: z.int().min(0).max(60).default(0),
  /** Below it the demand is billed times target / power factor. */
  powerFactorTarget: positiveText.refine(text => Number(text) <= 1, 'want 1 at the most').optional(),
})
const reactiveCharge = z.strictObject({
  name: label,
  perKvarh: decimalText.optional(),
  /** So much is free for each kWh. */
  freeKvarhPerKwh: decimalText.default('0'),
  /** Of the greatest reactive demand. */
  perKvar: decimalText.optional(),
  minutes: z.int().min(1).max(1440).default(15),
})
const per = { perMonth: decimalText.optional(), perDay: decimalText.optional(), perBill: decimalText.optional() }

export const tariffSchema = z.strictObject({
  tariff: label,
  supplier: label.optional(),
  currency: z.string().regex(/^[A-Z]{3}$/, 'want a currency such as USD'),
  /** Of the currency's smallest unit, to which each line is rounded once. */
  decimals: z.int().min(0).max(6).default(2),
  rounding: z.enum(['half-up', 'half-even']).default('half-up'),
  timeZone: z.string().min(1).max(64),
  /** First and last day on which it holds. */
  from: date.optional(),
  to: date.optional(),
  /** `days`: what is per month counts by its days. `none`: each bill is a month. */
  proration: z.enum(['days', 'none']).default('days'),
  seasons: z
    .array(z.strictObject({ name: key, from: monthDay, to: monthDay }))
    .max(24)
    .default([]),
  holidays: z.array(date).max(1_000).default([]),
  schedules: z.record(key, scheduleSchema).default({}),
  energy: z.array(energyCharge).max(20).default([]),
  /** Dated events that take the place of what one energy charge has otherwise. */
  criticalPeak: z
    .strictObject({
      /** Name of the energy charge. */
      charge: label,
      perKwh: decimalText,
      /** An event of which there was less notice does not count. */
      noticeMinutes: z.int().min(0).max(20_160).default(0),
      events: z
        .array(z.strictObject({ from: instant, to: instant, noticed: instant }))
        .max(1_000)
        .default([]),
    })
    .optional(),
  demand: z.array(demandCharge).max(20).default([]),
  reactive: z.array(reactiveCharge).max(5).default([]),
  netMetering: z
    .strictObject({
      /**
       * `interval`: what is left of each interval is charged, or credited by `export`. `period`: what is left of the bill,
       * in each period of a schedule, is charged or credited at the price of use. `billing`: all use is charged, all that
       * is given is credited by `export`.
       */
      method: z.enum(['interval', 'period', 'billing']),
      export: z
        .strictObject({
          schedule: key.optional(),
          ...energyRate,
          periods: z.record(key, z.strictObject(energyRate)).optional(),
        })
        .optional(),
      /** Credit beyond what energy costs goes to the next bill; otherwise it is paid out. */
      rollOver: z.boolean().default(true),
      /** In the bill of the day on which this month begins what credit was left is settled: so much of it is paid out. */
      trueUp: z.strictObject({ month: z.int().min(1).max(12), percent: decimalText.default('100') }).optional(),
    })
    .optional(),
  fixed: z
    .array(z.strictObject({ name: label, ...per }))
    .max(20)
    .default([]),
  /** Compared with all before tax. */
  minimum: z.strictObject({ name: label.default('Minimum bill'), ...per }).optional(),
  taxes: z
    .array(
      z.strictObject({
        name: label,
        percent: decimalText.optional(),
        /** Of these kinds of lines; of all before tax when absent. */
        of: z
          .array(z.enum(['energy', 'demand', 'powerFactor', 'reactive', 'export', 'credit', 'fixed', 'minimum']))
          .optional(),
        perKwh: decimalText.optional(),
      }),
    )
    .max(20)
    .default([]),
  /** In any order; each holds for `priceMinutes`. */
  prices: z
    .array(z.strictObject({ from: instant, perKwh: decimalText }))
    .max(20_000)
    .default([]),
  priceMinutes: z.int().min(1).max(1440).default(60),
  /** Agreed for the mean of each interval: outside it the meter's owner is told, and above it usage is reduced. */
  range: z.strictObject({ leastKw: positiveText.optional(), mostKw: positiveText.optional() }).optional(),
  /** What its importer or author wants known; printed on bills. */
  notes: z.array(z.string().max(500)).max(50).default([]),
})

export type Tariff = z.output<typeof tariffSchema>
export type TariffInput = z.input<typeof tariffSchema>
export type ScheduleFile = Tariff['schedules'][string]
export type EnergyCharge = Tariff['energy'][number]
export type DemandCharge = Tariff['demand'][number]
export type EnergyRate = Pick<EnergyCharge, 'perKwh' | 'tiers' | 'realTime'>
export type DemandRate = Pick<DemandCharge, 'perKw' | 'tiers'>
