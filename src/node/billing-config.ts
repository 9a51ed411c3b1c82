// The section `billing` of an agent's configuration: the tariff that holds here, and how often a bill is recorded.

import { z } from 'zod'

export const billingSchema = z
  .object({
    /** A tariff file; its path is relative to the configuration. */
    tariff: z.string().min(1),
    /** How often a bill of the own readings goes into the ledger; without it none does. */
    cycle: z.enum(['monthly', 'daily']).optional(),
  })
  .strict()
  .optional()
