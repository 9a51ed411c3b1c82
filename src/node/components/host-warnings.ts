// At a back-end peer: what its organisation's IEDs are warned of, passed on: as alerts to people, and to attached computers by
// the hooks of its own configuration. It operates nothing. The decision is in src/protection/passed-warning.ts.

import {
  type PassedEvent,
  type PassedState,
  passedWarningMessage,
  passedWarnings,
} from '../../protection/passed-warning.ts'
import type { Component } from '../component.ts'
import { hostHooks } from '../host-hooks.ts'
import { WARNED_PROTOCOL } from '../warning-passing.ts'

export const hostWarnings: Component = {
  name: 'host-warnings',
  start(context) {
    const { clock, config, feeder, links, credential } = context
    const hooks = hostHooks(config.hosts, context)
    const owners = new Map(feeder.file.ieds.map(ied => [ied.name, ied.organisation]))
    const step = passedWarnings()
    let state: PassedState = new Map()
    let stopped = false

    function feed(event: PassedEvent): void {
      if (stopped) return
      const next = step(state, event, clock.now())
      state = next.state
      for (const action of next.actions) {
        if (action.kind === 'wake') clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
        else if (action.kind === 'all-clear') hooks.tell({ event: 'all-clear' })
        else if (action.kind === 'ended') context.report('warning-ended', { id: action.event, ied: action.ied })
        else {
          const { event: id, severity, kind, arrivesInMs, lastsMs } = action.warning
          const course = {
            ...(arrivesInMs === undefined ? {} : { arrivesInMs }),
            ...(lastsMs === undefined ? {} : { lastsMs }),
          }
          context.report('warning-passed-on', { id, ied: action.ied, severity, kind, ...course })
          hooks.tell({ event: 'warning', severity, kind, at: clock.now(), ...course })
        }
      }
    }

    links.serve(WARNED_PROTOCOL, async (from, bytes) => {
      // The protocol is open to IEDs of the own organisation alone; here the feeder file has to say so too.
      if (owners.get(from.name) !== credential.organisation) {
        throw new Error(`the feeder file has no IED ${from.name} of ${credential.organisation}`)
      }
      feed({ kind: 'said', ied: from.name, warning: passedWarningMessage.decode(bytes) })
      return new Uint8Array()
    })
    return {
      async stop() {
        stopped = true
        await hooks.stop()
      },
    }
  },
}
