// What `feedermesh sim … --json` prints, as schemas: part of `outputs.ts`.

import { z } from 'zod'

const names = z.array(z.string())
/** Of one fault of a sweep. */
const verdict = z.enum([
  'right',
  'others tripped',
  'wrong device',
  'not cleared',
  'dark',
  'cleared in a loop',
  'no backup',
  'worse than alone',
])

/** A published figure beside the computed one. */
const comparedRow = z.object({
  place: z.string(),
  phase: z.string(),
  published: z.number(),
  computed: z.number(),
  deviation: z.number(),
})

/** Interrupted for more than five minutes. */
const sustained = z.object({ with: z.number(), without: z.number() })
/** With restoration, with a crew that switches by hand, and when all wait for the repair. */
const customerMinutes = z.object({ with: z.number(), byHand: z.number(), untilRepair: z.number() })

export const simOutputs = {
  'sim-run': z.union([
    z.object({
      event: z.literal('summary'),
      atMs: z.number(),
      ok: z.boolean(),
      seed: z.string(),
      /** How the run is had again; when something failed. */
      replay: z.string().optional(),
      commit: z.string().optional(),
      traceHash: z.string(),
      virtualSeconds: z.number(),
      realSeconds: z.number(),
      events: z.number().int(),
      expectations: z.array(z.object({ name: z.string(), ok: z.boolean(), measured: z.string() })),
    }),
    z.looseObject({ event: z.string(), atMs: z.number(), by: z.string() }),
  ]),
  'sim-sweep': z.object({
    feeder: z.string(),
    kinds: names,
    comms: names,
    resistanceOhm: z.number(),
    seed: z.string(),
    limitMs: z.number(),
    /** Every fault was cleared by the right device alone, or as --allow accepts. */
    ok: z.boolean(),
    summary: z.string(),
    cases: z.array(
      z.object({
        section: z.string(),
        kind: z.string(),
        comms: z.enum(['up', 'down', 'slow', 'lossy', 'partitioned', 'agent-dead', 'device-stuck']),
        ok: z.boolean(),
        verdict,
        /** Nearest that sees the fault. */
        expected: z.string().optional(),
        clearedBy: z.string().optional(),
        /** After the fault. */
        clearedMs: z.number().optional(),
        /** Through the nearest device that could interrupt it, largest phase. */
        faultAmps: z.number().optional(),
        alsoTripped: names,
        infeedTripped: names,
        staysDead: z.boolean(),
        generatorsLeft: names,
        why: z.string().optional(),
        seen: z.array(
          z.object({
            device: z.string(),
            kind: z.string(),
            amps: z.number(),
            pickupAmps: z.number(),
            ground: z.object({ amps: z.number(), pickupAmps: z.number() }).optional(),
            sees: z.boolean(),
          }),
        ),
        /** The same fault by time grading, without agents; absent where none were played. */
        alone: z.object({ verdict, clearedBy: z.string().optional(), clearedMs: z.number().optional() }).optional(),
        agents: z.array(z.object({ atMs: z.number(), ied: z.string(), operation: z.string(), cause: z.string() })),
      }),
    ),
  }),
  /** A fault that stays on each section, with restoration and without. */
  'sim-restoration': z.object({
    feeder: z.string(),
    seed: z.string(),
    byHandMinutes: z.number(),
    repairMinutes: z.number(),
    rows: z.array(
      z.object({
        section: z.string(),
        kind: z.string(),
        lockedOut: z.string().optional(),
        /** From the fault. */
        lockoutMs: z.number().optional(),
        closings: z.array(
          z.object({
            device: z.string(),
            feeds: names,
            /** From the lockout to the closed device, read back: the sum of the next three. */
            afterMs: z.number(),
            noticingMs: z.number(),
            messagesMs: z.number(),
            travelMs: z.number(),
          }),
        ),
        /** From the lockout until the last closing. */
        restoredMs: z.number().optional(),
        noticingMs: z.number().optional(),
        messagesMs: z.number().optional(),
        travelMs: z.number().optional(),
        /** Real time on this machine, of one decision. */
        decidingMs: z.number().optional(),
        customers: z.object({ interrupted: z.number(), restored: z.number(), waiting: z.number() }),
        sustained,
        customerMinutes,
      }),
    ),
    totals: z.object({
      faults: z.number().int(),
      restored: z.number().int(),
      slowestMs: z.number().optional(),
      slowestWithoutTravelMs: z.number().optional(),
      customerMinutes,
      sustained,
    }),
    /** None was slower than --within without travel, and restoration cost no customer-minutes. */
    ok: z.boolean(),
  }),
  'sim-verify': z.object({
    /** Every comparison is within its limit. */
    ok: z.boolean(),
    comparisons: z.array(
      z.object({
        feeder: z.string(),
        quantity: z.enum(['voltage', 'angle', 'current', 'branch loss', 'total', 'short circuit']),
        unit: z.string(),
        deviationUnit: z.enum(['%', 'degrees']),
        of: z.string(),
        limit: z.number(),
        rows: z.array(comparedRow),
        worst: comparedRow.optional(),
        ok: z.boolean(),
      }),
    ),
  }),
} as const
