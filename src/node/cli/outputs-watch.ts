// What `feedermesh degradation` and `feedermesh site-test` print with `--json`, as schemas: part of `outputs.ts`.

import { z } from 'zod'
import { results } from '../../protection/command.ts'
import { degradationMeasures } from '../../protection/degradation-measures.ts'
import { testEnds } from '../../protection/site-test.ts'
import { testFaultKinds } from '../../protection/site-test-fault.ts'

const whole = z.number().int().nonnegative()

const at = z.number()
const report = z.object({
  test: z.string(),
  ied: z.string(),
  starter: z.string(),
  section: z.string(),
  kind: z.enum(testFaultKinds),
  /** Of the played current. */
  amps: z.number(),
  /** Devices that carry it, the nearest to the fault first. */
  path: z.array(z.string()),
  ended: z.enum([...testEnds, 'runs']),
  /** What this IED would have done; `atMs` here and below: since the played fault began. */
  operations: z.array(
    z.object({ atMs: at, operation: z.string(), device: z.string(), cause: z.string(), id: z.string().optional() }),
  ),
  /** Devices anywhere that would have opened, and closed, as their IEDs said. */
  opened: z.array(z.object({ atMs: at, device: z.string() })),
  closed: z.array(z.object({ atMs: at, device: z.string() })),
  /** Attached computers that would have been told: the program that would have run, or where the request would have gone. */
  hosts: z.array(
    z.object({
      atMs: at,
      name: z.string(),
      does: z.string(),
      event: z.enum(['warning', 'all-clear']),
      severity: z.string().optional(),
      kind: z.string().optional(),
      timeLeftMs: whole.optional(),
    }),
  ),
  /** Of the second instance of the protection: what it would have reported. */
  events: z.array(z.looseObject({ event: z.string(), atMs: at })),
  messages: z.array(
    z.object({
      atMs: at,
      /** Of the real message. */
      type: z.string(),
      origin: z.string(),
      /** At the most, by the links. */
      latencyMs: z.number().optional(),
    }),
  ),
  /** Operations, events and messages beyond what is kept. */
  notKept: whole,
})

/** The answer of one IED. */
export const siteTestReport = z.object({ ied: z.string(), tests: z.array(report).max(1) })

export const watchOutputs = {
  'site-test': z.object({
    /** Where it was started. */
    ied: z.string(),
    result: z.enum(results),
    words: z.string(),
    /** Concerned, and refused or out of reach. */
    notInTest: z.array(z.object({ ied: z.string(), reason: z.string() })),
    reports: z.array(report),
    unanswered: z.array(z.object({ ied: z.string(), reason: z.string() })),
  }),
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
