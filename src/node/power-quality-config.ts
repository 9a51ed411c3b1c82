// The section `powerQuality` of an agent's configuration: what its monitor judges by. All of it has a default.

import { z } from 'zod'
import { qualityDefaults } from '../protection/power-quality/settings.ts'

const { sagPu, swellPu, interruptionPu, hysteresisPu, assumedMs, rapidChangePu, thd, unbalance, frequency } =
  qualityDefaults
const { collapsePu, currentRise, reference } = qualityDefaults

const schema = z
  .object({
    /** Line to neutral, primary. That of its node in the feeder file by default. */
    nominalVolts: z.number().positive().max(1_200_000).optional(),
    sagPu: z.number().min(0.5).max(0.99).default(sagPu),
    swellPu: z.number().min(1.01).max(1.8).default(swellPu),
    interruptionPu: z.number().min(0.005).max(0.4).default(interruptionPu),
    hysteresisPu: z.number().min(0).max(0.1).default(hysteresisPu),
    /** An event that lasts is judged as if it lasted so long. */
    assumedMs: z.number().min(0).max(60_000).default(assumedMs),
    rapidChangePu: z.number().min(0.01).max(0.06).default(rapidChangePu),
    thd: z.number().min(0.005).max(1).default(thd),
    unbalance: z.number().min(0.002).max(1).default(unbalance),
    /** Of nominal frequency. */
    frequency: z.number().min(0.0005).max(0.15).default(frequency),
    collapsePu: z.number().min(0.1).max(0.9).default(collapsePu),
    currentRise: z.number().min(1.05).max(20).default(currentRise),
    reference: z.enum(['nominal', 'sliding']).default(reference),
    /** Whether what its own waveforms show warns those downstream of the sections that it observes. */
    warnsOthers: z.boolean().default(true),
  })
  .strict()
  .refine(each => each.interruptionPu + each.hysteresisPu < each.sagPu, {
    path: ['interruptionPu'],
    message: 'below sagPu by more than hysteresisPu',
  })

export const powerQualitySchema = schema.default(schema.parse({}))
export type PowerQualityConfig = z.infer<typeof schema>
