// What `feedermesh readings --load-profile` prints with --json.

import { z } from 'zod'

const utc = z.iso.datetime()
const value = z.number().nullable()

export const loadProfileOutput = z.object({
  'load-profile': z.array(
    z.object({
      ied: z.string(),
      number: z.number().int(),
      startUtc: utc,
      endUtc: utc,
      /** Of all phases, at the end of the interval; positive flows downstream. */
      kw: value,
      kwA: value,
      kwB: value,
      kwC: value,
      /** Line to neutral, at the end. */
      voltsA: value,
      voltsB: value,
      voltsC: value,
      probes: z.record(z.string(), z.number()),
      flags: z.array(z.string()),
    }),
  ),
  /** With --after, when there may be more: what to give to the next --after. */
  next: z.string().optional(),
})
