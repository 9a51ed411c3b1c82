// The configuration's section `restoration`.

import { z } from 'zod'

export const restorationSchema = z
  .object({
    /** Opens its device to isolate a fault, and closes it to feed what is dark. False: it answers, and operates nothing. */
    automatic: z.boolean().default(false),
  })
  .strict()
  .default({ automatic: false })
