// The interlock before a remote closing. Opening is always allowed: it needs authority, and no interlock.
//
// Each rule refuses on what is known and on what is not: what cannot be decided from here is not closed onto.

import { type Answer, createFeeder, type Feeder } from '../../topology/feeder.ts'
import type { Operated } from './ordered-operation.ts'

/** What a closed device would join, by the live feeder. */
export type Joins = 'nothing' | 'sources' | 'loop' | 'undecided'

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
  switch (joins) {
    case 'nothing':
      return undefined
    case 'sources':
      return 'it would join two sources'
    case 'loop':
      return 'it would close a loop'
    case 'undecided':
      return 'whether it would join two sources or close a loop is not known: positions are missing'
  }
}

/**
 * What closing the device would join that is apart now. A feeder whose file says `allowLoops` may be joined anywhere.
 */
export function closingJoins(feeder: Feeder, device: string): Joins {
  if (feeder.file.allowLoops) return 'nothing'
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
