// A scenario: what happens to a running feeder, when, and what must follow. Times count from the moment at which the
// mesh is ready: all agents up, all peers found, an aggregator elected.

import { z } from 'zod'
import { parseYaml } from '../../src/node/config.ts'
import { NodeError } from '../../src/node/node-error.ts'
import { parseWhat } from '../../src/node/order-words.ts'
import { reasons, verbs } from '../../src/protection/command.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { backEndOf } from '../agent-settings.ts'
import { fieldExpectationSchema } from '../run/expectation-schema.ts'
import { fieldStepSchemas } from '../run/step-schema.ts'
import { configurable } from './configured.ts'
import { fieldSeconds, isFieldStep, wrongInField } from './field-names.ts'

/** From the signing until it has been seen that nobody takes the peer in again. */
export const REVOKE_SECONDS = 6

const seconds = z.number().nonnegative().max(86_400)
const atSeconds = seconds

const disturb = z
  .object({
    atSeconds,
    disturb: z
      .object({ section: z.string(), residualPu: z.number().min(0).max(1), forSeconds: seconds.min(0.2) })
      .strict(),
    /** Who must be warned, and nobody else. By default those that the feeder file places below the section. */
    warns: z.array(z.string()).optional(),
    /** So soon after the origin's detection. */
    warnedWithinMs: z.number().positive().default(100),
  })
  .strict()
const fault = z
  .object({
    atSeconds,
    fault: z.object({ section: z.string() }).strict(),
    /** The device that must trip; all others must stay closed. */
    trips: z.string(),
    /** Operators upstream, who must be told and hold; nobody else upstream may be told. */
    told: z.array(z.string()),
    /** Generator controllers below, which must leave. */
    leaves: z.array(z.string()).default([]),
    withinMs: z.number().positive().default(2000),
    /** After the announcement. */
    toldWithinMs: z.number().positive().default(200),
    /** After the announcement: told, operated and read back. */
    leavesWithinMs: z.number().positive().default(1000),
  })
  .strict()
const kill = z
  .object({
    atSeconds,
    /** An IED's name, or the aggregator of the moment. SIGKILL: nothing is flushed, nobody is told. */
    kill: z.string(),
    restartAfterSeconds: seconds.min(0.5),
    replacedWithinMs: z.number().positive().default(2000),
  })
  .strict()
const cut = z
  .object({
    atSeconds,
    /** A back-end peer, whose link is cut for a while. */
    cut: z.string(),
    forSeconds: seconds.min(0.5),
    caughtUpWithinSeconds: seconds.default(15),
  })
  .strict()
const command = z
  .object({
    atSeconds,
    /** A person's signed order. */
    command: z
      .object({
        ied: z.string(),
        /** As on the command line: `open`, `de-energise s671-692`. */
        order: z.string(),
        /** Whose operator orders. By default the IED's own organisation's. */
        by: z.string().optional(),
        /** Two operators sign it. */
        people: z.union([z.literal(1), z.literal(2)]).default(1),
        /** The peer that passes it on. By default the IED itself is asked. */
        through: z.string().optional(),
        /** The same bytes are sent once more after the answer. */
        twice: z.boolean().default(false),
      })
      .strict(),
    result: z.enum(['done', 'refused']).default('done'),
    reason: z.enum(reasons).optional(),
    /** Until the answer is there, joining the mesh included. */
    withinMs: z.number().positive().default(8000),
  })
  .strict()
const revoke = z
  .object({
    atSeconds,
    /** Its owner's authority takes back what it issued to this IED. */
    revoke: z
      .object({
        ied: z.string(),
        /** The one agent to which the revocation is handed. By default the IED at the source. */
        at: z.string().optional(),
      })
      .strict(),
    /** From the first agent for which it counts to the last one that has cut the peer off. */
    cutWithinMs: z.number().positive().default(1000),
  })
  .strict()

/** What happens in the field has the simulator's words; what must follow stands under `expect`. */
const step = z.union([disturb, fault, kill, cut, command, revoke, ...fieldStepSchemas], {
  error:
    'atSeconds and one of disturb, fault, kill, cut, command, revoke, stuck, operate or end, with the keys that belong to it',
})
export type Step = z.infer<typeof step>
export type DisturbStep = z.infer<typeof disturb>
export type FaultStep = z.infer<typeof fault>
export type KillStep = z.infer<typeof kill>
export type CutStep = z.infer<typeof cut>
export type CommandStep = z.infer<typeof command>
export type RevokeStep = z.infer<typeof revoke>

/** Checked as the configuration's file is, and kept as it is written: what is not said here keeps its value. */
const sections = z.record(z.string(), z.unknown()).superRefine((given, context) => {
  for (const { path, message } of configurable.safeParse(given).error?.issues ?? [])
    context.addIssue({ code: 'custom', path: [...path], message })
})

const scenarioSchema = z
  .object({
    feedermesh: z.literal(1),
    feeder: z.string(),
    description: z.string().optional(),
    readingSeconds: z.number().int().min(1).max(3600).default(60),
    forwardingSeconds: z.number().min(0.2).max(3600).default(10),
    /** At the end: loads off, so that the meters stand still, and each back end compared with the meters' registers. */
    settle: z.boolean().default(false),
    /** How long that may take. It ends as soon as they agree. By default what readings and forwarding need, and 8 s. */
    settleSeconds: seconds.min(1).optional(),
    /** Orders that two people must sign, at every IED. */
    twoPerson: z.array(z.enum(verbs)).default([]),
    /** Whether the IEDs of switching devices isolate faults and restore what is healthy. */
    restoration: z.boolean().default(false),
    /** By IED, what its configuration has beside or instead of what `up` gives it. */
    agents: z.record(z.string(), sections).default({}),
    /** IEDs with a computer attached, which is told of warnings by a command and by an HTTP request. */
    computers: z.array(z.string()).max(16).default([]),
    steps: z.array(step).max(1000).default([]),
    /** What must follow, counted from steps by their names. */
    expect: z.array(fieldExpectationSchema).max(1000).default([]),
  })
  .strict()
export type Scenario = z.infer<typeof scenarioSchema>

export const quietScenario = (feeder: string): Scenario => scenarioSchema.parse({ feedermesh: 1, feeder })

/** @throws NodeError BAD_INPUT naming the step and what is unknown in it */
export function parseScenario(text: string, file: string, feeder: FeederFile): Scenario {
  const scenario = parseYaml(text, file, scenarioSchema)
  const has = (list: readonly { name: string }[], name: string) => list.some(entry => entry.name === name)
  const wrong: string[] = []
  if (scenario.feeder !== feeder.name)
    wrong.push(`feeder: "${scenario.feeder}", want ${feeder.name}, the one that is up`)
  scenario.steps.forEach((each, index) => {
    const want = (known: boolean, key: string, value: string, kind: string) => {
      if (!known) wrong.push(`steps.${index}.${key}: "${value}" is no ${kind} of feeder ${feeder.name}`)
    }
    if ('disturb' in each) {
      want(has(feeder.sections, each.disturb.section), 'disturb.section', each.disturb.section, 'section')
      for (const ied of each.warns ?? []) want(has(feeder.ieds, ied), 'warns', ied, 'IED')
    }
    if (isFieldStep(each)) return
    if ('fault' in each) {
      want(has(feeder.sections, each.fault.section), 'fault.section', each.fault.section, 'section')
      want(has(feeder.devices, each.trips), 'trips', each.trips, 'switching device')
      for (const ied of each.told) want(has(feeder.ieds, ied), 'told', ied, 'IED')
      for (const ied of each.leaves) want(has(feeder.ieds, ied), 'leaves', ied, 'IED')
    }
    if ('kill' in each && each.kill !== 'aggregator') want(has(feeder.ieds, each.kill), 'kill', each.kill, 'IED')
    if ('cut' in each) {
      const backEnds = [...new Set(feeder.ieds.map(({ organisation }) => `${organisation}-backend`))]
      want(backEnds.includes(each.cut), 'cut', each.cut, `back-end peer (${backEnds.join(', ')})`)
    }
  })
  wrong.push(...wrongOrders(scenario.steps, feeder), ...wrongInField(scenario, feeder))
  if (wrong.length > 0) throw new NodeError('BAD_INPUT', wrong.map(line => `${file}: ${line}`).join('\n'))
  return { ...scenario, steps: [...scenario.steps].sort((a, b) => a.atSeconds - b.atSeconds) }
}

function wrongOrders(steps: readonly Step[], feeder: FeederFile): string[] {
  const isIed = (name: string) => feeder.ieds.some(ied => ied.name === name)
  const organisations = new Set(feeder.ieds.map(({ organisation }) => organisation))
  const isPeer = (name: string) => isIed(name) || [...organisations].some(each => name === backEndOf(each))
  return steps.flatMap((each, index) => {
    const at = (key: string) => `steps.${index}.${key}`
    const wrong: string[] = []
    if ('command' in each) {
      const { ied, order, by, through } = each.command
      if (!isIed(ied)) wrong.push(`${at('command.ied')}: "${ied}" is no IED of feeder ${feeder.name}`)
      if (by !== undefined && !organisations.has(by))
        wrong.push(`${at('command.by')}: "${by}" is no organisation of feeder ${feeder.name}`)
      if (through !== undefined && !isPeer(through))
        wrong.push(`${at('command.through')}: "${through}" is no IED or back-end peer of feeder ${feeder.name}`)
      if (each.reason !== undefined && each.result !== 'refused')
        wrong.push(`${at('reason')}: belongs to result: refused`)
      try {
        parseWhat(order.trim().split(/\s+/))
      } catch (error) {
        wrong.push(`${at('command.order')}: ${(error as Error).message}`)
      }
    }
    if ('revoke' in each) {
      const { ied, at: through } = each.revoke
      if (!isIed(ied)) wrong.push(`${at('revoke.ied')}: "${ied}" is no IED of feeder ${feeder.name}`)
      if (through !== undefined && (!isPeer(through) || through === ied))
        wrong.push(`${at('revoke.at')}: "${through}" is no other IED or back-end peer of feeder ${feeder.name}`)
    }
    return wrong
  })
}

/** From loads off until each back end must have the last reading. */
export const settleSeconds = ({ readingSeconds, forwardingSeconds, settleSeconds: given }: Scenario): number =>
  given ?? readingSeconds + 2 * forwardingSeconds + 8

/** When the last step has shown what it expects, in seconds from ready. */
export function lengthSeconds({ steps, expect }: Pick<Scenario, 'steps' | 'expect'>): number {
  const ends = steps.map(each => {
    if (isFieldStep(each)) return fieldSeconds(each, expect)
    if ('disturb' in each) return each.atSeconds + each.disturb.forSeconds + 3
    if ('fault' in each) return each.atSeconds + 3 + Math.max(1000, each.leavesWithinMs) / 1000
    if ('kill' in each) return each.atSeconds + each.restartAfterSeconds + 6
    if ('command' in each) return each.atSeconds + (each.withinMs / 1000) * (each.command.twice ? 2 : 1) + 1
    if ('revoke' in each) return each.atSeconds + REVOKE_SECONDS
    return each.atSeconds + each.forSeconds + each.caughtUpWithinSeconds
  })
  return Math.max(0, ...ends)
}
