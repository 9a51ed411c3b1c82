// The shell of sync check (25) at a switching device whose unit measures both sides (`farVolts` of a source of synchrophasors).
// The decision is in src/protection/elements/{sync-sides,sync-check}.ts. It operates nothing: while the sides are in step it
// says so, and who is about to join two live sides by order asks for that.
//
// Frames that are doubted, late, lost or out of order are none: after STALE_MS without a good one nothing is in step, and the
// time begins anew. A wrong clock changes nothing, since both sides are measured by it.

import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { duration, instant } from '../../../topology/units.ts'
import type { PhasorFrame } from '../../hal/port.ts'
import { syncLimits } from '../../protection/elements/sync-check.ts'
import { noSides, sidesInStep, sidesOfFrame } from '../../protection/elements/sync-sides.ts'
import type { Component } from '../component.ts'

const SCHEME = 'sync check'
/** Two frames of a unit that sends ten a second, and a little. */
const STALE_MS = 250
const DEAD_PU = 0.2

export const syncCheckComponent: Component = {
  name: 'sync-check',
  start({ bus, clock, config, feeder, hal, name, report }) {
    const ied = feeder.file.ieds.find(each => each.name === name)
    const device = feeder.file.devices.find(each => each.name === ied?.operates)?.name
    if (ied === undefined || device === undefined || hal?.onPhasors === undefined) return { stop: () => {} }
    const { mva, livePu, lastsMs } = config.syncCheck
    const step = sidesInStep(
      {
        nominalVolts: nominalVolts(feeder.file).get(ied.node) ?? (feeder.file.nominalKv * 1000) / Math.sqrt(3),
        deadPu: DEAD_PU,
        livePu,
        limits: syncLimits(mva),
        lasts: duration(lastsMs),
        allowed: new Set(['sync']),
      },
      STALE_MS,
    )
    let state = noSides
    let stands = false
    /** Whether the unit has ever shown the far side; without it there is nothing to tell of. */
    let hasFar = false
    let cancelStale = (): void => {}

    function tell(next: boolean): void {
      if (next === stands) return
      stands = next
      bus.emit('inSync', { stands })
      report(stands ? 'in-sync' : 'out-of-sync', { device: device as string })
    }

    function forget(): void {
      state = noSides
      tell(false)
    }

    function hear(frame: PhasorFrame): void {
      const sides = sidesOfFrame(frame)
      if (sides === undefined) return
      hasFar = true
      cancelStale()
      cancelStale = clock.wakeAt(instant(clock.now() + STALE_MS), forget)
      const next = step(state, sides, clock.now())
      state = next.state
      tell(next.inStep)
    }

    const cancels = [
      bus.on('phasors', hear),
      bus.on('device', ({ answering }) => answering || forget()),
      bus.on('ready-asked', ({ answer }) => {
        if (!hasFar) return
        answer({ scheme: SCHEME, ready: stands, ...(stands ? {} : { why: 'its two sides are not in step' }) })
      }),
      () => cancelStale(),
    ]
    return {
      stop() {
        for (const cancel of cancels) cancel()
      },
    }
  },
}
