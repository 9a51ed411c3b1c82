// The section `degradation` of an agent's configuration: what slowly grows worse on the feeder, and when to say so.

import { z } from 'zod'
import { degradationLimits } from '../protection/degradation-measures.ts'

const positive = z.number().positive().max(1_000_000)
const limits = z
  .object(
    Object.fromEntries(Object.entries(degradationLimits).map(([key, limit]) => [key, positive.default(limit)])) as {
      [measure in keyof typeof degradationLimits]: z.ZodDefault<typeof positive>
    },
  )
  .strict()

const schema = z
  .object({
    /** At each measure's own scale; see docs/protection.md. */
    limits: limits.default(limits.parse({})),
    /** What is averaged, and how often the others are told. */
    slotSeconds: z.number().int().min(5).max(3600).default(600),
    /** A trend is one of whole periods, so that the daily swing of load is none. */
    periodSeconds: z.number().int().min(20).max(604_800).default(86_400),
    /** An alert when a trend crosses its limit within so many periods. */
    horizonPeriods: z.number().min(1).max(365).default(30),
  })
  .strict()
  .refine(
    ({ slotSeconds, periodSeconds }) => {
      const slots = periodSeconds / slotSeconds
      return slots >= 3 && slots <= 1440
    },
    { path: ['periodSeconds'], message: '3 to 1440 times slotSeconds' },
  )

export const degradationSchema = schema.default(schema.parse({}))
export type DegradationConfig = z.infer<typeof schema>
