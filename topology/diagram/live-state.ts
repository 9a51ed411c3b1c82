// The state that a diagram shows: positions of devices, and what has voltage.

import { createFeeder, type Feeder } from '../feeder.ts'
import { groupBy } from '../group-by.ts'
import type { DiagramOptions } from './options.ts'

/** A feeder of its own in the state to show, so that the caller's is left as it is. */
export function inShownState(feeder: Feeder, { positions }: DiagramOptions): Feeder {
  if (positions === undefined || positions.size === 0) return feeder
  const shown = createFeeder(feeder.file)
  for (const { name } of feeder.file.devices) shown.setPosition(name, positions.get(name) ?? feeder.position(name))
  return shown
}

/** Whether a section is live from one end at least; what depends on an unknown position counts as live. */
export function sectionsWithVoltage(feeder: Feeder): (section: string) => boolean {
  const devices = groupBy(feeder.file.devices, device => `${device.section} ${device.at}`)
  return name => {
    const section = feeder.section(name)
    return (['from', 'to'] as const).some(
      end =>
        feeder.energised(section[end]) !== 'no' &&
        (devices.get(`${name} ${end}`) ?? []).every(device => feeder.position(device.name) !== 'open'),
    )
  }
}
