// The section `reliability` of an agent's configuration.

import { z } from 'zod'
import { zoneClock } from '../aggregation/local-time.ts'

const schema = z
  .object({
    /** So long the supply must be gone before the last gasp is said. */
    confirmSeconds: z.number().min(0.1).max(60).default(1),
    /** Up to so much later; the message must leave within 100 ms. */
    jitterMs: z.number().min(0).max(90).default(80),
    /** A generator that delivers later than this after its order was late; never within six times as long, it failed. */
    startSeconds: z.number().min(1).max(3600).default(30),
    /** Interruptions that begin in one of these were announced: kept apart from the others. */
    planned: z
      .array(z.object({ fromUtc: z.iso.datetime(), toUtc: z.iso.datetime() }).strict())
      .max(200)
      .default([]),
    /** Organisations that may ask this IED for its interruptions and nines, beside those that get class `reliability`. */
    askedBy: z.array(z.string().min(1).max(64)).max(64).default([]),
    /** An interruption belongs to the day on which it began: by this calendar. Without it see `site-zone.ts`. */
    timeZone: z
      .string()
      .refine(zone => zoneClock(zone) !== undefined, 'no such time zone, want a name such as Europe/Berlin')
      .optional(),
    /** Polls the others so often, and reports which segment or source is the least reliable; 0: only when asked. */
    pollMinutes: z.number().min(0).max(10_080).default(0),
  })
  .strict()

export const reliabilitySchema = schema.default(schema.parse({}))
export type ReliabilityConfig = z.infer<typeof schema>
