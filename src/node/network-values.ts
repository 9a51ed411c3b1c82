// The voltage of the network at an IED as its generator's protection judges it: the lowest and the highest phase, per unit of
// nominal. A phase that is not there, or doubted, makes both unknown: what is wrong may be wrong there.

import type { FeederFile, GeneratorEntry, IedEntry } from '../../topology/feeder-file.ts'
import { nominalVolts } from '../../topology/nominal-volts.ts'
import type { Measurement, PerPhase } from '../hal/port.ts'

export interface NetworkValues {
  readonly least?: number
  readonly greatest?: number
  readonly hz?: number
}

export interface NetworkPlace {
  readonly phases: readonly ('a' | 'b' | 'c')[]
  readonly nominal: number
}

export function networkPlace(file: FeederFile, ied: IedEntry, generator: GeneratorEntry): NetworkPlace {
  const node = file.nodes.find(each => each.name === ied.node)
  const phases = generator.phases ?? node?.phases ?? ['a', 'b', 'c']
  const nominal = nominalVolts(file).get(ied.node) ?? (file.nominalKv * 1000) / Math.sqrt(3)
  return { phases: phases.filter(phase => phase === 'a' || phase === 'b' || phase === 'c'), nominal }
}

export function perUnit({ phases, nominal }: NetworkPlace, volts: PerPhase): Pick<NetworkValues, 'least' | 'greatest'> {
  const values = phases.map(phase => volts[phase])
  if (values.length === 0 || !values.every(value => value !== undefined && Number.isFinite(value))) return {}
  const known = values as number[]
  return { least: Math.min(...known) / nominal, greatest: Math.max(...known) / nominal }
}

export function measuredValues(
  place: NetworkPlace,
  { volts = {}, frequencyHz, doubts = {} }: Measurement,
): NetworkValues {
  const doubted = Object.keys(doubts)
  const isDoubted = doubted.some(feed => feed.startsWith('volts.'))
  return {
    ...(isDoubted ? {} : perUnit(place, volts)),
    ...(frequencyHz === undefined || doubted.includes('frequencyHz') ? {} : { hz: frequencyHz }),
  }
}
