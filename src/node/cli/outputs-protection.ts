// What `feedermesh protection … --json` prints, as schemas: part of `outputs.ts`.

import { z } from 'zod'

const names = z.array(z.string())
const amps = z.object({ phase: z.number(), residual: z.number() })
const bound = z.object({ amps: z.number(), what: z.string() })
const point = z.object({
  /** `between` where it is none of the studied faults. */
  fault: z.string(),
  lowerAmps: amps,
  upperAmps: amps,
  lowerMs: z.number(),
  upperMs: z.number(),
  marginMs: z.number(),
})

export const protectionOutputs = {
  'protection-coordination': z.object({
    feeder: z.string(),
    /** Every margin is kept, or allowed. */
    ok: z.boolean(),
    groundOhm: z.number(),
    states: z.array(
      z.object({
        /** `normal`, or what differs from it. */
        state: z.string(),
        devices: z.array(
          z.object({
            device: z.string(),
            kind: z.string(),
            above: z.string().optional(),
            loadAmps: z.number(),
            loadResidualAmps: z.number(),
            elements: z.array(
              z.object({ name: z.string(), quantity: z.enum(['phase', 'residual']), pickupAmps: z.number() }),
            ),
            leastFaultAmps: z.number().optional(),
            largestFaultAmps: z.number().optional(),
            highSet: z
              .object({
                pickupAmps: z.number().optional(),
                groundPickupAmps: z.number().optional(),
                above: bound,
                below: bound.optional(),
              })
              .optional(),
          }),
        ),
        margins: z.array(
          z.object({
            state: z.string(),
            /** Nearer to the fault. */
            lower: z.string(),
            upper: z.string(),
            rule: z.enum(['relay-relay', 'fast-relay', 'fuse-relay', 'fuse-saving', 'relay-fuse', 'fuse-fuse']),
            of: z.enum(['phase', 'ground']),
            wantedMs: z.number(),
            finding: z.enum(['right', 'violated', 'no backup']),
            ok: z.boolean(),
            largest: point.optional(),
            least: point.optional(),
            tightest: point.optional(),
            withoutBackup: names,
          }),
        ),
        converged: z.boolean(),
      }),
    ),
  }),
} as const
