// No agent joins two sources, or closes a loop: only people do, and reclosing shots, of what was so before.
//
// Two dark parts that one device alone keeps apart may be fed at the same moment from two sides. When that device's own IED
// lies, and says that it is open, the two are joined through it; nobody else can see that. So a joint counts that does
// not go through the device of an IED that lies.

import { closingJoins } from '../../src/protection/closing-check.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

/** A grant of before stands for a minute at the most, and positions are believed for less. */
const BELIEVED_MS = 60_000

export function closesInParallel({ scheduler, site, file }: World, complain: Complain, conditions: Conditions): Watch {
  const switches = new Set(file.devices.map(({ name }) => name))
  const operated = new Map(file.ieds.map(({ name, operates }) => [name, operates]))
  return {
    settled(events) {
      for (const { device, kind } of events) {
        if (kind !== 'close' || conditions.operatedByHand(device, scheduler.now())) continue
        const now = createFeeder(file)
        for (const { name } of file.devices) now.setPosition(name, site.plant.position(name))
        const span = { fromMs: scheduler.now() - BELIEVED_MS, toMs: scheduler.now() }
        for (const liar of conditions.liars(span)) {
          const lied = operated.get(liar)
          if (lied !== undefined && lied !== device && switches.has(lied)) now.setPosition(lied, 'open')
        }
        const joins = closingJoins(now, device)
        if (joins !== 'nothing') complain('no-unplanned-parallel', `${device} closes and joins: ${joins}`)
      }
    },
  }
}
