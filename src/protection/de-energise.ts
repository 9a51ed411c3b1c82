// Which devices have to open so that a section is dead, by the live feeder.
//
// The section lies in a zone. From it, the region grows over every device that cannot be opened from afar (a fuse, a
// device without an IED) or must not interrupt load (a sectionalizer), as long as something beyond it could feed the
// region: a source or a generator. What bounds the region then and could feed it is opened; generators inside it leave.
// A device whose position is unknown is taken for closed. What is open already stays so; nothing is closed again later.

import type { Feeder } from '../../topology/feeder.ts'

export interface Opening {
  readonly ied: string
  /** A switching device to open, or a generator to disconnect. */
  readonly device: string
  readonly verb: 'open' | 'disconnect'
}

export interface DeEnergisePlan {
  /** Generators first: what they feed is then not switched against them. */
  readonly openings: readonly Opening[]
  /** Generators in it that no IED operates: with them the section is not known to be dead. */
  readonly ungoverned: readonly string[]
}

const INTERRUPTS_LOAD: ReadonlySet<string> = new Set(['breaker', 'recloser', 'switch', 'tie'])

/** @returns the plan, or in words why there is none. @throws TopologyError UNKNOWN_NAME */
export function planDeEnergise(feeder: Feeder, section: string): DeEnergisePlan | string {
  const { file } = feeder
  const operatorOf = new Map(
    file.ieds.flatMap(({ name, operates }) => (operates === undefined ? [] : [[operates, name]])),
  )
  const sources = new Set(file.sources.map(({ node }) => feeder.zoneOf(node)))
  const generating = new Set(file.generators.map(({ node }) => feeder.zoneOf(node)))
  const passes = (device: string): boolean => feeder.position(device) !== 'open'

  const region = new Set([feeder.zoneOfSection(section)])
  /** Grows while it is walked. */
  const toLookAt = [...region]
  const openings = new Map<string, Opening>()
  for (const zone of toLookAt) {
    if (sources.has(zone)) return `nothing that can be opened from afar stands between ${section} and its source`
    for (const { device, zone: beyond } of feeder.zoneNeighbours(zone)) {
      if (region.has(beyond) || !passes(device) || !feeds(beyond, region)) continue
      const ied = operatorOf.get(device)
      if (ied === undefined || !INTERRUPTS_LOAD.has(feeder.device(device).kind)) {
        region.add(beyond)
        toLookAt.push(beyond)
      } else openings.set(device, { ied, device, verb: 'open' })
    }
  }
  // What the region has grown over on another way does not bound it any more.
  const bounds = [...openings.values()].filter(({ device }) =>
    [...region].some(zone =>
      feeder
        .zoneNeighbours(zone)
        .some(each => each.device === device && !region.has(each.zone) && feeds(each.zone, region)),
    ),
  )
  const inside = file.generators.filter(({ node }) => region.has(feeder.zoneOf(node)))
  return {
    openings: [
      ...inside.flatMap(({ name }) => {
        const ied = operatorOf.get(name)
        return ied === undefined ? [] : [{ ied, device: name, verb: 'disconnect' as const }]
      }),
      ...bounds,
    ],
    ungoverned: inside.filter(({ name }) => !operatorOf.has(name)).map(({ name }) => name),
  }

  /** Whether a source or a generator is connected to the zone, or may be, without the region's help. */
  function feeds(zone: string, without: ReadonlySet<string>): boolean {
    const reached = new Set([zone])
    for (const each of reached) {
      if (sources.has(each) || generating.has(each)) return true
      for (const { device, zone: beyond } of feeder.zoneNeighbours(each)) {
        if (passes(device) && !without.has(beyond)) reached.add(beyond)
      }
    }
    return false
  }
}
