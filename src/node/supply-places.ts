// Where IEDs stand to each other in the normal state of the feeder, for questions about who lost supply.

import { createFeeder, type Feeder } from '../../topology/feeder.ts'

export interface SupplyPlaces {
  parent(ied: string): string | undefined
  customers(ied: string): number
  source(ied: string): string
  /** Devices and sections on the way from the upper IED, or the source, to the lower one. */
  way(
    above: string | undefined,
    below: string,
  ): { readonly devices: readonly string[]; readonly sections: readonly string[] }
  between(above: string, below: string): string
}

export function supplyPlaces({ file }: Pick<Feeder, 'file'>): SupplyPlaces {
  const normal = createFeeder(file)
  const customersOf = new Map(file.loads.map(load => [load.name, load.customers ?? 0]))
  const way: SupplyPlaces['way'] = (above, below) => {
    const up = normal.upstream(normal.ied(below).node)
    if (above === undefined) return { devices: up.devices, sections: up.sections }
    const beyond = normal.upstream(normal.ied(above).node)
    return {
      devices: up.devices.filter(each => !beyond.devices.includes(each)),
      sections: up.sections.filter(each => !beyond.sections.includes(each)),
    }
  }
  return {
    parent: ied => normal.parent(ied),
    customers: ied => normal.ied(ied).meters.reduce((sum, load) => sum + (customersOf.get(load) ?? 0), 0),
    source: ied => normal.upstream(normal.ied(ied).node).sources[0] ?? 'source',
    way,
    between(above, below) {
      const { sections } = way(above, below)
      return sections.length === 0 ? `${above} > ${below}` : [...sections].reverse().join(' ')
    },
  }
}
