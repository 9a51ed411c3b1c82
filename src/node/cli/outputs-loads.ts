// What `feedermesh loads --json` prints.

import { z } from 'zod'
import { ranks } from '../../protection/load/precedence.ts'

const wish = z.enum(['on', 'off'])
const exact = z.string().regex(/^-?\d+(\.\d+)?$/)

export const loadsOutput = z.object({
  loads: z.array(
    z.object({
      name: z.string(),
      /** The part that may be shed, or the contactor of the whole. */
      output: z.enum(['sheddable', 'main']),
      state: z.enum(['on', 'off', 'unknown']),
      /** This agent took it off, and brings it back when nobody wants it off any more. */
      ours: z.boolean(),
      /** The strongest first. */
      holds: z.array(
        z.object({
          rank: z.enum(ranks),
          by: z.string(),
          wish,
          why: z.string(),
          /** This is the word that counts. */
          counts: z.boolean(),
          untilUtc: z.iso.datetime().nullable(),
        }),
      ),
      /** Why what counts is not done. */
      heldBack: z.string().nullable(),
    }),
  ),
  management: z.object({
    load: z
      .object({
        perKwh: exact.nullable(),
        priceBy: z.string().nullable(),
        limitPerKwh: exact.nullable(),
        demandKw: z.number().nullable(),
        /** Of the demand window that runs, at its end. */
        predictedKw: z.number().nullable(),
        /** Of the window that ended last. */
        lastDemandKw: z.number().nullable(),
        limitKw: z.number().nullable(),
        loads: z.array(
          z.object({
            load: z.string(),
            ied: z.string(),
            kw: z.number(),
            priority: z.number().int(),
            wanted: wish,
            why: z.string(),
            forSeconds: z.number().nullable(),
          }),
        ),
      })
      .optional(),
    generation: z
      .object({
        goal: z.string(),
        loadKw: z.number().nullable(),
        /** What the plan brings, a positive number is good, in the unit of the goal. */
        value: z.string().nullable(),
        why: z.string(),
        units: z.array(z.object({ name: z.string(), ied: z.string(), wanted: z.string(), why: z.string() })),
      })
      .optional(),
  }),
})
