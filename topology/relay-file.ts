// The relay of a device in the feeder file: its overcurrent stages, how it recloses, how a sectionalizer counts, and groups
// of settings among which people change.

import { z } from 'zod'

/** Family and curve: "very inverse" alone would be three different curves. */
export const curveNames = [
  'iec.si',
  'iec.vi',
  'iec.ei',
  'iec.lti',
  'iec.sti',
  'ieee.mi',
  'ieee.vi',
  'ieee.ei',
  'us.u1',
  'us.u2',
  'us.u3',
  'us.u4',
  'us.u4b',
  'us.u5',
] as const

const amps = z.number().positive()
const milliseconds = z.number().nonnegative()

const constants = z
  .object({
    k: z.number().positive(),
    c: z.number().nonnegative().default(0),
    alpha: z.number().positive().max(10),
    tr: z.number().positive().optional(),
    alphaR: z.number().positive().max(10).optional(),
  })
  .strict()
  .describe("A curve of one's own: T × (k / (M^alpha − 1) + c), reset T × tr / (1 − M^alphaR). Seconds.")
const points = z
  .object({
    points: z
      .array(z.tuple([z.number().positive(), z.number().positive()]))
      .min(2)
      .max(200)
      .refine(
        list => list.every(([m, s], n) => n === 0 || (m > (list[n - 1]?.[0] ?? 0) && s <= (list[n - 1]?.[1] ?? 0))),
        'want a greater multiple at each point and never more seconds',
      ),
  })
  .strict()
  .describe('[multiple of pickup, seconds], straight between the points on log-log paper.')

const reset = z
  .union([
    z.enum(['instantaneous', 'inverse']),
    z.object({ afterMs: milliseconds }).strict(),
    z.object({ tr: z.number().positive(), alphaR: z.number().positive().max(10) }).strict(),
  ])
  .describe(
    'What it forgets below pickup: all at once (the default), all after `afterMs`, or at the pace of a disc (`inverse`, ' +
      'by the constants of the curve or by its own: makers differ on those of the IEC curves).',
  )

const timing = {
  pickupAmps: amps.describe('Primary amperes RMS; it picks up above, not at it.'),
  delayMs: milliseconds.optional().describe('Definite time: picked up without a break for so long.'),
  curve: z
    .union([z.enum(curveNames), constants, points])
    .optional()
    .describe('Inverse time, in place of `delayMs`.'),
  timeMultiplier: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe('Time multiplier of an IEC curve, time dial of an IEEE or US one. With `curve`.'),
  maxMultiple: z
    .number()
    .min(2)
    .max(100)
    .optional()
    .describe('Definite time above so many times pickup; 20 by default.'),
  minimumMs: milliseconds.optional().describe('It never trips sooner by its curve.'),
  reset: reset.optional(),
}

type Timing = z.infer<z.ZodObject<typeof timing>>

function oneTiming(stage: Timing, { addIssue }: z.RefinementCtx): void {
  const { delayMs, curve, timeMultiplier, maxMultiple, minimumMs } = stage
  const complain = (path: string, message: string): void => addIssue({ code: 'custom', path: [path], message })
  if (delayMs === undefined && curve === undefined) {
    complain('delayMs', 'is missing, want a definite time (delayMs), or a curve with its timeMultiplier')
  }
  if (delayMs !== undefined && curve !== undefined) {
    complain('curve', 'stands beside delayMs, want one of the two in a stage')
  }
  if (curve !== undefined && timeMultiplier === undefined) {
    complain('timeMultiplier', 'is missing, want the time multiplier or dial of the curve')
  }
  if (curve !== undefined) return
  for (const [key, value] of Object.entries({ timeMultiplier, maxMultiple, minimumMs })) {
    if (value !== undefined) complain(key, 'stands without a curve, want it with one only')
  }
}

const stageObject = z.object(timing).strict()
const instantaneous = z
  .object({ pickupAmps: amps, delayMs: milliseconds.default(0) })
  .strict()
  .describe('A second, high stage (50): above the highest fault at the next device downstream.')
const ground = stageObject
  .extend({ instantaneous: instantaneous.optional() })
  .superRefine(oneTiming)
  .describe('On the sum of the phase currents, 3I0.')

export const relayFile = stageObject
  .extend({
    ground: ground.optional(),
    instantaneous: instantaneous.optional(),
    fast: stageObject
      .extend({ ground: stageObject.superRefine(oneTiming).optional() })
      .superRefine(oneTiming)
      .optional()
      .describe(
        "The recloser's fast curve: counts beside the others for the first `reclose.fastShots` trips (fuse saving).",
      ),
    highSet: z
      .object({ pickupAmps: amps, groundPickupAmps: amps.optional() })
      .strict()
      .optional()
      .describe(
        'What starts the fast trip of the interlock: above cold-load and inrush current of all that lies below, ' +
          'below the least fault of the own zone. Without it there is no fast trip.',
      ),
  })
  .superRefine(oneTiming)
  .describe('Overcurrent relay of the device (breaker or recloser).')

export const recloseFile = z
  .object({
    deadTimesMs: z.array(z.number().positive()).min(1).max(4),
    resetMs: z
      .number()
      .positive()
      .default(30_000)
      .describe('So long closed without pickup, and the shots count from the first again.'),
    fastShots: z
      .number()
      .int()
      .min(0)
      .max(4)
      .optional()
      .describe(
        'So many of the first trips may be by `relay.fast`, before a fuse below has melted (fuse saving); 0, the ' +
          'default: never (fuse blowing).',
      ),
    sequenceCoordination: z
      .boolean()
      .optional()
      .describe(
        'A current that picks it up during a fast shot and goes away without a trip of its own counts as a shot: another ' +
          'recloser below has tripped, and both go on to their slow curves together.',
      ),
  })
  .strict()
  .describe('What the relay does by itself after its own trips, one dead time for each shot; then it locks out.')

export const sectionalizerFile = z
  .object({
    actuatingAmps: amps.describe('Some 80 % of the least trip of the recloser upstream.'),
    counts: z.number().int().min(1).max(4).describe('Its upstream’s trips to lockout, less one.'),
    memoryMs: z
      .number()
      .positive()
      .default(60_000)
      .describe('It forgets its counts so long after the last one: longer than the whole sequence upstream.'),
    restraintAmps: z
      .number()
      .positive()
      .default(0.5)
      .describe('While more flows, somebody downstream has cleared the fault, and nothing is counted.'),
    inrushRestraintMs: milliseconds
      .default(0)
      .describe('After its current has come back, nothing below twice the actuating level counts for so long.'),
  })
  .strict()
  .describe(
    'A sectionalizer’s own counter: it counts when its current rose above the actuating level and then fell to nothing, ' +
      'and opens while the line is dead.',
  )

export const settingsGroupsFile = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'want a short name of small letters, digits and "-"'),
    z.object({ relay: relayFile, reclose: recloseFile.optional() }).strict(),
  )
  .refine(groups => Object.keys(groups).length <= 8, 'want eight groups at the most')
  .describe(
    'Other settings of the same relay, by name, for people or a restoration to change over to: each in place of `relay` ' +
      'and `reclose` as a whole.',
  )

export type RelayEntry = z.infer<typeof relayFile>
export type StageEntry = z.infer<typeof stageObject>
export type InstantaneousEntry = z.infer<typeof instantaneous>
export type RecloseEntry = z.infer<typeof recloseFile>
export type SectionalizerEntry = z.infer<typeof sectionalizerFile>
