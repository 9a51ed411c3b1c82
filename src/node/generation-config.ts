// The section `generationManagement` of an agent's configuration: which generators run and where loads are fed from.

import { z } from 'zod'
import { MAX_PLANS, planCount, quantities } from '../protection/load/dispatch.ts'
import { courseSchema, priceText, timeZone } from './load-config.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const minutes = z.number().min(0).max(10_080)
const prices = z
  .object({ schedule: courseSchema.default([]), fallbackPerKwh: priceText.optional() })
  .strict()
  .default({ schedule: [] })
const goals = quantities.flatMap(quantity => [`minimise ${quantity}`, `maximise ${quantity}`])

const generator = z
  .object({
    /** In the feeder file. */
    name,
    /** What it gives when it runs, by default as the feeder file has it. */
    kw: z.number().positive().optional(),
    /** Of this IED's own device: less than `kw`, while this output of the device is on. */
    levels: z
      .array(z.object({ kw: z.number().positive(), output: z.string().min(1).max(64) }).strict())
      .max(8)
      .default([]),
    fuelPerKwh: priceText.default('0'),
    wearPerHour: priceText.default('0'),
    startCost: priceText.default('0'),
    minRunMinutes: minutes.default(0),
    minStopMinutes: minutes.default(0),
    /** It rests unless it is needed. */
    standby: z.boolean().default(false),
  })
  .strict()

const transfer = z
  .object({
    load: name,
    kw: z.number().positive().optional(),
    /** The switching devices by which its sources feed it; each operated by an IED. The first one is closed normally. */
    first: name,
    second: name,
    secondPerKwh: priceText,
    /** With neither closed. */
    pauseSeconds: z.number().min(0).max(60).default(1),
    /** It stays so long where it is. */
    minMinutes: minutes.default(30),
  })
  .strict()

export const generationManagementSchema = z
  .object({
    goal: z.enum(goals as [string, ...string[]]).default('minimise cost'),
    timeZone,
    /** What is bought and what is sold, per kWh. */
    price: prices,
    sell: prices,
    generators: z.array(generator).max(16).default([]),
    transfers: z.array(transfer).max(8).default([]),
    importLimitKw: z.number().min(0).optional(),
    exportLimitKw: z.number().min(0).optional(),
    /** Generators that run can always give so much. */
    reserveKw: z.number().min(0).default(0),
    /** For less nothing is switched: of the currency an hour, or kW. */
    leastGain: priceText.default('0'),
    everySeconds: z.number().min(5).max(3600).default(60),
    /** An order to another IED lasts so long, and is renewed. */
    orderMinutes: z.number().int().min(2).max(1440).default(10),
  })
  .strict()
  .refine(({ generators, transfers }) => generators.length + transfers.length > 0, {
    message: 'want generators or transfers',
  })
  .refine(
    ({ generators, transfers }) => {
      const names = [...generators.map(each => each.name), ...transfers.map(({ load }) => load)]
      return new Set(names).size === names.length
    },
    { message: 'each generator and load once' },
  )
  .refine(
    ({ generators, transfers }) =>
      planCount(
        generators.map(({ levels }) => levels.length + 1),
        transfers.length,
      ) <= MAX_PLANS,
    { message: `more than ${MAX_PLANS} plans to compare: want fewer generators, levels or transfers` },
  )
  .optional()

export type GenerationConfig = NonNullable<z.infer<typeof generationManagementSchema>>
