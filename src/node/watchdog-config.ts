// The section `watchdog` of an agent's configuration.

import { z } from 'zod'

export const watchdogSchema = z
  .object({
    /** An output of the field device, see `outputs` of the device map, that changes at each feeding while all is well. */
    output: z.string().min(1).max(64).optional(),
    /** How often. A service manager that wants it more often is obeyed. */
    everyMs: z.number().int().min(50).max(60_000).default(1000),
    /** By so much the protection loop may be late. */
    latenessMs: z.number().int().min(20).max(60_000).default(250),
  })
  .strict()
  .default({ everyMs: 1000, latenessMs: 250 })
