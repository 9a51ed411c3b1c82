// What `feedermesh delivery` prints with `--json`, as a schema: part of `outputs.ts`.

import { z } from 'zod'
import { recordClasses } from '../../aggregation/record.ts'

export const deliveryOutputs = {
  delivery: z.object({
    delivery: z.array(
      z.object({
        class: z.enum(recordClasses),
        /** When its records go. */
        when: z.string(),
        /** Records that wait for that, at most 1,000. */
        waiting: z.number().int().nonnegative(),
      }),
    ),
  }),
}
