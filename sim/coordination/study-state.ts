// The states of the feeder that settings are judged in: as it normally is, as somebody asks for, and fed over each tie.

import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import type { DeviceEntry, FeederFile } from '../../topology/feeder-file.ts'

export interface StudyState {
  /** `normal`, or what differs: `CB-S open, TR closed`. */
  readonly title: string
  /** In that state. */
  readonly feeder: Feeder
}

export function stateWith(file: FeederFile, open: readonly string[], closed: readonly string[]): StudyState {
  const feeder = createFeeder(file)
  for (const name of open) feeder.setPosition(name, 'open')
  for (const name of closed) feeder.setPosition(name, 'closed')
  const changes = [...open.map(name => `${name} open`), ...closed.map(name => `${name} closed`)]
  return { title: changes.length === 0 ? 'normal' : changes.join(', '), feeder }
}

/**
 * Each tie closed in turn, once from either side: the other side's way to its source is cut at the switching device
 * nearest to the source. States that would still have a loop, or leave the far side dark, are left out.
 */
export function tieStates(file: FeederFile): StudyState[] {
  const ties = file.devices.filter(({ kind, normal }) => normal === 'open' && kind !== 'fuse')
  return ties.flatMap(tie => {
    const sides = waysOfSides(file, tie)
    return [0, 1].flatMap(side => {
      const own = sides[side] ?? []
      const other = sides[1 - side] ?? []
      const cut = own.filter(device => !other.includes(device) && !isFuse(file, device)).at(-1)
      if (cut === undefined || other.length === 0) return []
      const state = stateWith(file, [cut], [tie.name])
      return isWhole(state.feeder, tie) ? [state] : []
    })
  })
}

/** The devices from either side of the tie to the source, the tie itself left out. */
function waysOfSides(file: FeederFile, tie: DeviceEntry): string[][] {
  const feeder = createFeeder(file)
  const { from, to } = feeder.section(tie.section)
  const onSection = file.devices.filter(device => device.section === tie.section && device.name !== tie.name)
  const standing = tie.at === 'from' ? from : to
  const beyond = standing === from ? to : from
  const between = onSection.filter(({ at }) => at !== tie.at).map(({ name }) => name)
  return [feeder.upstream(standing).devices, [...between, ...feeder.upstream(beyond).devices]].map(way => [...way])
}

const isFuse = (file: FeederFile, name: string): boolean =>
  file.devices.some(device => device.name === name && device.kind === 'fuse')

function isWhole(feeder: Feeder, tie: DeviceEntry): boolean {
  const parallel = feeder.sourcesInParallel().certain.length > 0 || feeder.loops().certain.length > 0
  return !parallel && feeder.sectionEnergised(tie.section) === 'yes'
}
