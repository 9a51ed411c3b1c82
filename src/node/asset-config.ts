// The sections of an agent's configuration that say what a device is and where, what its equipment stands, how its energy is
// metered, and how a back-end peer balances energy.

import { z } from 'zod'
import { meteringSchema } from '../aggregation/assets/asset-records.ts'
import { ratingDefaults } from '../aggregation/assets/wear.ts'

/** Where the device was measured to be: by a surveyor, or in a file that a positioning receiver's program keeps. */
export const positionSchema = z
  .object({
    latitude: z.number().min(-90).max(90).optional(),
    longitude: z.number().min(-180).max(180).optional(),
    accuracyM: z.number().nonnegative().max(100_000).default(10),
    /** JSON, `{ "latitude": …, "longitude": …, "accuracyM": … }`; read every ten minutes. */
    file: z.string().min(1).optional(),
    /** Nearer than this to the registered place counts as there. */
    withinM: z.number().positive().max(100_000).default(100),
  })
  .strict()
  .refine(
    ({ latitude, longitude, file }) =>
      file === undefined
        ? latitude !== undefined && longitude !== undefined
        : latitude === undefined && longitude === undefined,
    'want latitude and longitude, or a file',
  )
export type PositionConfig = z.infer<typeof positionSchema>

/** Of the breaker or recloser that it operates, from the nameplate. Without it operations are counted and wear is not. */
export const equipmentSchema = z
  .object({
    breakingAmps: z.number().positive().max(200_000),
    /** Interruptions of `breakingAmps` that the contacts stand. */
    breaksAtRated: z.number().int().positive().max(100_000),
    exponent: z.number().min(1).max(3).default(ratingDefaults.exponent),
    mechanicalOperations: z.number().int().positive().max(1_000_000).default(ratingDefaults.mechanicalOperations),
  })
  .strict()

/** As an exact decimal; undefined for what is written with more places, or in another way. */
const exactText = (value: number): string | undefined =>
  /^-?\d{1,7}(\.\d{1,6})?$/.test(String(value)) ? String(value) : undefined

export const meteringConfigSchema = meteringSchema
  .extend({
    ctRatio: meteringSchema.shape.ctRatio.default(1),
    vtRatio: meteringSchema.shape.vtRatio.default(1),
    multiplier: meteringSchema.shape.multiplier.default(1),
  })
  .superRefine((given, context) => {
    const complain = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message })
    for (const key of ['ctRatio', 'vtRatio', 'multiplier', 'ratioErrorPercent'] as const)
      if (exactText(given[key] ?? 1) === undefined)
        complain(key, `${given[key]}, want a decimal with no more than six places`)
    const { ctRatio, vtRatio, multiplier, registers } = given
    const ratios = ctRatio * vtRatio
    if (registers === undefined && (ctRatio !== 1 || vtRatio !== 1))
      complain(
        'registers',
        `not said, with CT ${ctRatio} and VT ${vtRatio}: want secondary (registers are multiplied by them) or primary ` +
          '(the driver gives primary values already)',
      )
    if (registers === 'primary' && multiplier !== 1)
      complain('multiplier', `${multiplier}, but registers are primary: want 1, or registers: secondary`)
    if (registers === 'secondary' && multiplier !== 1 && Math.abs(multiplier - ratios) < 1e-9)
      complain(
        'multiplier',
        `${multiplier} is CT x VT, which secondary registers are multiplied by already: want the constant of the meter alone`,
      )
  })

const balance = z
  .object({
    /** What is balanced at once. */
    periodMinutes: z.number().int().min(1).max(44_640).default(1440),
    /** So many periods in a row beyond the limit are a finding. */
    periods: z.number().int().min(1).max(60).default(3),
    /** How many times its uncertainty a residual may be. */
    k: z.number().min(1).max(10).default(3),
    /** Of the technical loss, how much of it is not known. */
    lossUncertaintyShare: z.number().min(0).max(1).default(0.3),
    registerStepWh: z.number().min(0).max(1_000_000).default(100),
    /** Percent, of meters whose inventory does not say theirs. */
    accuracyClass: z.number().positive().max(10).default(1),
    /** A drop of a customer's energy by this share is a break. */
    breakShare: z.number().min(0.1).max(1).default(0.4),
    /** How far back a check looks: at least twice the periods of a finding, or no break can be seen. */
    lookBackPeriods: z.number().int().min(2).max(120).default(10),
  })
  .strict()
export const balanceSchema = balance.default(balance.parse({}))
export type BalanceConfig = z.infer<typeof balance>
