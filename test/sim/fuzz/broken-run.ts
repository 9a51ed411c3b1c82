// Plays a scenario on the 13-node feeder with one agent, or what it stands on, broken, and says which invariant it broke.

import { readFileSync } from 'node:fs'
import { checkScenario } from '../../../sim/fuzz/check-scenario.ts'
import type { StepInput } from '../../../sim/fuzz/happening.ts'
import type { Violation } from '../../../sim/fuzz/invariant.ts'
import { checkedScenario } from '../../../sim/run/index.ts'
import type { AgentPorts } from '../../../src/node/run-agent.ts'
import { parseFeeder } from '../../../topology/index.ts'

const FILE = 'topology/feeders/ieee13.yaml'
export const ieee13 = parseFeeder(readFileSync(FILE, 'utf8'), FILE)

export interface BrokenRun {
  readonly steps: readonly StepInput[]
  readonly forSeconds: number
  readonly seed?: number
  /** The agent whose ports are not what they should be. */
  readonly agent: string
  readonly breaks: (ports: AgentPorts) => AgentPorts
  /** Whether the agent itself is broken, in front of its ports, rather than the world behind them. */
  readonly isAgent?: boolean
}

export async function violationOf(run: BrokenRun): Promise<Violation | undefined> {
  const { steps, forSeconds, seed = 1, agent, breaks, isAgent = false } = run
  const scenario = checkedScenario(
    {
      feedermesh: 1,
      simulation: 'broken',
      feeder: 'ieee13',
      seed,
      forSeconds,
      settleSeconds: 0,
      readingSeconds: 5,
      forwardingSeconds: 2,
      steps: [...steps],
    },
    ieee13,
  )
  const ports = (name: string, given: AgentPorts): AgentPorts => (name === agent ? breaks(given) : given)
  return (await checkScenario(scenario, ieee13, isAgent ? { agent: ports } : { ports })).violation
}
