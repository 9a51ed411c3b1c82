// A scenario: what happens to a running feeder, when, and what must follow. Times count from the moment at which the
// mesh is ready: all agents up, all peers found, an aggregator elected.

import { z } from 'zod'
import { parseYaml } from '../../src/node/config.ts'
import { NodeError } from '../../src/node/node-error.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'

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

const step = z.union([disturb, fault, kill, cut], {
  error: 'atSeconds and one of disturb, fault, kill or cut, with the keys that belong to it',
})
export type Step = z.infer<typeof step>
export type DisturbStep = z.infer<typeof disturb>
export type FaultStep = z.infer<typeof fault>
export type KillStep = z.infer<typeof kill>
export type CutStep = z.infer<typeof cut>

const scenarioSchema = z
  .object({
    feedermesh: z.literal(1),
    feeder: z.string(),
    description: z.string().optional(),
    readingSeconds: z.number().int().min(1).max(3600).default(60),
    forwardingSeconds: z.number().min(0.2).max(3600).default(10),
    /** At the end: loads off, so that the meters stand still, and each back end compared with the meters' registers. */
    settle: z.boolean().default(false),
    steps: z.array(step).max(1000).default([]),
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
  if (wrong.length > 0) throw new NodeError('BAD_INPUT', wrong.map(line => `${file}: ${line}`).join('\n'))
  return { ...scenario, steps: [...scenario.steps].sort((a, b) => a.atSeconds - b.atSeconds) }
}

/** From loads off until each back end must have the last reading. */
export const settleSeconds = ({ readingSeconds, forwardingSeconds }: Scenario): number =>
  readingSeconds + 2 * forwardingSeconds + 8

/** When the last step has shown what it expects, in seconds from ready. */
export function lengthSeconds({ steps }: Scenario): number {
  const ends = steps.map(each => {
    if ('disturb' in each) return each.atSeconds + each.disturb.forSeconds + 3
    if ('fault' in each) return each.atSeconds + 4
    if ('kill' in each) return each.atSeconds + each.restartAfterSeconds + 6
    return each.atSeconds + each.forSeconds + each.caughtUpWithinSeconds
  })
  return Math.max(0, ...ends)
}
