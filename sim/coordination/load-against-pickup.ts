// Pickups against the load that flows at the evening peak.

import { amperes, type Contradiction } from './contradiction.ts'
import type { FaultStudy } from './fault-study.ts'
import { COLD_LOAD } from './high-set-range.ts'
import type { StudyState } from './study-state.ts'

/** Of the load: what a pickup has to be above in any case. Common practice is 1.25 to 1.5. */
export const ABOVE_LOAD = 1.25

export function loadAgainstPickup({ stretches, load, loads }: FaultStudy, { title }: StudyState): Contradiction[] {
  return stretches.flatMap(({ device }): Contradiction[] => {
    const { name, relay, meltingCurve } = device
    const carried = load.get(name) ?? { phase: 0, residual: 0 }
    const without =
      (loads.out.get(name)?.phase ?? 0) > (loads.in.get(name)?.phase ?? 0) + 0.5 ? ' without generators' : ''
    const judged = (what: string, pickupAmps: number, amps: number, kind: string): Contradiction[] => {
      const found = `${what} ${amperes(pickupAmps)}, ${kind} ${amperes(amps)}${without}`
      const common = { devices: [name], state: title }
      if (pickupAmps <= ABOVE_LOAD * amps) {
        const want = `want above ${amperes(ABOVE_LOAD * amps)} (${ABOVE_LOAD} times)`
        return [{ ...common, severity: 'warning', kind: 'pickup under load', text: `${found}: ${want}` }]
      }
      if (pickupAmps > COLD_LOAD * amps) return []
      const ratio = (pickupAmps / amps).toFixed(1)
      const text = `${found}: ${ratio} times, and load comes back at up to ${COLD_LOAD} times after a long interruption`
      return [{ ...common, severity: 'note', kind: 'pickup under cold load', text }]
    }
    if (relay === undefined) {
      const [[leastAmps] = [Number.POSITIVE_INFINITY]] = meltingCurve ?? []
      return judged('melts from', leastAmps, carried.phase, 'load')
    }
    const { ground } = relay
    return [
      ...judged('pickup', relay.pickupAmps, carried.phase, 'load'),
      ...(ground === undefined
        ? []
        : judged('ground pickup', ground.pickupAmps, carried.residual, 'unbalance of the load')),
    ]
  })
}
