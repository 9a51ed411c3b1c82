// Apart from a recloser's own shots, and from people, nothing closes onto a fault.
//
// A device closed onto a fault when a fault is on the feeder and, right after its contacts closed and before time passed,
// a healthy relay picked up that had not been. A relay that was made blind picks nothing up and so does not count.

import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

export function closesOntoFault({ scheduler, site }: World, complain: Complain, conditions: Conditions): Watch {
  return {
    settled(events) {
      events.forEach(({ device, kind }, index) => {
        if (kind !== 'close' || conditions.operatedByHand(device, scheduler.now())) return
        const seenBy = events.slice(index + 1).find(later => later.kind === 'pickup')?.device
        if (seenBy === undefined || site.plant.snapshot().faults.length === 0) return
        complain('no-close-onto-fault', `${device} closed onto a fault that ${seenBy} picks up`)
      })
    },
  }
}
