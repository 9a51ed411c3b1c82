// What `feedermesh reliability` and `feedermesh outages` print with `--json`: part of `outputs.ts`.

import { z } from 'zod'

const whole = z.number().int().nonnegative()
const number = z.number().optional()
/** `nines` is a bound when `isAtLeast`: no down time was seen. */
const availability = z.object({
  observedMs: z.number(),
  downMs: z.number(),
  availability: number,
  nines: number,
  isAtLeast: z.boolean(),
})
/** What cannot be divided is absent. */
const indices = z.object({
  customers: whole,
  customerInterruptions: z.number(),
  customerMinutes: z.number(),
  saifi: number,
  saidiMinutes: number,
  caidiMinutes: number,
  caifi: number,
  asai: number,
  maifi: number,
  maifiE: number,
  asifi: number,
  asidiMinutes: number,
})

export const reliabilityOutputs = {
  reliability: z.object({
    fromUtcMs: whole,
    toUtcMs: whole,
    /** Whose days count: of interruptions, and of dates that were asked for. */
    timeZone: z.string(),
    ieds: z.array(
      z.object({
        ied: z.string(),
        customers: whole,
        sustained: whole,
        momentary: whole,
        power: availability,
        /** Sags and swells outside the ITIC curve count as down too. */
        quality: availability,
        plannedMs: z.number(),
        unknownMs: z.number(),
      }),
    ),
    indices,
    planned: indices,
    withoutMajorEvents: indices.optional(),
    /** Of the years with interruptions; of 2.5 beta, from up to five years before each. */
    thresholds: z.array(
      z.object({ year: whole, days: whole, alpha: z.number(), beta: z.number(), thresholdMinutes: z.number() }),
    ),
    majorEventDays: z.array(z.string()),
    /** Share of customers with three sustained interruptions or more. */
    cemi3: number,
    /** Share of customers with one interruption, or all together, of eight hours or more. */
    celid8: z.object({ single: number, total: number }),
    power: availability,
    quality: availability,
    /** The least reliable first. */
    blamed: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['segment', 'zone', 'source', 'generator']),
        events: whole,
        downMs: z.number(),
        customerMinutes: z.number(),
        unavailability: z.number(),
        basis: z.enum(['time', 'on-demand']),
        starts: z.object({ required: whole, failed: whole, late: whole }).optional(),
      }),
    ),
    leastReliable: z.string().nullable(),
    /** Nines of the supply's parts one behind the other, and of generators beside them, as if they failed independently. */
    parts: z.object({
      supply: number,
      withGenerators: number,
      /** How much less unavailable the whole would be if this part never failed. */
      importance: z.array(z.object({ part: z.string(), importance: z.number() })),
    }),
    /** Of these the collected records were used: they did not answer. */
    fromRecords: z.array(z.string()),
    unanswered: z.array(z.object({ ied: z.string(), reason: z.string() })),
    /** The oldest of who had more than one answer holds: indices and blame lack them, down times and nines do not. */
    leftOut: z.array(
      z.object({
        ied: z.string(),
        /** Of this one; of the IED's supply when absent. */
        generator: z.string().optional(),
        interruptions: whole,
        of: z.enum(['period', 'years before']),
      }),
    ),
  }),
  outages: z.object({
    outages: z.array(
      z.object({
        top: z.string(),
        /** The first toward the source that lives; null: the source is in question. */
        above: z.string().nullable(),
        zone: z.string(),
        devices: z.array(z.string()),
        sections: z.array(z.string()),
        gasped: z.array(z.string()),
        silent: z.array(z.string()),
        contradicting: z.array(z.string()),
        customers: whole,
        sinceUtc: z.iso.datetime().nullable(),
        confidence: z.number(),
      }),
    ),
    /** The latest first. */
    returned: z.array(z.object({ ied: z.string(), atUtc: z.iso.datetime(), lastedSeconds: z.number() })),
  }),
} as const
