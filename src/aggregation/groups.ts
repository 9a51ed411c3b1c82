// Which group an IED's records are rolled up in, and whether the groups have an aggregator of the feeder above them.
//
//   small feeder    site (`group` in the feeder file), else the feeder         one level
//   large feeder    site, else the zone that switching devices enclose        two: the groups' aggregators elect one
//
// All agents of a feeder must come to the same, so it follows from the feeder file and one setting. An agent that has the
// setting otherwise is of another group than the others think: they refuse it, and it delivers its records itself.

import type { Feeder } from '../../topology/feeder.ts'

export type Hierarchy = 'auto' | 'on' | 'off'

/** A feeder with more IEDs than this is large. */
export const SMALL_FEEDER = 30

export interface Groups {
  /** Whether the aggregators of the groups elect one of the feeder. */
  readonly isHierarchy: boolean
  of(ied: string): string
  members(group: string): ReadonlySet<string>
}

/** No group of a feeder file can have this name, nor one of a zone's. */
export const FEEDER_GROUP = ':feeder'

export function groupsOf(feeder: Feeder, hierarchy: Hierarchy = 'auto'): Groups {
  const { ieds, name } = feeder.file
  const isHierarchy = hierarchy === 'on' || (hierarchy === 'auto' && ieds.length > SMALL_FEEDER)
  const groups = new Map<string, Set<string>>()
  const byIed = new Map<string, string>()
  for (const ied of ieds) {
    const group = ied.group ?? (isHierarchy ? `zone:${feeder.zoneOf(ied.node)}` : name)
    byIed.set(ied.name, group)
    groups.set(group, (groups.get(group) ?? new Set()).add(ied.name))
  }
  return {
    // Of one group there is nobody above.
    isHierarchy: isHierarchy && groups.size > 1,
    of: ied => byIed.get(feeder.ied(ied).name) as string,
    members: group => groups.get(group) ?? new Set(),
  }
}
