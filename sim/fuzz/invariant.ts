// What must hold in every run, whatever happens, and how something that watches for it is wired into a world.

import type { AgentPorts } from '../../src/node/run-agent.ts'
import type { FieldEvent } from '../plant/field.ts'
import type { TraceEvent } from '../runtime/trace.ts'
import type { World } from '../runtime/world.ts'

export const invariants = {
  'readings-kept': 'what an IED has durably recorded reaches each entitled back end exactly once, unchanged',
  'ledger-continues': 'each ledger goes on by one number after the other, over crashes too, and is never forked',
  'receipt-true': 'a receipt covers only what its back end has durably stored',
  'warned-safe': 'a warning has a cause, and nobody accepts it who cannot be downstream of the disturbed section',
  'warned-complete': 'everybody downstream who is reachable is warned',
  'no-close-onto-fault': 'nothing but a reclosing shot or a person closes onto a fault that a healthy device picks up',
  'no-unplanned-parallel': 'no agent closes a device that joins two sources or closes a loop',
  'relay-on-time': 'each relay trips when its own delay is over, never later, and never without',
  'as-alone': 'without communications, and until an agent operates something, the devices do what they do alone',
  'cut-off-passive': 'an agent that has been cut off for a while trips and sheds nothing',
  'load-returns': 'a load that was shed on a warning comes back',
  'one-aggregator': 'when all is well again, the members of a group follow one aggregator',
  'no-runaway': 'a virtual second has a bounded number of events',
  'no-throw': 'no agent throws outside of its own handling',
} as const

export type InvariantName = keyof typeof invariants

export interface Violation {
  readonly invariant: InvariantName
  /** Virtual time. */
  readonly atMs: number
  readonly what: string
}

export type Complain = (invariant: InvariantName, what: string) => void

/** One thing that looks on. All of its parts are optional, and none of them changes what happens. */
export interface Watch {
  /** At each start of an agent. */
  ports?(name: string, ports: AgentPorts): AgentPorts
  event?(event: TraceEvent): void
  /** After each change of the plant, with what the relays did. */
  settled?(events: readonly FieldEvent[]): void
  /** After the quiet end. */
  end?(): Promise<void> | void
}

/** @param world before virtual time starts */
export type MakeWatch = (world: World, complain: Complain) => Watch
