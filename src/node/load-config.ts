// The section `loadManagement` of an agent's configuration: when which loads go off, for prices and for demand.

import { z } from 'zod'
import { type CourseEntry, minuteOf } from '../protection/load/daily-course.ts'
import type { DemandSettings } from '../protection/load/demand-window.ts'
import { type Price, priceOf } from '../protection/load/price.ts'
import { isTimeZone } from './local-time.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
/** In quotes: YAML would make a binary number of it. */
export const priceText = z
  .string({ error: 'want a decimal number in quotes, such as "0.80"' })
  .refine(text => priceOf(text) !== undefined, 'want a decimal number in quotes, of six places at most')
export const timeZone = z
  .string()
  .refine(isTimeZone, 'want the name of a time zone, such as America/Chicago')
  .default('UTC')
const seconds = z.number().min(0).max(86_400)
const minutes = z.number().min(1).max(1440)

export const courseSchema = z
  .array(
    z
      .object({
        /** Local time from which it holds, until the next entry. */
        from: z.string().refine(text => minuteOf(text) !== undefined, 'want a time of day in quotes, such as "06:00"'),
        perKwh: priceText,
        days: z.array(z.enum(DAYS)).min(1).optional(),
      })
      .strict(),
  )
  .max(200)

const demandSchema = z
  .object({
    limitKw: z.number().positive(),
    window: z.enum(['block', 'rolling']).default('block'),
    windowMinutes: z.number().int().min(1).max(60).default(15),
    /** Of a rolling window. */
    stepMinutes: z.number().int().min(1).max(60).default(5),
    /** What comes on leaves so much below the limit. */
    marginKw: z.number().min(0).optional(),
  })
  .strict()
  .refine(({ window, windowMinutes, stepMinutes }) => window === 'block' || windowMinutes % stepMinutes === 0, {
    path: ['stepMinutes'],
    message: 'want a part of windowMinutes without remainder',
  })

const loadSchema = z
  .object({
    /** In the feeder file. */
    name,
    /** What goes off, by default as the feeder file has it. */
    kw: z.number().positive().optional(),
    /** 1 goes off last; by default as the feeder file has it. */
    priority: z.number().int().min(1).max(9).optional(),
    minOnSeconds: seconds.default(300),
    minOffSeconds: seconds.default(300),
    heeds: z
      .array(z.enum(['price', 'demand']))
      .min(1)
      .default(['price', 'demand']),
  })
  .strict()

export const loadManagementSchema = z
  .object({
    timeZone,
    /** What energy costs when nobody says otherwise by an order "price". */
    price: z
      .object({
        schedule: courseSchema.default([]),
        /** When neither an order nor the schedule says. */
        fallbackPerKwh: priceText.optional(),
      })
      .strict()
      .default({ schedule: [] }),
    /** Above it loads go off. */
    limits: courseSchema.default([]),
    demand: demandSchema.optional(),
    /** Loads of this IED, or of others that take its orders; by default all of this IED. */
    loads: z
      .array(loadSchema)
      .max(64)
      .refine(list => new Set(list.map(each => each.name)).size === list.length, { message: 'each load once' })
      .default([]),
    restoreSpreadSeconds: seconds.default(60),
    restoreGapSeconds: seconds.default(30),
    settleSeconds: seconds.default(15),
    rotateMinutes: minutes.default(30),
    /** A price or demand that is not known keeps what is off for so long. */
    blindMinutes: minutes.default(30),
    /** An order to another IED lasts so long, and is renewed: when this agent dies the load comes back. */
    orderMinutes: z.number().int().min(2).max(1440).default(10),
  })
  .strict()
  .refine(({ limits, demand }) => limits.length > 0 || demand !== undefined, {
    message: 'want limits, demand, or both: otherwise nothing is ever off',
  })
  .optional()

export type LoadManagementConfig = NonNullable<z.infer<typeof loadManagementSchema>>

export const courseOf = (entries: z.infer<typeof courseSchema>): CourseEntry<Price>[] =>
  entries.map(({ from, perKwh, days }) => ({
    fromMinute: minuteOf(from) as number,
    value: priceOf(perKwh) as Price,
    ...(days === undefined ? {} : { weekdays: new Set(days.map(day => DAYS.indexOf(day) + 1)) }),
  }))

/** @param maxGapMs between two measurements */
export const demandSettings = (
  { window, windowMinutes, stepMinutes }: z.infer<typeof demandSchema>,
  maxGapMs: number,
): DemandSettings => ({ kind: window, windowMs: windowMinutes * 60_000, stepMs: stepMinutes * 60_000, maxGapMs })
