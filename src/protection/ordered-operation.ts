// What an order means at the device of one IED: which of the four operations of the hardware, and on what.

import type { FeederFile, IedEntry } from '../../topology/feeder-file.ts'
import type { Verb } from './command.ts'

/** What an IED operates decides what has to be so before it closes. */
export type Operated = 'switch' | 'generator' | 'load' | 'capacitor' | 'sheddable'

export interface OrderedOperation {
  readonly operation: 'open' | 'close' | 'shed' | 'restore'
  readonly of: Operated
  /** By name in the feeder file. */
  readonly device: string
}

export type DeviceVerb = 'open' | 'close' | 'connect' | 'disconnect'
const deviceVerbs: ReadonlySet<Verb> = new Set<DeviceVerb>(['open', 'close', 'connect', 'disconnect'])
export const isDeviceVerb = (verb: Verb): verb is DeviceVerb => deviceVerbs.has(verb)

/** @returns the operation, or in words why this IED has none for the verb */
export function orderedOperation(verb: DeviceVerb, ied: IedEntry, file: FeederFile): OrderedOperation | string {
  const closes = verb === 'close' || verb === 'connect'
  if (ied.operates !== undefined) {
    return { operation: closes ? 'close' : 'open', of: kindOf(ied.operates, file), device: ied.operates }
  }
  const shed = file.loads.find(load => ied.meters.includes(load.name) && load.sheddableShare > 0)
  if (shed === undefined) return `${ied.name} operates nothing and meters no load that may be shed`
  if (verb === 'open' || verb === 'close')
    return `${ied.name} has no switch; it can connect and disconnect ${shed.name}`
  return { operation: closes ? 'restore' : 'shed', of: 'sheddable', device: shed.name }
}

function kindOf(operates: string, file: FeederFile): Operated {
  const isNamed = ({ name }: { readonly name: string }): boolean => name === operates
  if (file.generators.some(isNamed)) return 'generator'
  if (file.loads.some(isNamed)) return 'load'
  return file.capacitors.some(isNamed) ? 'capacitor' : 'switch'
}
