// What `feedermesh delivery` and `roll-up` print with `--json`, as a schema: part of `outputs.ts`.

import { z } from 'zod'
import { recordClasses } from '../../aggregation/record.ts'

export const deliveryOutputs = {
  'roll-up': z.object({
    rollUp: z.array(
      z.object({
        level: z.enum(['group', 'feeder']),
        name: z.string(),
        members: z.number().int().positive(),
        /** Empty while none is known; that of the feeder is known to the groups' aggregators alone. */
        aggregator: z.string(),
        /** Batches that went from here through the feeder's aggregator since the start, and were receipted. */
        through: z.number().int().nonnegative(),
        /** Batches that this IED took for others as the feeder's aggregator. */
        handedOn: z.number().int().nonnegative(),
      }),
    ),
  }),
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
