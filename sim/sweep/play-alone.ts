// A fault with the devices' own relays and fuses alone. This is what happens without communications, for an agent that
// hears nobody operates nothing: it adds to its device what others tell it. A test plays both and compares.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { instant } from '../../topology/units.ts'
import { createField, type FieldEvent } from '../plant/field.ts'
import { createPlant, type Fault, type Plant } from '../plant/plant.ts'
import { type Played, rounded, SECONDS_OF_DAY } from './played.ts'

/**
 * @param look at the plant in the moment after the fault, before anything moves
 * @param stuck a device whose contacts do not move
 */
export function playAlone(
  file: FeederFile,
  fault: Fault,
  limitMs: number,
  look: (plant: Plant) => void,
  stuck?: string,
): Played {
  const plant = createPlant(file)
  plant.setTimeOfDay(SECONDS_OF_DAY)
  const field = createField(file, plant)
  field.advance(instant(0))
  if (stuck !== undefined) field.fail(stuck, 'stuck contacts', true, instant(0))
  plant.fault(fault)
  look(plant)
  const events: FieldEvent[] = [...field.advance(instant(0))]
  let atMs = 0
  for (let due = field.deadline(); due !== undefined && due <= limitMs; due = field.deadline()) {
    atMs = due
    events.push(...field.advance(due))
  }
  const acts = events.map(({ at, device, kind }) => ({ atMs: rounded(at), device, kind }))
  return { field: acts, agents: [], forMs: field.deadline() === undefined ? atMs : limitMs }
}
