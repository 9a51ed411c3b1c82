// Faults that a device does not see though they are its own to clear.

import { amperes, type Contradiction } from './contradiction.ts'
import { deviceCurve } from './device-curve.ts'
import { type FaultStudy, ownFaults } from './fault-study.ts'
import { inWords } from './high-set-range.ts'
import type { Stretch } from './stretches.ts'
import type { StudyState } from './study-state.ts'

/** Where nothing is grounded, one phase to ground draws next to nothing, and no overcurrent element can see it. */
const NO_FAULT_CURRENT_AMPS = 5

/** One for each device: of the faults that it does not see, the one with the most current. */
export function blindSpots(study: FaultStudy, { title }: StudyState): Contradiction[] {
  const byName = new Map(study.stretches.map(stretch => [stretch.device.name, stretch]))
  return study.stretches.flatMap((stretch): Contradiction[] => {
    const { device } = stretch
    const curve = deviceCurve(device)
    const unseen = ownFaults(study, stretch)
      .filter(({ fault, amps }) => fault.kind !== 'line-ground' || amps.residual >= NO_FAULT_CURRENT_AMPS)
      .filter(({ amps }) => !Number.isFinite(curve.seconds(amps)))
      .sort((one, other) => other.amps.phase - one.amps.phase)
    const [worst] = unseen
    if (worst === undefined) return []
    const { fault, amps } = worst
    const behind = nextThatSees(byName, stretch, fault.through)
    const then =
      behind === undefined
        ? 'and nothing toward the source sees it either'
        : `${behind.name} clears it after ${(behind.seconds * 1000).toFixed(0)} ms in its place`
    const pickups = curve.elements
      .filter(({ isFast }) => !isFast)
      .map(({ name, pickupAmps }) => `${name} above ${amperes(pickupAmps)}`)
    const text = `does not see ${inWords(fault)}: ${amperes(amps.phase)}, 3I0 ${amperes(amps.residual)}; ${pickups.join(', ')}; ${then}`
    return [
      {
        severity: 'warning',
        kind: 'blind',
        devices: [device.name, ...(behind === undefined ? [] : [behind.name])],
        state: title,
        text,
      },
    ]
  })
}

function nextThatSees(
  byName: ReadonlyMap<string, Stretch>,
  from: Stretch,
  through: ReadonlyMap<string, { readonly phase: number; readonly residual: number }>,
): { readonly name: string; readonly seconds: number } | undefined {
  for (let above = from.above; above !== undefined; above = byName.get(above.name)?.above) {
    const seconds = deviceCurve(above).seconds(through.get(above.name) ?? { phase: 0, residual: 0 })
    if (Number.isFinite(seconds)) return { name: above.name, seconds }
  }
  return undefined
}
