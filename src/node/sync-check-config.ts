// The section `syncCheck` of an agent's configuration: when the two sides of the own switching device are in step.

import { z } from 'zod'

export const syncCheckSchema = z
  .object({
    /** Of what is joined: the limits of IEEE 1547-2018, table 5. Without it the narrowest: 0.1 Hz, 3 %, 10 degrees. */
    mva: z.number().positive().max(10).default(10),
    /** Above this share of nominal voltage a side is live. */
    livePu: z.number().min(0.7).max(0.9).default(0.8),
    /** How long the two must have been in step. */
    lastsMs: z.number().int().min(100).max(5000).default(500),
  })
  .strict()
  .default({ mva: 10, livePu: 0.8, lastsMs: 500 })
