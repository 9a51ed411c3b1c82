// One fault of a sweep, without and with communications.

import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import type { Comms, FaultCase } from './fault-case.ts'
import { type Judged, judge } from './judge.ts'
import { playAlone } from './play-alone.ts'
import { playWithAgents } from './play-with-agents.ts'
import type { AgentAct, Played } from './played.ts'
import { type Seen, seenBy, wayToSource } from './way-of-fault.ts'

export interface CaseOptions {
  readonly comms: readonly Comms[]
  readonly resistanceOhm: number
  readonly seed: string
  /** Nothing is looked at later than this after the fault. */
  readonly limitMs: number
  /** Also where no message passes: to see that it makes no difference. */
  readonly alwaysWithAgents: boolean
}

export interface CaseResult extends Judged {
  readonly section: string
  readonly kind: FaultKind
  readonly comms: Comms
  /** Through the nearest device that could interrupt it, in the first moment; largest phase. */
  readonly faultAmps?: number
  /** All that could interrupt it, nearest first. */
  readonly seen: readonly Seen[]
  /** What agents told their devices to do. */
  readonly agents: readonly AgentAct[]
}

/** @throws what an agent's code threw outside of its own handling */
export async function sweepCase(
  file: FeederFile,
  { section, kind }: FaultCase,
  options: CaseOptions,
): Promise<CaseResult[]> {
  const { resistanceOhm, seed, limitMs, alwaysWithAgents } = options
  const fault = { section, kind, resistanceOhm }
  const way = wayToSource(createFeeder(file), section)
  let seen: Seen[] = []
  const alone = playAlone(file, fault, limitMs, plant => {
    if (way.is === 'radial') seen = seenBy(plant, way.devices)
  })
  const results: CaseResult[] = []
  for (const comms of options.comms) {
    const needsAgents = file.ieds.length > 0 && way.is !== 'dark' && (comms === 'up' || alwaysWithAgents)
    const played: Played = needsAgents
      ? await playWithAgents(file, fault, comms, `${seed}/${section}/${kind}`, alone.forMs)
      : alone
    const nearest = seen[0]
    results.push({
      section,
      kind,
      comms,
      ...(nearest === undefined ? {} : { faultAmps: nearest.amps }),
      ...judge(createFeeder(file), section, way, seen, played),
      seen,
      agents: played.agents,
    })
  }
  return results
}
