// Where this IED stands to a device that interrupts fault current, and the way of messages about it: to the operators of
// switching devices above it and to everybody below, whoever stands in between relaying.

import type { Feeder } from '../../topology/feeder.ts'
import type { Place } from '../mesh/authority.ts'
import { operatorsOf } from '../protection/restoration/team.ts'
import type { Neighbourhood, Route } from './neighbourhood.ts'
import { operatorsUpstream } from './operators-upstream.ts'
import { perTopology } from './per-topology.ts'

/** Where the device is, seen from here. */
export type Whereabouts = 'below' | 'above' | 'elsewhere' | 'unknown'

export const placeOfDevice: Readonly<Record<Whereabouts, Place>> = {
  below: 'downstream',
  above: 'upstream',
  elsewhere: 'elsewhere',
  unknown: 'undecided',
}

export const INTERRUPTERS: ReadonlySet<string> = new Set(['breaker', 'recloser'])

export function aroundDevice(name: string, feeder: Feeder, near: Pick<Neighbourhood, 'about'>) {
  // Of switching devices alone: what is said of a generator's contactor has no place on the feeder, and no way.
  const openers = operatorsOf(feeder.file)
  const audience = perTopology(feeder, (device: string) => {
    const { certain: below, undecided } = feeder.fedThrough(device)
    return { above: new Set(operatorsUpstream(feeder, device)), below, undecided }
  })
  return {
    /** Who operates the device, by the feeder file. */
    operatorOf: (device: string): string | undefined => openers.get(device),
    whereIs(device: string): Whereabouts {
      const { above, below, undecided } = audience(device)
      if (above.has(name)) return 'below'
      if (below.has(name)) return 'above'
      return undecided.has(name) ? 'unknown' : 'elsewhere'
    },
    route: (device: string): Route =>
      near.about(`device ${device}`, () => {
        const { below, undecided } = audience(device)
        const all = new Set([...feeder.upstreamIeds({ device }), ...below, ...undecided])
        return { has: ied => all.has(ied), members: () => all }
      }),
  }
}
