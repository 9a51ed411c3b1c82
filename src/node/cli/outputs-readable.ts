// What `feedermesh readable` prints with `--json`, as a schema: part of `outputs.ts`.

import { z } from 'zod'
import { recordClasses } from '../../aggregation/record.ts'

const count = z.number().int().nonnegative()

export const readableOutputs = {
  readable: z.object({
    /** Of the latest records of each IED. */
    readable: z.array(
      z.object({
        ied: z.string(),
        /** Whose it is. */
        organisation: z.string(),
        class: z.enum(recordClasses),
        /** Records that this peer can read. */
        readable: count,
        /** Of these it has the header alone: the class is not granted to it, or the IED has let go of the body. */
        headersOnly: count,
      }),
    ),
  }),
} as const
