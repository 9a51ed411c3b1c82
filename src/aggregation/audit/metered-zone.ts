// Where energy can be balanced: what passes one meter on the feeder, against all that is metered next below it.
//
// A zone has the IED of a switching device at its top. Below it are the meters of customers, generators and capacitors,
// and where another device with an IED follows, that one stands for all beyond it. So zones do not overlap, and a thief
// is missed in one of them, not in all above him.

import type { Feeder } from '../../../topology/feeder.ts'
import type { IedEntry } from '../../../topology/feeder-file.ts'

export interface MeteredZone {
  /** The IED whose meter counts what flows in. */
  readonly top: string
  /** Meters of single loads, generators and capacitors: one of these may be tampered with. */
  readonly leaves: readonly string[]
  /** IEDs of devices at the lower ends: what flows out there. */
  readonly borders: readonly string[]
  /** Loads and generators that nobody meters: while there is one, nothing can be said of the zone. */
  readonly unmetered: readonly string[]
  readonly sections: readonly string[]
}

/** As the devices stand now in `feeder`. In the order of the file. */
export function meteredZones(feeder: Feeder): MeteredZone[] {
  const { file } = feeder
  const devices = new Set(file.devices.map(({ name }) => name))
  const parts = new Set([...file.loads, ...file.generators, ...file.capacitors].map(({ name }) => name))
  const metersParts = ({ operates = '', meters }: IedEntry): boolean => meters.length > 0 || parts.has(operates)
  const tops = file.ieds.filter(ied => ied.operates !== undefined && devices.has(ied.operates) && !metersParts(ied))
  const below = new Map(tops.map(({ name, operates = '' }) => [name, feeder.downstreamOfDevice(operates)]))
  const sizeOf = (top: string): number => (below.get(top)?.nodes.size ?? 0) + (below.get(top)?.sections.size ?? 0)

  return tops.flatMap((top): MeteredZone[] => {
    const own = below.get(top.name)
    if (own === undefined || own.nodes.size === 0) return []
    const within = tops.filter(each => each !== top && isWithin(below.get(each.name), own) && sizeOf(each.name) > 0)
    const borders = within.filter(
      each => !within.some(other => other !== each && isWithin(below.get(each.name), below.get(other.name))),
    )
    const beyond = borders.flatMap(({ name }) => below.get(name) ?? [])
    const isBeyond = (set: 'loads' | 'generators' | 'sections', name: string): boolean =>
      beyond.some(each => each[set].has(name))
    const loads = [...own.loads].filter(name => !isBeyond('loads', name))
    const generators = [...own.generators].filter(name => !isBeyond('generators', name))
    const here = new Set([...loads, ...generators])
    const leaves = file.ieds.filter(
      ied => metersParts(ied) && [...ied.meters, ied.operates ?? ''].some(part => here.has(part)),
    )
    const metered = new Set(leaves.flatMap(ied => [...ied.meters, ied.operates ?? '']))
    return [
      {
        top: top.name,
        leaves: leaves.map(({ name }) => name),
        borders: borders.map(({ name }) => name),
        unmetered: [...here].filter(name => !metered.has(name)).sort(),
        sections: [...own.sections].filter(name => !isBeyond('sections', name)).sort(),
      },
    ]
  })
}

type Fed = { readonly nodes: ReadonlySet<string>; readonly sections: ReadonlySet<string> }

/** Strictly: two devices in series without anything between them are one inside the other by their sections. */
function isWithin(inner: Fed | undefined, outer: Fed | undefined): boolean {
  if (inner === undefined || outer === undefined) return false
  const isPart =
    [...inner.nodes].every(node => outer.nodes.has(node)) &&
    [...inner.sections].every(section => outer.sections.has(section))
  return isPart && inner.nodes.size + inner.sections.size < outer.nodes.size + outer.sections.size
}
