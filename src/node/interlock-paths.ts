// The way of questions and answers between a device and those that protect below it: straight to each other over the
// protection link that the asker holds, and along the tree of IEDs, where those in between relay.

import type { Feeder } from '../../topology/feeder.ts'
import { type InterlockZone, interlockZone, type NoZone } from '../protection/interlock-zone.ts'
import { operatorsOf } from '../protection/restoration/team.ts'
import { INTERRUPTERS } from './around-device.ts'
import type { Neighbourhood, Route } from './neighbourhood.ts'
import { perTopology } from './per-topology.ts'

const NO_DEVICE: NoZone = { bar: 'it operates no breaker or recloser' }

/** The zone of the device that this IED operates, worked out once for each topology. */
export function zoneOf(feeder: Feeder, name: string): () => InterlockZone | NoZone {
  const operates = feeder.file.ieds.find(ied => ied.name === name)?.operates
  const device = feeder.file.devices.find(each => each.name === operates && INTERRUPTERS.has(each.kind))
  const zone = perTopology(feeder, () => (device === undefined ? NO_DEVICE : interlockZone(feeder, device)))
  return () => zone('own')
}

/** The IEDs of the devices below that are asked when the own high set picks up; none where there is no high set. */
export function askedNeighbours(feeder: Feeder, name: string): () => readonly string[] {
  const operates = feeder.file.ieds.find(ied => ied.name === name)?.operates
  const hasHighSet = feeder.file.devices.some(each => each.name === operates && each.relay?.highSet !== undefined)
  if (!hasHighSet) return () => []
  const zone = zoneOf(feeder, name)
  return () => {
    const now = zone()
    if ('bar' in now) return []
    return feeder.file.ieds.flatMap(ied => (now.neighbours.includes(ied.operates ?? '') ? [ied.name] : []))
  }
}

/** No two lists of names make the same thing, whatever a message calls a device. */
export const thingOf = (...words: readonly string[]): string => JSON.stringify(words)

export function interlockPaths(feeder: Feeder, near: Pick<Neighbourhood, 'about'>) {
  const operators = operatorsOf(feeder.file)
  const isBelow = perTopology(feeder, (device: string) => {
    const { certain, undecided } = feeder.fedThrough(device)
    return new Set([...certain, ...undecided])
  })
  /** From the device below up to the one above, both ends among them. */
  function between(above: string, below: string): readonly string[] {
    const ends = [operators.get(above), operators.get(below)]
    if (ends.includes(undefined)) return []
    const under = isBelow(above)
    return [...(ends as string[]), ...feeder.upstreamIeds({ device: below }).filter(ied => under.has(ied))]
  }
  const path = (thing: string, members: () => readonly string[]): Route =>
    near.about(thing, () => {
      const all = new Set(members())
      return { has: ied => all.has(ied), members: () => all }
    })
  return {
    operatorOf: (device: string): string | undefined => operators.get(device),
    down: (device: string, asked: readonly string[]): Route =>
      path(thingOf('down', device, ...asked), () => asked.flatMap(below => between(device, below))),
    up: (device: string, to: string): Route => path(thingOf('up', to, device), () => between(to, device)),
  }
}
