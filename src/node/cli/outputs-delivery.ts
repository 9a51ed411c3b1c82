// What `feedermesh delivery`, `roll-up` and `history --asked` print with `--json`, as a schema: part of `outputs.ts`.

import { z } from 'zod'
import { recordClasses } from '../../aggregation/record.ts'
import { askStates } from '../kept-asks.ts'

export const deliveryOutputs = {
  'history-asked': z.object({
    asked: z.array(
      z.object({
        ied: z.string(),
        fromUtc: z.iso.datetime(),
        toUtc: z.iso.datetime(),
        /** Empty: all of them. */
        classes: z.array(z.enum(recordClasses)),
        askedUtc: z.iso.datetime(),
        by: z.string(),
        state: z.enum(askStates),
        /** The last record of the IED's ledger when it was asked; 0 while that is not known. */
        upTo: z.number().int().nonnegative(),
        /** Bodies that are not here, and those that the IED says are gone; 0 while it is asked. */
        lacking: z.number().int().nonnegative(),
        gone: z.number().int().nonnegative(),
        words: z.string(),
      }),
    ),
  }),
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
