// What `feedermesh command --json` prints: the outcome of an order, or where it was saved for a second person.

import { z } from 'zod'
import { reasons, results } from '../../protection/command.ts'

const name = z.string()

export const commandOutput = z.union([
  z.object({
    ied: name,
    order: z.string(),
    result: z.enum(results),
    words: z.string(),
    reason: z.enum(reasons).optional(),
    position: z.enum(['open', 'closed', 'unknown']).optional(),
    shed: z.boolean().optional(),
    parts: z.array(z.object({ ied: name, device: name, result: z.enum(results), words: z.string() })).optional(),
    /** Whom the same order is for next. */
    next: name.optional(),
    /** The order's number: the same one for the same order, however often it is sent. */
    command: z.string(),
  }),
  z.object({ saved: z.string(), ied: name, order: z.string(), lifetimeSeconds: z.number() }),
])
