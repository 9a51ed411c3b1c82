// High-set elements against the range in which they can lie.

import { amperes, type Contradiction, type ContradictionKind } from './contradiction.ts'
import type { FaultStudy } from './fault-study.ts'
import { type Bound, highSetRange, type Range } from './high-set-range.ts'
import type { StudyState } from './study-state.ts'

/** Only where an IED operates the device: without one there is no fast trip. */
export function highSetFindings(study: FaultStudy, { title, feeder }: StudyState): Contradiction[] {
  const operated = new Set(feeder.file.ieds.flatMap(({ operates }) => operates ?? []))
  return study.stretches.flatMap((stretch): Contradiction[] => {
    const { name, relay } = stretch.device
    if (relay === undefined || !operated.has(name)) return []
    const finding = (severity: Contradiction['severity'], kind: ContradictionKind, text: string): Contradiction => ({
      severity,
      kind,
      devices: [name],
      state: title,
      text,
    })
    const range = highSetRange(study, stretch)
    const { highSet } = relay
    if (highSet === undefined) {
      const value = between(range.phase)
      return value === undefined
        ? [finding('note', 'high-set impossible', `its fast stage is off: ${noValue(range.phase)}`)]
        : [finding('note', 'high-set missing', `has no high-set element, so no fast trip: ${amperes(value)} would do`)]
    }
    const judged = (what: string, amps: number, above: Bound, below: Bound | undefined): Contradiction[] => {
      if (amps <= above.amps) {
        const text = `${what} ${amperes(amps)}, want above ${amperes(above.amps)}: ${above.what}`
        return [finding('warning', 'high-set too low', text)]
      }
      if (below === undefined || amps < below.amps) return []
      const text = `${what} ${amperes(amps)}, want below ${amperes(below.amps)}: ${below.what}`
      return [finding('warning', 'high-set too high', text)]
    }
    const { pickupAmps, groundPickupAmps } = highSet
    if (groundPickupAmps !== undefined) {
      return [
        ...judged('high-set', pickupAmps, range.phase.above, range.phase.below),
        ...judged('ground high-set', groundPickupAmps, range.ground.above, range.ground.below),
      ]
    }
    // Alone, the phase element has to see faults to ground too, where they draw current at all.
    const draws = (range.ground.below?.amps ?? 0) >= LEAST_GROUND_AMPS
    const least = [range.phase.below, draws ? range.leastToGround : undefined].filter(each => each !== undefined)
    const below = least.sort((one, other) => one.amps - other.amps)[0]
    return judged('high-set', pickupAmps, range.phase.above, below)
  })
}

const LEAST_GROUND_AMPS = 5

/** In the middle, on log paper. */
export const between = ({ above, below }: Range): number | undefined =>
  below === undefined || below.amps <= above.amps || above.amps === 0 ? undefined : Math.sqrt(above.amps * below.amps)

const noValue = ({ above, below }: Range): string =>
  below === undefined
    ? 'no fault of its own stretch is without ground'
    : `${above.what} is ${amperes(above.amps)}, and the least fault ${amperes(below.amps)} (${below.what})`
