// Plays one scenario with all invariants watched, and its power-system events twice more: alone, and with agents whose
// communications are dead.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { runScenario, type SimScenario } from '../run/index.ts'
import type { WorldOptions } from '../runtime/world.ts'
import { difference, type FieldRecord, withDeadCommunications } from './alone.ts'
import { endOf } from './happening.ts'
import type { InvariantName, Violation } from './invariant.ts'
import { Violated, type Watched, watchWorld } from './watches.ts'

export interface Checked {
  /** The first thing that did not hold; none when all did. */
  readonly violation: Violation | undefined
  /** Scheduler events of all the runs. */
  readonly events: number
}

export interface CheckOptions {
  /** To break something of the world, behind the ports that are watched: a test that an invariant can fail. */
  readonly ports?: WorldOptions['ports']
  /** The same for an agent: in front of them. */
  readonly agent?: WorldOptions['ports']
}

interface Played {
  readonly violation: Violation | undefined
  readonly events: number
  readonly field: FieldRecord
}

export async function checkScenario(
  scenario: SimScenario,
  feeder: FeederFile,
  options: CheckOptions = {},
): Promise<Checked> {
  const run = await play(scenario, feeder, { agents: 'all', isWhole: true }, options)
  if (run.violation !== undefined) return run
  const busy = withoutQuietEnd(scenario)
  const endMs = busy.forSeconds * 1000
  const alone = await play(busy, feeder, { agents: 'none', isWhole: false }, options)
  const cutOff = withDeadCommunications(busy, run.agents)
  const dead = await play(cutOff, feeder, { agents: 'all', isWhole: false }, options)
  const events = run.events + alone.events + dead.events
  const differs = difference(dead.field, alone.field, endMs)
  const touched = difference(run.field, alone.field, Math.min(endMs, run.field.touchedMs))
  const violation =
    alone.violation ??
    dead.violation ??
    (differs === undefined ? undefined : asAlone(`without communications: ${differs}`)) ??
    (touched === undefined ? undefined : asAlone(`before any agent operated anything: ${touched}`))
  return { violation, events }
}

/** A recloser's shots and dead times are over by then. */
const FIELD_CALMS_SECONDS = 8

function withoutQuietEnd(scenario: SimScenario): SimScenario {
  const busySeconds = Math.max(0, ...scenario.steps.map(endOf)) + FIELD_CALMS_SECONDS
  return { ...scenario, forSeconds: Math.min(scenario.forSeconds, busySeconds) }
}

const asAlone = (what: string): Violation => ({
  invariant: 'as-alone',
  atMs: Number.parseFloat(what.split(': ')[1] ?? ''),
  what,
})

/** @param how a whole run heals in its quiet end, and is judged by what it comes to */
async function play(
  scenario: SimScenario,
  feeder: FeederFile,
  { agents, isWhole }: { readonly agents: 'all' | 'none'; readonly isWhole: boolean },
  { ports, agent }: CheckOptions,
): Promise<Played & { readonly agents: readonly string[] }> {
  let watched: Watched | undefined
  let names: readonly string[] = []
  let events = (): number => 0
  let thrown: Violation | undefined
  try {
    await runScenario(scenario, feeder, {
      voltages: false,
      keep: () => false,
      agents,
      ports: (name, given) => {
        const broken = ports?.(name, given) ?? given
        const heard = watched?.ports(name, broken) ?? broken
        return agent?.(name, heard) ?? heard
      },
      onWorld: world => {
        watched = watchWorld(world, scenario)
        names = world.names
        events = () => world.scheduler.count
      },
    })
    if (isWhole) await watched?.end()
  } catch (error) {
    if (!(error instanceof Violated)) thrown = violationOf(error as Error)
  }
  return {
    violation: watched?.violations[0] ?? thrown,
    events: events(),
    field: watched?.field ?? { acts: [], touchedMs: 0 },
    agents: names,
  }
}

const violationOf = ({ message, stack }: Error): Violation => {
  const invariant: InvariantName = 'no-throw'
  return { invariant, atMs: Number.NaN, what: stack ?? message }
}
