// The scenario file of the simulator: a feeder, the conditions it runs under, what happens to it, and what must follow.
//
// This file holds the schema alone; `read-scenario.ts` reads YAML and checks every name and time in it.

import { z } from 'zod'
import { agentConfigFields } from '../../src/node/config.ts'
import { expectationSchema } from './expectation-schema.ts'
import { networkSchema, stepSchema } from './step-schema.ts'

const name = z.string().min(1).max(64)
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'want a time of day in quotes, such as "18:00"')

/**
 * How loads vary: the built-in working day, always the feeder file's values, or shares of these at times of day with
 * straight lines between, over midnight too.
 */
const loadShape = z.union(
  [
    z.enum(['day', 'flat']),
    z
      .array(z.tuple([timeOfDay, z.number().min(0).max(10)]))
      .min(1)
      .max(1440),
  ],
  { error: 'day, flat, or a list of [time of day, share]' },
)
export type LoadShape = z.infer<typeof loadShape>

const clock = z
  .object({
    /** Of the oscillator: parts per million fast. */
    driftPpm: z.number().min(-1000).max(1000).default(0),
    utcOffsetMs: z.number().min(-1e12).max(1e12).default(0),
    utcGood: z.boolean().default(true),
  })
  .strict()

/** What the simulator decides itself (who it is, whom it trusts, its device) stays as it is. */
const parts = agentConfigFields.pick({
  reactions: true,
  commands: true,
  peripherals: true,
  formulas: true,
  setpoints: true,
  loadManagement: true,
  generationManagement: true,
  billing: true,
  supplier: true,
  suppliers: true,
  interlock: true,
  earlyWarning: true,
  transferTrip: true,
  generatorProtection: true,
  enterService: true,
  position: true,
  equipment: true,
  metering: true,
  balance: true,
  reliability: true,
}).shape
const isPart = (key: string): key is keyof typeof parts => Object.hasOwn(parts, key)

/** Checked as the configuration's file is, and kept as it is written: what is not said here keeps its value. */
const configuration = z.record(z.string(), z.unknown()).superRefine((given, context) => {
  for (const [key, value] of Object.entries(given)) {
    const result = isPart(key) ? parts[key].safeParse(value) : undefined
    const issues = result?.error?.issues ?? []
    for (const { path, message } of issues) context.addIssue({ code: 'custom', path: [key, ...path], message })
    if (result !== undefined) continue
    const message = `no such part, want one of ${Object.keys(parts).join(', ')}`
    context.addIssue({ code: 'custom', path: [key], message })
  }
})

export const simScenarioSchema = z
  .object({
    feedermesh: z.literal(1),
    /** The scenario's name. */
    simulation: z.string().min(1).max(100),
    description: z.string().exactOptional(),
    /** A file, relative to this one, or the name of a shipped feeder. */
    feeder: z.string().min(1),
    /** Decides everything that is left to chance. */
    seed: z
      .union([z.string().min(1).max(100), z.number().int()])
      .default(1)
      .transform(String),
    /** Virtual. Nothing is expected later. */
    forSeconds: z.number().min(1).max(31_622_400),
    /** After that the run goes on for so long, so that the last readings arrive. By default two rounds of forwarding. */
    settleSeconds: z.number().nonnegative().max(86_400).exactOptional(),
    startUtc: z.iso
      .datetime('want a UTC time in quotes, such as "2026-06-01T16:00:00Z"')
      .default('2026-06-01T16:00:00Z'),
    startTimeOfDay: timeOfDay.default('18:00'),
    readingSeconds: z.number().int().min(1).max(3600).default(60),
    forwardingSeconds: z.number().min(0.2).max(3600).default(10),
    network: networkSchema.default({}),
    /** Errors of the clocks, by agent. */
    clocks: z.record(z.string(), clock).default({}),
    loadShape: loadShape.default('day'),
    /** Of single loads, in place of `loadShape`. */
    loadShapes: z.record(z.string(), loadShape).default({}),
    /** Where devices stand when the run begins; the others in their normal position. */
    positions: z.record(z.string(), z.enum(['open', 'closed'])).default({}),
    /** By agent: parts of its configuration, as its file has them, in place of the simulator's. */
    agents: z.record(z.string(), configuration).default({}),
    /** Whether the IEDs of switching devices isolate faults and restore what is healthy. */
    restoration: z.boolean().default(false),
    steps: z.array(stepSchema).max(10_000).default([]),
    expect: z.array(expectationSchema).max(10_000).default([]),
    /** Whether the fuzzer's invariants must hold too. */
    invariants: z.boolean().default(false),
  })
  .strict()

export type SimScenario = z.infer<typeof simScenarioSchema>
export type SimScenarioInput = z.input<typeof simScenarioSchema>
export { name as nameSchema }
