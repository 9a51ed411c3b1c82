// The zones of a feeder as rows: who bounds each, what it holds, and what could feed it.

import type { Feeder } from '../../../topology/feeder.ts'
import type { LoadEntry } from '../../../topology/feeder-file.ts'
import { groupBy } from '../../../topology/group-by.ts'
import { kwOf } from '../../../topology/load-power.ts'
import { table } from './table.ts'

export type ZoneRow = ReturnType<typeof zoneRows>[number]

export function zoneRows(feeder: Feeder) {
  const { loads, sections } = feeder.file
  const zoneOfLoad = ({ node, along }: LoadEntry): string =>
    node === undefined ? feeder.zoneOfSection(along ?? '') : feeder.zoneOf(node)
  const loadsIn = groupBy(loads, zoneOfLoad)
  const sectionsIn = groupBy(sections, ({ name }) => feeder.zoneOfSection(name))
  return feeder.zones.map(({ name, nodes, ieds, boundary }) => {
    const held = loadsIn.get(name) ?? []
    const own = (sectionsIn.get(name) ?? []).map(section => section.name)
    const [node] = nodes
    const [section] = own
    return {
      zone: name,
      energised:
        node !== undefined ? feeder.energised(node) : section !== undefined ? feeder.sectionEnergised(section) : 'no',
      boundary: boundary.map(device => ({ device, position: feeder.position(device) })),
      nodes,
      sections: own,
      ieds,
      loads: held.map(load => load.name),
      loadKw: kwOf(held),
      customers: held.reduce((sum, load) => sum + load.customers, 0),
      neighbours: [...new Set(feeder.zoneNeighbours(name).map(({ zone }) => zone))],
      ties: feeder.ties({ zone: name }),
    }
  })
}

export function zonesText(rows: readonly ZoneRow[]): string {
  return table(
    rows.map(({ zone, energised, boundary, nodes, ieds, loadKw, customers, neighbours, ties }) => ({
      zone: energised === 'no' ? `${zone} (dark)` : zone,
      'bounded by': boundary
        .map(({ device, position }) => (position === 'closed' ? device : `${device} (${position})`))
        .join(' '),
      nodes: shortened(nodes),
      IEDs: shortened(ieds),
      kW: loadKw,
      customers,
      neighbours: shortened(neighbours),
      'could be fed by closing': ties.map(({ devices }) => devices.join(' and ')).join(', '),
    })),
  )
}

const MOST_SHOWN = 6
function shortened(names: readonly string[]): string {
  if (names.length <= MOST_SHOWN) return names.join(' ')
  return `${names.slice(0, MOST_SHOWN - 1).join(' ')} … (${names.length})`
}
