// The section `softwareRelay` of an agent's configuration: the relay of a device that gives samples and has none of its own. Its
// overcurrent stages and its reclosing are those of the device in the feeder file; here is what else it has, and how.

import { z } from 'zod'

const pu = z.number().positive()
const ms = z.number().positive()

const element = z
  .object({
    kind: z.enum(['27', '59', '59N', '46', '47', '81U', '81O', '81R']),
    /** Of nominal voltage for 27, 59, 59N and 47; amperes for 46; Hz; Hz/s. */
    pickup: z.number().positive(),
    delayMs: z.number().nonnegative(),
    /** 27: one phase is enough, or all must be low. */
    phases: z.enum(['any', 'all']).optional(),
    /** 27 and 81: blocked below this voltage. */
    leastPu: z.number().min(0).max(1).optional(),
    /** 81R: over how long it looks. */
    windowMs: z.number().min(80).max(5000).optional(),
  })
  .strict()

const way = z.enum(['forward', 'backward'])
const directional = z
  .object({
    /** Which way the phase and ground stages look; absent: both ways. Forward is downstream. */
    phase: way.optional(),
    ground: way.optional(),
    phaseDegrees: z.number().min(0).max(90).default(45),
    groundDegrees: z.number().min(-95).max(30).default(-60),
    groundBy: z.enum(['3V0', 'V2']).default('3V0'),
    apertureDegrees: z.number().min(45).max(90).default(88),
    leastPu: pu.max(0.2).default(0.02),
    leastAmps: z.number().positive().default(5),
    memoryMs: ms.max(5000).default(1500),
    /** Where there is nothing to tell the direction by. */
    without: z.enum(['block', 'non-directional']).default('non-directional'),
  })
  .strict()

export const softwareRelaySchema = z
  .object({
    /** `base`: `relay` and `reclose` of the device; else one of its `settingsGroups`. */
    group: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
      .default('base'),
    /** Of each pickup. */
    dropoutRatio: z.number().min(0.5).max(1).default(0.95),
    elements: z.array(element).max(32).default([]),
    directional: directional.optional(),
    breakerFailure: z
      .object({
        /** By default a tenth of the phase pickup. */
        currentAmps: z.number().positive().optional(),
        retripMs: z.number().nonnegative().max(1000).default(50),
      })
      .strict()
      .default({ retripMs: 50 }),
    coldLoad: z
      .object({
        outageMs: ms.default(300_000),
        factor: z.number().min(1).max(3).default(2),
        lastsMs: ms.max(3_600_000).default(600_000),
      })
      .strict()
      .optional(),
    inrush: z
      .object({
        ratio: z.number().min(0.05).max(0.5).default(0.15),
        atMostMs: ms.max(5000).default(1000),
      })
      .strict()
      .optional(),
    /** A trip at more than this is not reclosed. */
    highCurrentLockoutAmps: z.number().positive().optional(),
    /** It recloses only while the far side shows that it is dead, as with generators downstream. */
    requiresDeadLine: z.boolean().default(false),
    /** The device must show within this that it has moved. */
    operatingMs: ms.max(60_000).default(2000),
    /** How long after a dead time it waits for what must be so before it closes. */
    conditionMs: z.number().nonnegative().max(600_000).default(10_000),
  })
  .strict()

export type SoftwareRelayConfig = z.infer<typeof softwareRelaySchema>
