// What does not change about a feeder, and the situations that its devices' positions make of it.
//
// Several live feeders in one process over one file (the agents of a simulation, each with the positions that it knows)
// share all of this. They mostly know the same, so most situations are prepared once for all of them.

import { contentsOf } from './downstream.ts'
import type { FeederFile } from './feeder-file.ts'
import { protectionHash } from './feeder-hash.ts'
import { type IedPosts, postIeds } from './ied-tree.ts'
import { buildNetwork, type Network, positionCode } from './network.ts'
import { type Orientation, orientAtRest } from './orientation.ts'
import { once, type Situation, situationOf } from './situation.ts'
import { unknownName } from './topology-error.ts'
import { findZones } from './zones.ts'

export interface Plan {
  readonly network: Network
  readonly posts: IedPosts
  /** In the normal state. */
  readonly rest: Orientation
  readonly normal: Uint8Array
  readonly contents: () => ReturnType<typeof contentsOf>
  readonly zones: () => ReturnType<typeof findZones>
  readonly hash: () => string
  readonly ied: Finder<'ieds'>
  readonly device: Finder<'devices'>
  readonly section: Finder<'sections'>
  /** What an IED operates may also be a load, a generator or a capacitor. */
  isDevice(name: string): boolean
  /** @param positions by number of the device; read here and not kept */
  situation(positions: Uint8Array): Situation
}

type Finder<List extends 'ieds' | 'devices' | 'sections'> = (name: string) => FeederFile[List][number]

/** The oldest go first. One live feeder needs the present one and some with a device assumed elsewhere. */
const MOST_SITUATIONS = 32

const plans = new WeakMap<FeederFile, Plan>()

/** @param file never changed afterwards */
export function planOf(file: FeederFile): Plan {
  const known = plans.get(file)
  if (known !== undefined) return known
  const plan = draw(file)
  plans.set(file, plan)
  return plan
}

function draw(file: FeederFile): Plan {
  const network = buildNetwork(file)
  const posts = postIeds(file, network)
  const rest = orientAtRest(file, network)
  const normal = new Uint8Array(network.devices.length)
  for (const device of file.devices) normal[network.device(device.name)] = positionCode(device.normal)
  const deviceNames = new Set(file.devices.map(({ name }) => name))
  const situations = new Map<string, Situation>()
  return {
    network,
    posts,
    rest,
    normal,
    contents: once(() => contentsOf(file, network, posts)),
    zones: once(() => findZones(network, rest, posts.at)),
    hash: once(() => protectionHash(file)),
    ied: finder('ied', file.ieds),
    device: finder('device', file.devices),
    section: finder('section', file.sections),
    isDevice: name => deviceNames.has(name),
    situation(positions) {
      const key = Buffer.from(positions).toString('latin1')
      const known = situations.get(key)
      if (known !== undefined) return known
      const situation = situationOf(network, posts, rest, positions)
      for (const oldest of situations.keys()) if (situations.size >= MOST_SITUATIONS) situations.delete(oldest)
      situations.set(key, situation)
      return situation
    },
  }
}

function finder<T extends { readonly name: string }>(kind: string, entries: readonly T[]): (name: string) => T {
  const byName = new Map(entries.map(entry => [entry.name, entry]))
  return name => {
    const entry = byName.get(name)
    if (!entry) throw unknownName(kind, name, byName.keys())
    return entry
  }
}
