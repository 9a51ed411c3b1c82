// The whole as its parts make it: sources, segments and zones one behind the other, and the own generators beside them. It
// assumes that they fail independently, which a storm does not; what was measured of all together stands apart. Its use is
// the importance: what the whole would gain if one part never failed. Of a part that was not seen to fail nothing is known but a
// bound, so it is left out: a generator that was never wanted would otherwise make the whole perfect.

import { type Importance, importanceOf, ninesOf, type Structure, systemAvailability } from './nines.ts'

export interface Part {
  readonly name: string
  readonly kind: 'segment' | 'zone' | 'source' | 'generator'
  readonly unavailability: number
}

export interface PartsNines {
  /** Undefined where no part ever failed: then there is no figure. */
  readonly supply?: number
  /** Either the supply or one generator is enough. */
  readonly withGenerators?: number
  /** Of the parts that failed, the most important first. */
  readonly importance: readonly Importance[]
}

export function partsNines(all: readonly Part[]): PartsNines {
  const parts = all.filter(({ unavailability }) => unavailability > 0)
  const supplies = parts.filter(({ kind }) => kind !== 'generator')
  const generators = parts.filter(({ kind }) => kind === 'generator')
  const available = new Map(parts.map(each => [labelOf(each), 1 - each.unavailability]))
  const of = (each: Part): Structure => ({ part: labelOf(each) })
  const supply: Structure = { series: supplies.map(of) }
  const whole: Structure = { parallel: [supply, ...generators.map(of)] }
  const nines = (structure: Structure): number | undefined => {
    const availability = systemAvailability(structure, available)
    return availability < 1 ? ninesOf(availability) : undefined
  }
  const [alone, both] = [nines(supply), generators.length === 0 ? undefined : nines(whole)]
  return {
    ...(alone === undefined ? {} : { supply: alone }),
    ...(both === undefined ? {} : { withGenerators: both }),
    importance: importanceOf(whole, available).filter(({ importance }) => importance > 0),
  }
}

/** A zone and a generator may have one name. */
const labelOf = ({ kind, name }: Part): string => `${kind} ${name}`
