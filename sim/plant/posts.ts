// Each IED's place, looked up once: what its instruments hang on, so that a look at one of thousands takes no search.

import type { DeviceEntry, FeederFile, IedEntry, LoadEntry } from '../../topology/feeder-file.ts'
import { PHASES, type Triple, triple } from '../solver/complex.ts'
import type { Given } from './given.ts'
import type { Contacts } from './shown.ts'
import { threeWireNodes } from './three-wire.ts'

export interface Post {
  readonly ied: IedEntry
  /** Phases of its node. */
  readonly has: Triple<boolean>
  readonly nominalVolts: number
  /** No neutral at its node: the instruments make one of their own. */
  readonly isThreeWire: boolean
  /** The switching device that it operates. */
  readonly device: DeviceEntry | undefined
  /** The node on the other side of that device than its own. */
  readonly far: { readonly node: string; readonly has: Triple<boolean>; readonly nominalVolts: number } | undefined
  /** What its meter is connected to; undefined when it is none, but measures a line. */
  readonly metered: Metered | undefined
  /** Loads that it may shed. */
  readonly sheddable: readonly string[]
}

export interface Metered {
  readonly loads: readonly string[]
  readonly generators: readonly string[]
  readonly capacitors: readonly string[]
}

export function postsOf(file: FeederFile, nominalVolts: (node: string) => number): ReadonlyMap<string, Post> {
  const devices = new Map(file.devices.map(device => [device.name, device]))
  const loads = new Map(file.loads.map(load => [load.name, load]))
  const generators = new Set(file.generators.map(({ name }) => name))
  const capacitors = new Set(file.capacitors.map(({ name }) => name))
  const phases = new Map(file.nodes.map(node => [node.name, node.phases]))
  const threeWire = threeWireNodes(file)
  const sections = new Map(file.sections.map(section => [section.name, section]))
  const hasAt = (node: string): Triple<boolean> => triple(i => phases.get(node)?.includes(PHASES[i]) ?? false)

  function farOf(device: DeviceEntry | undefined, own: string): Post['far'] {
    const section = sections.get(device?.section ?? '')
    if (section === undefined || (section.from !== own && section.to !== own)) return undefined
    const node = section.from === own ? section.to : section.from
    return { node, has: hasAt(node), nominalVolts: nominalVolts(node) }
  }

  return new Map(
    file.ieds.map(ied => {
      const { operates, meters, node } = ied
      const device = operates === undefined ? undefined : devices.get(operates)
      const own = operates === undefined || device !== undefined ? [] : [operates]
      const metered = {
        loads: [...new Set([...own.filter(name => loads.has(name)), ...meters])],
        generators: own.filter(name => generators.has(name)),
        capacitors: own.filter(name => capacitors.has(name)),
      }
      const isMeter = own.length + meters.length > 0
      return [
        ied.name,
        {
          ied,
          has: hasAt(node),
          nominalVolts: nominalVolts(node),
          isThreeWire: threeWire.has(node),
          device,
          far: farOf(device, node),
          metered: isMeter ? metered : undefined,
          sheddable: sheddable(loads, ied),
        },
      ]
    }),
  )
}

/** Loads that the IED may shed: the one it operates, else those it meters. */
export const sheddableLoads = (file: FeederFile, ied: IedEntry): readonly string[] =>
  sheddable(new Map(file.loads.map(load => [load.name, load])), ied)

function sheddable(loads: ReadonlyMap<string, LoadEntry>, { operates = '', meters }: IedEntry): readonly string[] {
  const candidates = loads.has(operates) ? [operates] : meters
  return candidates.filter(name => (loads.get(name)?.sheddableShare ?? 0) > 0)
}

/** Of what the IED operates and sheds, as they are now. */
export function contactsOf({ ied, device, sheddable }: Post, given: Given): Contacts {
  const { operates } = ied
  const shed = sheddable.length === 0 ? {} : { shed: sheddable.every(given.isShed) }
  if (operates === undefined) return shed
  const isClosed = device === undefined ? given.isConnected(operates) : !given.isOpen(operates)
  return { ...shed, position: isClosed ? 'closed' : 'open' }
}
