// No agent joins two sources, or closes a loop: only people do, and reclosing shots, of what was so before.

import { closingJoins } from '../../src/protection/closing-check.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

export function closesInParallel({ scheduler, site, file }: World, complain: Complain, conditions: Conditions): Watch {
  return {
    settled(events) {
      for (const { device, kind } of events) {
        if (kind !== 'close' || conditions.operatedByHand(device, scheduler.now())) continue
        const now = createFeeder(file)
        for (const { name } of file.devices) now.setPosition(name, site.plant.position(name))
        const joins = closingJoins(now, device)
        if (joins !== 'nothing') complain('no-unplanned-parallel', `${device} closes and joins: ${joins}`)
      }
    },
  }
}
