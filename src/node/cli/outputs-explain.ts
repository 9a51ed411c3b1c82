// What `feedermesh why`, `ready` and `events --sequence` print with --json, as schemas: part of `outputs.ts`.

import { z } from 'zod'

const utc = z.iso.datetime()
const name = z.string()
const whole = z.number().int().nonnegative()
const utcQuality = z.enum(['good', 'uncertain', 'unset'])
const fields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const unanswered = z.array(z.object({ ied: name, reason: z.string() }))

export const explainOutputs = {
  why: z.union([
    z.object({
      event: z.string(),
      /** By which entries of several IEDs belong to it. */
      ids: z.array(z.string()),
      /** Of the first linked entry, by the clock of who asked. */
      startUtc: utc,
      rows: z.array(
        z.object({
          sinceStartMs: z.number(),
          /** How far off the place on this axis may be; null: only as good as that IED's UTC was. */
          plusMinusMs: z.number().nullable(),
          ied: name,
          number: whole,
          role: z.enum(['saw', 'heard', 'said', 'decided', 'did', 'did not']),
          words: z.string(),
          event: z.string(),
          utc,
          utcQuality,
          /** It names one of the ids; the others happened at the same time. */
          linked: z.boolean(),
          fields,
        }),
      ),
      clocks: z.array(
        z.object({
          ied: name,
          utcQuality,
          /** Its UTC against that of who asked, as measured with the answer. */
          offsetMs: z.number(),
          plusMinusMs: z.number(),
        }),
      ),
      unanswered,
    }),
    z.object({
      /** Without an event: those that the IEDs know of, the latest last. */
      recent: z.array(z.object({ event: z.string(), utc, ied: name, words: z.string(), entries: whole })),
      unanswered,
    }),
  ]),
  /** With --scenario. */
  'why-scenario': z.object({
    event: z.string(),
    file: z.string(),
    /** What is estimated, and what cannot be known. */
    notes: z.array(z.string()),
  }),
  ready: z.object({
    ieds: z.array(
      z.object({
        ied: name,
        device: name.optional(),
        position: z.enum(['open', 'closed', 'unknown']).optional(),
        /** What keeps it from acting at all, or makes it act less. */
        hindrances: z.array(
          z.object({
            what: z.string(),
            why: z.string(),
            /** `all`: nothing can be operated from here. `some`: the schemes say which. */
            stops: z.enum(['all', 'some']),
          }),
        ),
        schemes: z.array(z.object({ scheme: z.string(), ready: z.boolean(), why: z.string().optional() })),
      }),
    ),
    unanswered,
  }),
  'events-sequence': z.object({
    sequence: z.array(
      z.object({
        number: whole,
        utc,
        utcQuality,
        /** Boot epoch, and the monotonic clock within it. */
        epoch: whole,
        atMs: z.number(),
        event: z.string(),
        fields,
      }),
    ),
    /** With --after, when there may be more: what to give to the next --after. */
    next: z.string().optional(),
  }),
} as const
