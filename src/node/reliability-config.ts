// The section `reliability` of an agent's configuration.

import { z } from 'zod'

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
  })
  .strict()

export const reliabilitySchema = schema.default(schema.parse({}))
export type ReliabilityConfig = z.infer<typeof schema>
