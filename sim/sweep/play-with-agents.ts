// The same fault in a world of its own, in which each IED has its agent.

import type { Feeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { Fault } from '../plant/plant.ts'
import { createWorld, type World } from '../runtime/world.ts'
import type { Comms } from './fault-case.ts'
import { type FieldAct, type Played, rounded, SECONDS_OF_DAY } from './played.ts'

/** Agents start within this, and then have found each other and read their devices. */
const START_WITHIN_MS = 200
const FAULT_AT_MS = 3000
/** What is still said and done when the devices have come to rest. */
const AFTERWARDS_MS = 1500

/** Later than any answer is waited for. */
const SLOW = { minMs: 400, maxMs: 600 }
const LOSS_SHARE = 0.2
/** Agents have known of the trouble for so long, if they can: links are still up, and what was lost is not yet made up. */
const TROUBLE_BEFORE_MS = 200
/** An agent's death is noticed by its neighbours before the fault. */
const DEATH_BEFORE_MS = 1500

/**
 * @param forMs how long after the fault devices move by themselves
 * @param right the device that `partitioned`, `agent-dead` and `device-stuck` are about
 */
export async function playWithAgents(
  feeder: FeederFile,
  fault: Fault,
  comms: Comms,
  seed: string,
  forMs: number,
  right?: string,
): Promise<Played> {
  const world = await createWorld({
    feeder,
    seed,
    startWithinMs: START_WITHIN_MS,
    startSecondsOfDay: SECONDS_OF_DAY,
    keep: ({ event }) => event === 'operated',
  })
  if (comms === 'down') world.network.partition(world.names.map(name => new Set([name])))
  if (comms === 'agent-dead' && right !== undefined) {
    await world.runUntil(FAULT_AT_MS - DEATH_BEFORE_MS)
    const ied = agentOf(world.feeder, right)
    if (ied !== undefined) world.crash(ied, 'process')
  }
  await world.runUntil(FAULT_AT_MS - TROUBLE_BEFORE_MS)
  if (comms === 'slow') world.network.set({ latency: SLOW })
  if (comms === 'lossy') world.network.set({ lossShare: LOSS_SHARE })
  if (comms === 'partitioned' && right !== undefined) world.network.partition(partedAt(world, right))
  if (comms === 'device-stuck' && right !== undefined) world.site.fail(right, 'stuck contacts', true)
  await world.runUntil(FAULT_AT_MS)
  const field: FieldAct[] = []
  world.site.onSettled(events => {
    for (const { at, device, kind } of events) field.push({ atMs: rounded(at - FAULT_AT_MS), device, kind })
  })
  world.site.change(plant => plant.fault(fault))
  await world.runUntil(FAULT_AT_MS + forMs + AFTERWARDS_MS)
  const agents = world.trace.events.map(({ atMs, by, operation, cause }) => ({
    atMs: rounded(atMs - FAULT_AT_MS),
    ied: by,
    operation: String(operation),
    cause: String(cause),
  }))
  return { field, agents, forMs }
}

/** Who operates the device, or else the next one toward the source that somebody operates. */
function agentOf(feeder: Feeder, device: string): string | undefined {
  const { section, at } = feeder.device(device)
  const { from, to } = feeder.section(section)
  const way = [device, ...feeder.upstream(at === 'from' ? from : to).devices]
  return way.flatMap(name => feeder.file.ieds.find(({ operates }) => operates === name)?.name ?? [])[0]
}

/** The device's own agent and all below it, and the others. */
function partedAt({ feeder, names }: World, device: string): ReadonlySet<string>[] {
  const own = feeder.file.ieds.filter(({ operates }) => operates === device).map(({ name }) => name)
  const below = new Set([...own, ...feeder.fedThrough(device).certain])
  return [below, new Set(names.filter(name => !below.has(name)))]
}
