// A feeder as zones and what parts them: every question of restoration is asked in these terms.
//
// Drawn once for each feeder file and kept. Zones are numbered nearest to the source first, devices by name.

import type { DevicePosition, Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { unknownName } from '../../../topology/topology-error.ts'

export interface ZoneGraph {
  readonly zones: readonly string[]
  readonly devices: readonly ZoneDevice[]
  /** By zone: numbers of the devices at its edge, in the order of `devices`. */
  readonly devicesAt: readonly (readonly number[])[]
  /** By zone, names of the sources in it. */
  readonly sourcesIn: ReadonlyMap<number, readonly string[]>
  /** @throws TopologyError UNKNOWN_NAME */
  zone(name: string): number
  /** @throws TopologyError UNKNOWN_NAME */
  device(name: string): number
}

/** One switching device that parts two zones. */
export interface ZoneDevice {
  readonly name: string
  readonly kind: FeederFile['devices'][number]['kind']
  /** The zone of the node where it stands, and the zone of its section. */
  readonly nodeSide: number
  readonly sectionSide: number
  readonly isNormallyOpen: boolean
  /** An IED of the file operates it, and it is no fuse. */
  readonly hasIed: boolean
}

const graphs = new WeakMap<FeederFile, ZoneGraph>()

export function zoneGraphOf(feeder: Feeder): ZoneGraph {
  const known = graphs.get(feeder.file)
  if (known !== undefined) return known
  const graph = draw(feeder)
  graphs.set(feeder.file, graph)
  return graph
}

function draw(feeder: Feeder): ZoneGraph {
  const { file } = feeder
  const zones = feeder.zones.map(({ name }) => name)
  const zoneNumbers = new Map(zones.map((name, number) => [name, number]))
  const zone = (name: string): number => numberIn(zoneNumbers, 'zone', name)
  const operated = new Set(file.ieds.map(({ operates }) => operates))
  const devices = file.devices
    .map(({ name, kind, section, at, normal }): ZoneDevice => {
      const { from, to } = feeder.section(section)
      return {
        name,
        kind,
        nodeSide: zone(feeder.zoneOf(at === 'from' ? from : to)),
        sectionSide: zone(feeder.zoneOfSection(section)),
        isNormallyOpen: normal === 'open',
        hasIed: kind !== 'fuse' && operated.has(name),
      }
    })
    // A device around which the zone closes again parts nothing.
    .filter(({ nodeSide, sectionSide }) => nodeSide !== sectionSide)
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  const devicesAt: number[][] = zones.map(() => [])
  devices.forEach(({ nodeSide, sectionSide }, number) => {
    devicesAt[nodeSide]?.push(number)
    devicesAt[sectionSide]?.push(number)
  })
  const sourcesIn = new Map<number, string[]>()
  for (const { name, node } of file.sources) {
    const own = zone(feeder.zoneOf(node))
    sourcesIn.set(own, [...(sourcesIn.get(own) ?? []), name])
  }
  const deviceNumbers = new Map(devices.map(({ name }, number) => [name, number]))
  return { zones, devices, devicesAt, sourcesIn, zone, device: name => numberIn(deviceNumbers, 'device', name) }
}

function numberIn(numbers: ReadonlyMap<string, number>, kind: string, name: string): number {
  const number = numbers.get(name)
  if (number === undefined) throw unknownName(kind, name, numbers.keys())
  return number
}

/** The zone on the other side of a device. */
export const beyond = ({ nodeSide, sectionSide }: ZoneDevice, zone: number): number =>
  zone === nodeSide ? sectionSide : nodeSide

export const positionsOf = (feeder: Feeder, { devices }: ZoneGraph): DevicePosition[] =>
  devices.map(({ name }) => feeder.position(name))
