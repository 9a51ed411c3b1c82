// Which loads' energy passes an IED's meter, and which of them other IEDs meter by themselves. By the feeder file with its
// devices in their normal positions, so that a month's costs do not change sides when a tie is closed for an hour.

import type { Feeder } from '../../../topology/feeder.ts'
import type { IedEntry } from '../../../topology/feeder-file.ts'

export interface SubMeter {
  readonly ied: string
  /** Loads and generators; several where it counts them together. */
  readonly parts: readonly string[]
}

export interface LoadsBehind {
  /** Loads and generators whose energy passes the meter. */
  readonly parts: readonly string[]
  readonly subMeters: readonly SubMeter[]
  /** Of the parts, those that nobody else meters. */
  readonly together: readonly string[]
}

/** @param feeder with all devices in their normal positions */
export function loadsBehind(feeder: Feeder, name: string): LoadsBehind {
  const { ieds, loads, generators, devices } = feeder.file
  const known = new Set([...loads, ...generators].map(each => each.name))
  const partsOf = ({ meters, operates = '' }: IedEntry): string[] =>
    [...new Set([...meters, operates])].filter(part => known.has(part))
  const own = ieds.find(ied => ied.name === name)
  if (own === undefined) return { parts: [], subMeters: [], together: [] }
  const device = devices.find(each => each.name === own.operates)
  const below = device === undefined || partsOf(own).length > 0 ? undefined : feeder.downstreamOfDevice(device.name)
  const parts = below === undefined ? partsOf(own) : [...below.loads, ...below.generators].sort()
  const all = new Set(parts)
  const left = new Set(parts)
  const subMeters: SubMeter[] = []
  const others = ieds
    .filter(ied => ied.name !== name)
    .map(ied => ({ ied, own: partsOf(ied) }))
    // One that meters just the same is another meter of this, and not one below it.
    .filter(({ own: theirs }) => theirs.length > 0 && (below !== undefined || theirs.length < parts.length))
    .filter(({ own: theirs }) => theirs.every(part => all.has(part)))
    // What is metered alone goes first, and a meter before a device that is operated. Of two for one load, one counts.
    .sort((a, b) => a.own.length - b.own.length || b.ied.meters.length - a.ied.meters.length)
  for (const { ied, own: theirs } of others) {
    if (!theirs.every(part => left.has(part))) continue
    for (const part of theirs) left.delete(part)
    subMeters.push({ ied: ied.name, parts: theirs })
  }
  subMeters.sort((a, b) => (a.ied < b.ied ? -1 : 1))
  return { parts, subMeters, together: parts.filter(part => left.has(part)) }
}
