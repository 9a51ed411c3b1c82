// What else must hold of agents: a load that one of them shed comes back, the members of a group end up with one
// aggregator, and nothing runs away.

import { groupsOf } from '../../src/aggregation/groups.ts'
import type { World } from '../runtime/world.ts'
import type { Complain, Watch } from './invariant.ts'

/** Far above what a feeder of that many agents does in its busiest second. */
const EVENTS_PER_SECOND = 5_000
const EVENTS_PER_AGENT_SECOND = 2_000

/**
 * After the quiet end. Loads are shed by agents alone, so whatever is still off was forgotten; but for what a restoration
 * had shed to make room, which stays off until its tie has opened again.
 */
export function loadReturns({ site }: World, complain: Complain): Watch {
  const makesRoom = new Set<string>()
  return {
    event({ event, ...fields }) {
      if (event === 'loads-shed') for (const load of fields['loads'] as string[]) makesRoom.add(load)
      if (event === 'loads-given-back') for (const load of fields['loads'] as string[]) makesRoom.delete(load)
    },
    end() {
      for (const load of site.plant.snapshot().shed) {
        if (!makesRoom.has(load)) complain('load-returns', `${load}: still shed after the quiet end`)
      }
    },
  }
}

interface Followed {
  readonly name: unknown
  readonly self: boolean
}

export function oneAggregator({ file, feeder, isRunning }: World, complain: Complain): Watch {
  const followed = new Map<string, Followed>()
  return {
    event({ by, event, ...fields }) {
      if (event === 'aggregator') followed.set(by, { name: fields['name'], self: fields['self'] === true })
      if (event === 'stepped-down') followed.delete(by)
      if (by === 'world' && event === 'crashed') followed.delete(String(fields['ied']))
    },
    end() {
      const groups = groupsOf(feeder)
      for (const group of new Set(file.ieds.map(ied => groups.of(ied.name)))) {
        const running = [...groups.members(group)].filter(isRunning)
        const names = new Set(running.map(member => followed.get(member)?.name ?? 'nobody'))
        if (names.size > 1 || names.has('nobody')) {
          complain('one-aggregator', `group ${group}: its members follow ${[...names].sort().join(', ')}`)
        }
      }
    },
  }
}

/** Ends the run at once: an endless loop in virtual time has no end of its own. */
export function noRunaway({ scheduler, names }: World, complain: Complain): () => void {
  const most = EVENTS_PER_SECOND + EVENTS_PER_AGENT_SECOND * names.length
  let second = 0
  let countThen = 0
  return () => {
    const now = Math.floor(scheduler.now() / 1000)
    if (now !== second) {
      second = now
      countThen = scheduler.count
    }
    if (scheduler.count - countThen > most) complain('no-runaway', `more than ${most} events within a second`)
  }
}
