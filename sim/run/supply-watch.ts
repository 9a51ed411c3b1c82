// Which loads have supply, as the contacts in the field really stand: a closed way to a source, and connected themselves.
//
// A short circuit takes their voltage away for as long as it lasts; that is a sag, and no interruption until something
// has opened.

import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import type { FeederFile, LoadEntry } from '../../topology/feeder-file.ts'
import type { Plant } from '../plant/plant-port.ts'
import type { SupplyChange } from './result.ts'

export interface SupplyWatch {
  /** The feeder as it really stands. */
  readonly feeder: Feeder
  /** Takes in the contacts' positions. @returns loads whose supply has changed since the last time */
  update(plant: Plant, atMs: number): readonly SupplyChange[]
}

export function supplyWatch(file: FeederFile): SupplyWatch {
  const feeder = createFeeder(file)
  const places = new Map(file.loads.map(load => [load.name, suppliedAt(file, load, feeder)]))
  const contactors = new Map(
    file.ieds.flatMap(({ name, operates }) =>
      file.loads.some(load => load.name === operates) && operates !== undefined ? [[operates, name] as const] : [],
    ),
  )
  const dark = new Set<string>()

  const isConnected = (plant: Plant, load: string): boolean => {
    const ied = contactors.get(load)
    return ied === undefined || plant.shows(ied).position !== 'open'
  }

  return {
    feeder,
    update(plant, atMs) {
      for (const { name } of file.devices) feeder.setPosition(name, plant.position(name))
      const changes: SupplyChange[] = []
      for (const { name, customers } of file.loads) {
        const supplied = places.get(name)?.() === true && isConnected(plant, name)
        if (supplied === !dark.has(name)) continue
        if (supplied) dark.delete(name)
        else dark.add(name)
        changes.push({ atMs, load: name, customers, supplied })
      }
      return changes
    },
  }
}

/** At its node, or along its section: from an end that is live and has nothing open in between. */
function suppliedAt(file: FeederFile, { node, along }: LoadEntry, feeder: Feeder): () => boolean {
  if (node !== undefined) return () => feeder.energised(node) === 'yes'
  const section = feeder.section(along ?? '')
  const ends = (['from', 'to'] as const).map(end => ({
    node: section[end],
    devices: file.devices.filter(device => device.section === section.name && device.at === end),
  }))
  return () =>
    ends.some(
      end =>
        feeder.energised(end.node) === 'yes' && end.devices.every(({ name }) => feeder.position(name) === 'closed'),
    )
}
