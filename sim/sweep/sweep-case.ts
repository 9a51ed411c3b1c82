// One fault of a sweep: with the relays and fuses alone, and with the mesh in each state of communications asked for.

import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { FaultKind } from '../plant/plant-port.ts'
import type { Comms, FaultCase } from './fault-case.ts'
import { type Judged, judge, rightDevice } from './judge.ts'
import { playAlone } from './play-alone.ts'
import { playWithAgents } from './play-with-agents.ts'
import type { AgentAct, Played } from './played.ts'
import { type Seen, seenBy, wayToSource } from './way-of-fault.ts'
import { type Alone, worseThanAlone } from './worse-than-alone.ts'

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
  /** By time grading, where agents were played: the same devices alone. */
  readonly alone?: Alone
}

/** About one device on the way: without such a device they are not played. */
const ABOUT_A_DEVICE: ReadonlySet<Comms> = new Set(['partitioned', 'agent-dead', 'device-stuck'])

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
  const sound = playAlone(file, fault, limitMs, plant => {
    if (way.is === 'radial') seen = seenBy(plant, way.devices)
  })
  const right = way.is === 'radial' ? rightDevice(seen) : undefined
  const nearest = seen[0]
  const judged = (played: Played, stuck: string | undefined): Judged =>
    judge(createFeeder(file), section, way, seen, played, stuck)
  const results: CaseResult[] = []
  for (const comms of options.comms) {
    if (ABOUT_A_DEVICE.has(comms) && right === undefined) continue
    const stuck = comms === 'device-stuck' ? right : undefined
    const alone = stuck === undefined ? sound : playAlone(file, fault, limitMs, () => {}, stuck)
    const needsAgents = file.ieds.length > 0 && way.is !== 'dark' && (comms !== 'down' || alwaysWithAgents)
    const played = needsAgents
      ? await playWithAgents(file, fault, comms, `${seed}/${section}/${kind}`, alone.forMs, right)
      : alone
    results.push({
      section,
      kind,
      comms,
      ...(nearest === undefined ? {} : { faultAmps: nearest.amps }),
      ...(needsAgents ? compared(judged(played, stuck), judged(alone, stuck)) : judged(played, stuck)),
      seen,
      agents: played.agents,
    })
  }
  return results
}

function compared(withMesh: Judged, alone: Judged): Judged & { readonly alone: Alone } {
  const { verdict, clearedBy, clearedMs } = alone
  const worse = worseThanAlone(withMesh, alone)
  return {
    ...withMesh,
    ...(worse === undefined ? {} : { verdict: 'worse than alone', why: worse }),
    alone: {
      verdict,
      ...(clearedBy === undefined ? {} : { clearedBy }),
      ...(clearedMs === undefined ? {} : { clearedMs }),
    },
  }
}
