// What becomes live when a device closes, by what has been told and read back alone: from its dark side through every
// device that is not verified open. One that does not answer, or that no IED operates, counts as closed, so what lies
// beyond it becomes live too. This is reckoned apart from the plan: it is the last word before a closing.

import type { Feeder } from '../../../topology/feeder.ts'
import type { Gathered } from './sequence-types.ts'

export interface Enclosure {
  /** Zones that become live. */
  readonly zones: ReadonlySet<string>
  /** Devices verified open, or to be opened, at the edge. */
  readonly boundary: readonly string[]
}

/** @returns the enclosure, or in words why the device must not close into it */
export function enclosureOf(
  feeder: Feeder,
  {
    device,
    from,
    facts,
    opens,
    suspect,
  }: {
    readonly device: string
    /** The dark zone beside it. */
    readonly from: string
    readonly facts: Gathered
    /** Taken as open: they will be before anything closes. */
    readonly opens: ReadonlySet<string>
    readonly suspect: ReadonlySet<string>
  },
): Enclosure | string {
  const zones = new Set([from])
  const boundary = new Set<string>()
  for (const zone of zones) {
    for (const { zone: beyond, device: between } of feeder.zoneNeighbours(zone)) {
      if (between === device) continue
      if (opens.has(between) || facts.get(between)?.position === 'open') boundary.add(between)
      else zones.add(beyond)
    }
  }
  const fed = new Set(feeder.file.sources.map(({ node }) => feeder.zoneOf(node)))
  for (const zone of zones) {
    if (suspect.has(zone)) return `${zone}, which may hold the fault, is not parted from ${from} for sure`
    if (fed.has(zone)) return `${zone}, which has a source, is not parted from ${from} for sure`
    for (const { device: beside } of feeder.zoneNeighbours(zone)) {
      const told = facts.get(beside)
      // The own device joins a dead and a live zone: its dead side has been measured as such.
      if (told?.dead?.[zone] === false) return `${beside} says that ${zone} is live`
    }
  }
  for (const each of boundary) {
    if (opens.has(each)) continue
    const dead = facts.get(each)?.dead ?? {}
    // By two facts: the position, and that at least one side carries nothing.
    if (!Object.values(dead).includes(true)) return `${each} shows open, and does not show a side without voltage`
  }
  return { zones, boundary: [...boundary].sort() }
}
