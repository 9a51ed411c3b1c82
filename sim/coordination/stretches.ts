// Who protects what: for each device that interrupts by itself, its own stretch of the feeder, the next such device toward
// the source and the next ones away from it, in the feeder's present state.

import type { Feeder } from '../../topology/feeder.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { liveTrees } from '../plant/live-tree.ts'
import type { End } from '../solver/solver-port.ts'
import { interruptsByItself } from '../sweep/way-of-fault.ts'

/** A section's end that is fed and cannot be spoken of as a node: a device stands between the two. */
export interface SectionEnd {
  readonly section: string
  readonly end: End
}

export interface Stretch {
  readonly device: DeviceEntry
  /** Toward the source. */
  readonly nearNode: string
  readonly feedEnd: End
  /** The next device toward the source that interrupts by itself. */
  readonly above: DeviceEntry | undefined
  /** The next ones away from it. */
  readonly below: readonly DeviceEntry[]
  /** Between this device and the next ones. */
  readonly nodes: ReadonlySet<string>
  readonly ends: readonly SectionEnd[]
  readonly sections: ReadonlySet<string>
  /** All that it feeds, the stretches of others below included. */
  readonly fed: { readonly nodes: ReadonlySet<string>; readonly sections: ReadonlySet<string> }
}

/** Of devices that are closed, live and not part of a loop, in the order of the file. */
export function stretchesOf(feeder: Feeder): Stretch[] {
  const { file } = feeder
  const tree = liveTrees(file)(name => feeder.position(name) !== 'closed')
  const looped = new Set(feeder.loops().certain.flatMap(loop => [...loop]))
  const devices = file.devices.filter(
    device =>
      interruptsByItself(device) &&
      feeder.position(device.name) === 'closed' &&
      tree.feedEnd(device.section) !== undefined &&
      !looped.has(device.section),
  )
  const fedBy = new Map(devices.map(({ name }) => [name, feeder.downstreamOfDevice(name)]))
  const ways = new Map(devices.map(device => [device.name, wayAbove(feeder, device, tree.feedEnd(device.section))]))
  const byName = new Map(devices.map(device => [device.name, device]))
  const aboveOf = (name: string): DeviceEntry | undefined => {
    const found = ways.get(name)?.devices.find(above => byName.has(above))
    return found === undefined ? undefined : byName.get(found)
  }
  return devices.map((device): Stretch => {
    const { name } = device
    const below = devices.filter(other => aboveOf(other.name) === device)
    const fed = fedBy.get(name) ?? { nodes: new Set<string>(), sections: new Set<string>() }
    const taken = below.map(other => fedBy.get(other.name))
    const nodes = new Set([...fed.nodes].filter(node => !taken.some(other => other?.nodes.has(node))))
    const sections = new Set([...fed.sections].filter(each => !taken.some(other => other?.sections.has(each))))
    const ends = [...sections].flatMap((section): SectionEnd[] => {
      const feedEnd = tree.feedEnd(section)
      if (feedEnd === undefined) return []
      const end: End = feedEnd === 'from' ? 'to' : 'from'
      return nodes.has(feeder.section(section)[end]) ? [] : [{ section, end }]
    })
    return {
      device,
      nearNode: ways.get(name)?.nearNode ?? '',
      feedEnd: tree.feedEnd(device.section) ?? 'from',
      above: aboveOf(name),
      below,
      nodes,
      ends,
      sections,
      fed,
    }
  })
}

function wayAbove(
  feeder: Feeder,
  device: DeviceEntry,
  feedEnd: End | undefined,
): { readonly nearNode: string; readonly devices: readonly string[] } {
  const section = feeder.section(device.section)
  const nearNode = section[feedEnd ?? 'from']
  const before = feeder.file.devices.filter(
    other => other.section === device.section && other.at === feedEnd && device.at !== feedEnd,
  )
  return { nearNode, devices: [...before.map(({ name }) => name), ...feeder.upstream(nearNode).devices] }
}
