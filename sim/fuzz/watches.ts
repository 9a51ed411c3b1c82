// Everything that looks on at a fuzzed run, on one world.

import type { AgentPorts } from '../../src/node/run-agent.ts'
import type { SimScenario } from '../run/index.ts'
import type { World } from '../runtime/world.ts'
import { type FieldRecord, recordField } from './alone.ts'
import { closesInParallel } from './closes-in-parallel.ts'
import { closesOntoFault } from './closes-onto-fault.ts'
import { conditionsOf } from './conditions.ts'
import type { Complain, Violation, Watch } from './invariant.ts'
import { readingsKept } from './readings-kept.ts'
import { relayTiming } from './relay-timing.ts'
import { loadReturns, noRunaway, oneAggregator } from './sound-agents.ts'
import { warnedSets } from './warned-sets.ts'

export interface Watched {
  readonly violations: readonly Violation[]
  readonly field: FieldRecord
  ports(name: string, ports: AgentPorts): AgentPorts
  /** After the quiet end. */
  end(): Promise<void>
}

/** Ends a run in which something did not hold. */
export class Violated extends Error {
  override readonly name = 'Violated'
}

/**
 * Wires all of them in, before virtual time starts. With the first violation the run ends: `runUntil` throws `Violated`
 * at the event after which it was found.
 */
export function watchWorld(world: World, scenario: SimScenario): Watched {
  const violations: Violation[] = []
  const complain: Complain = (invariant, what) => {
    violations.push({ invariant, atMs: Math.round(world.scheduler.now() * 1000) / 1000, what })
  }
  const conditions = conditionsOf(scenario, world.names)
  const recorder = recordField(world, complain, conditions)
  const watches: readonly Watch[] = [
    conditions,
    recorder,
    readingsKept(world, complain),
    warnedSets(world, complain, conditions),
    closesOntoFault(world, complain, conditions),
    closesInParallel(world, complain, conditions),
    relayTiming(world, complain, conditions),
    loadReturns(world, complain),
    oneAggregator(world, complain),
  ]
  const checkRunaway = noRunaway(world, complain)
  world.trace.onEvent(event => {
    for (const watch of watches) watch.event?.(event)
  })
  world.site.onSettled(events => {
    try {
      for (const watch of watches) watch.settled?.(events)
    } catch (error) {
      // The agent whose operation it was would take this for a failed device, and nobody would hear of it.
      complain('no-throw', `an invariant's watch: ${(error as Error).message}`)
    }
  })
  world.scheduler.onEvent(() => {
    checkRunaway()
    const [first] = violations
    if (first !== undefined) throw new Violated(`${first.invariant}: ${first.what}`)
  })
  return {
    violations,
    get field() {
      return recorder.record
    },
    ports: (name, ports) => watches.reduce((given, watch) => watch.ports?.(name, given) ?? given, ports),
    async end() {
      for (const watch of watches) await watch.end?.()
    },
  }
}
