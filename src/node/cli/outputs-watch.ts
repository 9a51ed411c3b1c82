// What `feedermesh degradation` and `feedermesh site-test` print with `--json`, as schemas: part of `outputs.ts`.

import { z } from 'zod'
import { degradationMeasures } from '../../protection/degradation-measures.ts'

const whole = z.number().int().nonnegative()

export const watchOutputs = {
  degradation: z.object({
    /** IEDs of which something is known now. */
    ieds: whole,
    /** The worst place first. */
    degradation: z.array(
      z.object({
        zone: z.string(),
        measure: z.enum(degradationMeasures),
        state: z.enum(['creeping', 'beyond']),
        /** At the measure's own scale: 0 is well, and more is worse. */
        level: z.number(),
        limit: z.number(),
        perDay: z.number().optional(),
        /** Until the trend crosses the limit. */
        daysLeft: z.number().optional(),
        sinceMinutes: whole,
        /** The worst first. */
        seenBy: z.array(z.string()),
        /** Of so many IEDs of the zone that measure it. */
        of: whole,
      }),
    ),
  }),
} as const
