// The state that a diagram shows: the positions of devices.

import { createFeeder, type Feeder } from '../feeder.ts'
import type { DiagramOptions } from './options.ts'

/** A feeder of its own in the state to show, so that the caller's is left as it is. */
export function inShownState(feeder: Feeder, { positions }: DiagramOptions): Feeder {
  if (positions === undefined || positions.size === 0) return feeder
  const shown = createFeeder(feeder.file)
  for (const { name } of feeder.file.devices) shown.setPosition(name, positions.get(name) ?? feeder.position(name))
  return shown
}
