// Which loads may be shed to make room for a restoration: those of the feeder file that the desk of an IED can shed.
// What has refused, in this incident, is not asked again.

import type { Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'

export const operatorOfLoad = (file: FeederFile, load: string): string | undefined =>
  file.ieds.find(({ meters }) => meters.includes(load))?.name

export function zoneOfLoad(feeder: Feeder, load: string): string {
  const { node, along = '' } = feeder.file.loads.find(({ name }) => name === load) ?? {}
  return node === undefined ? feeder.zoneOfSection(along) : feeder.zoneOf(node)
}

/** Variants kept for each file: model and zone graph are drawn once for each. The oldest gives way. */
const MOST_KEPT = 8
const variants = new WeakMap<FeederFile, Map<string, FeederFile>>()

/** The same feeder, in which these loads, and those that nobody could shed, have nothing to shed. */
export function withoutShedding(file: FeederFile, refused: ReadonlySet<string>): FeederFile {
  const kept = variants.get(file) ?? new Map<string, FeederFile>()
  variants.set(file, kept)
  const key = [...refused].sort().join('\n')
  const known = kept.get(key)
  if (known !== undefined) return known
  // One desk sheds one load: the first sheddable one that its IED meters.
  const shed = new Set(
    file.ieds.map(({ meters }) => file.loads.find(load => meters.includes(load.name) && load.sheddableShare > 0)?.name),
  )
  const made = {
    ...file,
    loads: file.loads.map(load =>
      shed.has(load.name) && !refused.has(load.name) ? load : { ...load, sheddableShare: 0 },
    ),
  }
  if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value as string)
  kept.set(key, made)
  return made
}
