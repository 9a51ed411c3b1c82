// The interlock before a remote closing. Opening is always allowed: it needs authority, and no interlock.
//
// Each rule refuses on what is known and on what is not: what cannot be decided from here is not closed onto.

import { type Answer, createFeeder, type Feeder } from '../../topology/feeder.ts'
import type { Operated } from './ordered-operation.ts'

/** What a closed device would join, by the live feeder. `parallel`: sources or a loop, where the file allows that. */
export type Joins = 'nothing' | 'sources' | 'loop' | 'parallel' | 'undecided'

export interface Surroundings {
  /** Somebody has blocked automatic operations and remote closing here. */
  readonly inhibited: boolean
  /** What has latched and not been reset, by its name: a peripheral that tripped, a setpoint. */
  readonly lockedOut?: string | undefined
  readonly joins: Joins
  /** Whether the network at the IED's own node is live from a source. */
  readonly energised: Answer
}

export interface Closing extends Surroundings {
  readonly of: Operated
  /** As just read from the device. */
  readonly position: 'open' | 'closed' | 'unknown' | undefined
  readonly pickup: boolean | undefined
  /** Loss of voltage on the IED's own side of the switching device, and beyond it; undefined where it is not measured. */
  readonly dead?: boolean | undefined
  readonly farDead?: boolean | undefined
  /** Sync check (25), the device's or the agent's own, permits now. */
  readonly inSync: boolean
}

/** @returns why it must not close now, in words; undefined when it may */
export function closingRefusal({
  of,
  position,
  pickup,
  inhibited,
  joins,
  energised,
  lockedOut,
  dead,
  farDead,
  inSync,
}: Closing): string | undefined {
  if (inhibited) return 'an inhibit stands here; end it first'
  if (lockedOut !== undefined) return `${lockedOut} has latched; reset it first`
  if (of !== 'sheddable' && (position === undefined || position === 'unknown')) return 'its own position is not known'
  if (pickup === true) return 'its fault element is picked up'
  if (of === 'generator' && energised !== 'yes') {
    return energised === 'no'
      ? 'the network at its node is dead'
      : 'whether the network at its node is live is not known'
  }
  if (of !== 'switch') return undefined
  const areLive = dead === false && farDead === false
  const isOneDead = dead === true || farDead === true
  switch (joins) {
    case 'nothing':
    case 'parallel':
      if (position === 'closed' || inSync || isOneDead) return undefined
      // What is measured counts beside the file: an island that its generator keeps live stands in none.
      return joins === 'parallel' || areLive ? NOT_IN_SYNC : undefined
    case 'sources':
      return 'it would join two sources'
    case 'loop':
      return 'it would close a loop'
    case 'undecided':
      return 'whether it would join two sources or close a loop is not known: positions are missing'
  }
}

/** Two live sides are joined only in step, whoever allows it. */
export const NOT_IN_SYNC = 'both sides are live, and no sync check shows that they are in step'

/** What closing the device would join that is apart now. */
export function closingJoins(feeder: Feeder, device: string): Joins {
  const joins = joinsByPosition(feeder, device)
  return joins !== 'nothing' && feeder.file.allowLoops ? 'parallel' : joins
}

function joinsByPosition(feeder: Feeder, device: string): Exclude<Joins, 'parallel'> {
  const open = assuming(feeder, device, 'open')
  const closed = assuming(feeder, device, 'closed')
  const parallel = added(open.sourcesInParallel().certain, closed.sourcesInParallel().certain)
  if (parallel) return 'sources'
  if (added(open.loops().certain, closed.loops().certain)) return 'loop'
  const perhaps =
    added(open.sourcesInParallel().undecided, closed.sourcesInParallel().undecided) ||
    added(open.loops().undecided, closed.loops().undecided)
  return perhaps ? 'undecided' : 'nothing'
}

/** The live feeder but for one device. */
export function assuming(feeder: Feeder, device: string, position: 'open' | 'closed'): Feeder {
  const copy = createFeeder(feeder.file)
  for (const { name } of feeder.file.devices) copy.setPosition(name, name === device ? position : feeder.position(name))
  return copy
}

type Group = readonly string[]

/** A group that was not there before, or has grown. */
function added(before: readonly Group[], after: readonly Group[]): boolean {
  const known = new Set(before.map(group => group.join(' ')))
  return after.some(group => !known.has(group.join(' ')))
}
