// Several units on one bus that are one device to the agent: each with its map, and nothing fed twice.

import { type DeviceMap, DeviceMapError } from './device-map.ts'
import { meets, placesOfOperations } from './device-map-outputs.ts'

export interface MappedUnit {
  readonly unitId: number
  readonly map: DeviceMap
}

/** @throws DeviceMapError with each feed and each operation that two of the maps have */
export function checkTogether(units: readonly MappedUnit[]): void {
  const seen = new Map<string, MappedUnit>()
  const faults: string[] = []
  for (const unit of units) {
    const has = [
      ...unit.map.points.map(({ feeds }) => `feeds ${feeds}`),
      ...Object.keys(unit.map.operations),
      ...[...unit.map.outputs.keys()].map(name => `output ${name}`),
    ]
    for (const what of has) {
      const first = seen.get(what)
      if (first === undefined) seen.set(what, unit)
      else faults.push(`${say(unit)}: ${what}: ${say(first)} does already, want it of one of them`)
    }
  }
  faults.push(...outputsThatReach(units))
  if (faults.length > 0) throw new DeviceMapError('DEVICE_MAP_INVALID', faults)
}

/** Within one map this is checked with its lines; here between the units that the configuration puts together. */
function outputsThatReach(units: readonly MappedUnit[]): string[] {
  const operated = units.flatMap(({ unitId, map }) =>
    placesOfOperations(map.operations).map(({ place, by }) => ({
      by,
      place: { ...place, unitId: place.unitId ?? unitId },
    })),
  )
  return units.flatMap(unit =>
    [...unit.map.outputs].flatMap(([name, output]) => {
      const place = { ...output, unitId: output.unitId ?? unit.unitId, count: 1 }
      const other = operated.find(each => meets(each.place, place))
      return other === undefined ? [] : [`${say(unit)}: output ${name}: ${other.by} writes there, want another place`]
    }),
  )
}

const say = ({ unitId, map }: MappedUnit): string => `unit ${unitId} (${map.name})`
