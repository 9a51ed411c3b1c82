// The same fault in a world of its own, in which each IED has its agent.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { Fault } from '../plant/plant.ts'
import { createWorld } from '../runtime/world.ts'
import type { Comms } from './fault-case.ts'
import { type FieldAct, type Played, rounded, SECONDS_OF_DAY } from './played.ts'

/** Agents start within this, and then have found each other and read their devices. */
const START_WITHIN_MS = 200
const FAULT_AT_MS = 3000
/** What is still said and done when the devices have come to rest. */
const AFTERWARDS_MS = 1500

/** @param forMs how long after the fault devices move by themselves */
export async function playWithAgents(
  feeder: FeederFile,
  fault: Fault,
  comms: Comms,
  seed: string,
  forMs: number,
): Promise<Played> {
  const world = await createWorld({
    feeder,
    seed,
    startWithinMs: START_WITHIN_MS,
    startSecondsOfDay: SECONDS_OF_DAY,
    keep: ({ event }) => event === 'operated',
  })
  if (comms === 'down') world.network.partition(world.names.map(name => new Set([name])))
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
