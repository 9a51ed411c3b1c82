// The shell of the warning path. At an observing IED it turns the line sensors' status into warnings (`warning-sender.ts`);
// at every IED it turns warnings into reactions of the field device, and tells attached computers and back-end peers. The
// decisions are in src/protection.

import type { Answer } from '../../../topology/feeder.ts'
import { duration, instant } from '../../../topology/units.ts'
import type { Place } from '../../mesh/authority.ts'
import {
  calm,
  type EarlyWarningAction,
  type EarlyWarningEvent,
  type EarlyWarningSettings,
  earlyWarning,
} from '../../protection/early-warning.ts'
import { allClearMessage, warningMessage } from '../../protection/messages.ts'
import { doingNothing } from '../../protection/warning-policy.ts'
import { authorityTable } from '../authority-table.ts'
import type { Acted, Component } from '../component.ts'
import type { AgentConfig } from '../config.ts'
import { hostHooks } from '../host-hooks.ts'
import { neighbourhood } from '../neighbourhood.ts'
import { operable } from '../operable.ts'
import { soon } from '../soon.ts'
import { warnedLoads } from '../warned-loads.ts'
import { warningPassing } from '../warning-passing.ts'
import { WARNING_LIFETIME, warningSender } from '../warning-sender.ts'
import { subscribeToZones } from '../zone-subscriptions.ts'

export { WARNING_LIFETIME }

/** At the start, a disturbance that goes on is heard of again within this time. */
const LISTEN_MS = 5000
/** Where the section is, seen from here, when this IED is downstream of it or not. */
const PLACES: Readonly<Record<Answer, Place>> = { yes: 'upstream', no: 'elsewhere', unknown: 'undecided' }
/** IEDs one above the other; more than any feeder has. */
const MAX_DEPTH = 256
/** Positions and peers come in bursts, at a start above all. */
const REFRESH_MS = 20
/** Events whose origins are remembered, for records. */
const ORIGINS_KEPT = 256
/** What a person resets by these names: all reactions end now; the load is no longer held by who ordered it. */
const RESET = 'warnings'

export const earlyWarningComponent: Component = {
  name: 'early-warning',
  async start(context) {
    const { feeder, messenger, clock, bus, hal, name, log } = context
    const near = neighbourhood(name, feeder, context.links, messenger)
    const sender = warningSender(context, near)
    const passing = warningPassing(context)
    const hooks = hostHooks(context.config.hosts, context)
    const share = context.config.earlyWarning.staggerSeconds > 0 ? context.chance() : 0
    let react = earlyWarning(settingsOf(context.config, share))
    /** Somebody has blocked automatic operations here. A load that is to come back then waits for the end of that. */
    let isInhibited = false
    /** What has latched here: a load that tripped for it stays off. */
    const lockouts = new Set<string>()
    let restoresLater = false
    const loads = await warnedLoads(context)
    const { wasShed, wasTransferred, wasStarted } = loads
    let warned = {
      ...calm,
      shed: wasShed,
      done: { ...doingNothing, transfer: wasTransferred, start: wasStarted },
      ignores: context.config.earlyWarning.ignore,
    }
    let stopped = false
    const originOf = new Map<string, string>()
    /** Of the device's own voltage elements; nothing where it shows none, or is silent. */
    let sagByDevice: boolean | undefined
    let sagByMonitor = false

    function feed(event: EarlyWarningEvent, extra: Record<string, unknown> = {}): void {
      if (stopped) return // what was shed stays so; the next start restores it
      const next = react(warned, event, clock.now())
      warned = next.state
      for (const action of next.actions) perform(action, extra)
    }

    /** The device's own voltage elements know best; where it has none, the monitor. */
    function ownSag(dead: boolean, polledAtMs: number): void {
      const present = sagByDevice ?? sagByMonitor
      if (present === warned.ownSag) return
      feed({ kind: 'own-sag', present })
      context.report(present ? 'sag-begins' : 'sag-ends', { dead, polledAtMs })
    }

    function perform(action: EarlyWarningAction, extra: Record<string, unknown>): void {
      switch (action.kind) {
        case 'warned':
          return tellWarned(action, extra)
        case 'own-measurement':
          context.report('own-measurement', { id: action.event, origin: originOf.get(action.event) })
          break
        case 'ended':
          context.report('warning-ended', { id: action.event, by: action.by })
          passing.ended(action.event)
          break
        case 'alarm':
          context.report('alarm', { alarm: action.alarm, origin: action.origin, section: action.section })
          break
        case 'tell-hosts': {
          const { severity, of: kind, arrivesInMs, lastsMs } = action
          hooks.tell({ event: 'warning', severity, kind, at: clock.now(), arrivesInMs, lastsMs })
          break
        }
        case 'clear-hosts':
          hooks.tell({ event: 'all-clear' })
          break
        case 'operate':
          operate(action)
          break
        case 'wake':
          clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
      }
    }

    function tellWarned(
      {
        event,
        origin,
        section,
        severity,
        of,
        reaction,
        announced,
        arrivesInMs,
        lastsMs,
      }: EarlyWarningAction & {
        readonly kind: 'warned'
      },
      extra: Record<string, unknown>,
    ): void {
      const course = {
        ...(arrivesInMs === undefined ? {} : { arrivesInMs: Math.round(arrivesInMs) }),
        ...(lastsMs === undefined ? {} : { lastsMs }),
      }
      const about = announced ? { device: section } : { section }
      const fields = { id: event, origin, ...about, severity, kind: of, reaction, ...course, ...extra }
      context.report(announced ? 'reacts-to-trip' : 'warned', fields)
      passing.warned({ event, severity, kind: of, arrivesInMs, lastsMs })
    }

    function operate(action: EarlyWarningAction & { readonly kind: 'operate' }): void {
      // What is shed anew is restored at the end of that, not before.
      if (action.operation === 'shed' || action.operation === 'restore') {
        restoresLater = action.operation === 'restore' && (isInhibited || lockouts.size > 0)
      }
      switch (action.operation) {
        case 'transfer':
        case 'transfer-back':
          return loads.transfer(action.operation === 'transfer')
        case 'start':
        case 'stop':
          return loads.start(action.operation === 'start')
        case 'restore':
          return restoresLater ? undefined : loads.restore()
        case 'shed':
          return isInhibited ? heldBack('shed', action.event) : loads.shed(action.upTo, action.event)
        case 'open':
          return isInhibited ? heldBack('open', action.event) : void open(action.event)
      }
    }

    const heldBack = (operation: string, id: string): void =>
      context.report('reaction-inhibited', { operation, cause: 'early-warning', id })

    function heedBars(): void {
      // What is being restored the load desk holds back by itself.
      if (isInhibited || lockouts.size > 0 || !restoresLater) return
      restoresLater = false
      loads.restore()
    }

    async function open(id: string): Promise<void> {
      try {
        await operable(hal).operate('open')
        context.report('operated', { operation: 'open', cause: 'early-warning', id })
      } catch (error) {
        context.report('alarm', { alarm: 'operation-failed', operation: 'open', id, reason: (error as Error).message })
      }
    }

    const observerOnly = (section: string, origin: string) =>
      feeder.observerOf(section) === origin ? undefined : 'not-the-observer'
    messenger.on(
      {
        ...authorityTable.warning,
        where: payload => PLACES[feeder.isDownstream(name, warningMessage.decode(payload).section)],
        claim: (payload, origin) => observerOnly(warningMessage.decode(payload).section, origin.name),
        about: payload => warningMessage.decode(payload).section,
        onward: payload => near.aboutSection(warningMessage.decode(payload).section).onward,
      },
      message => {
        const { event, section, severity, kind, arrivesInMs, lastsMs } = warningMessage.decode(message.payload)
        originOf.set(event, message.origin.name)
        if (originOf.size > ORIGINS_KEPT) originOf.delete([...originOf.keys()][0] ?? '')
        const downstream = feeder.isDownstream(name, section)
        feed(
          {
            kind: 'warning',
            of: kind,
            event,
            origin: message.origin.name,
            section,
            severity,
            downstream,
            arrivesInMs: leftOf(arrivesInMs, message.ageMs),
            lastsMs,
          },
          { via: message.via },
        )
      },
    )
    messenger.on(
      {
        ...authorityTable.allClear,
        claim: (payload, origin) => observerOnly(allClearMessage.decode(payload).section, origin.name),
        about: payload => allClearMessage.decode(payload).section,
        onward: payload => near.aboutSection(allClearMessage.decode(payload).section).onward,
      },
      message => {
        const { event } = allClearMessage.decode(message.payload)
        feed({ kind: 'all-clear', event, origin: message.origin.name })
      },
    )

    function endNow(): Acted {
      const count = warned.running.size
      feed({ kind: 'end-now' })
      return { result: 'done', words: `${count} ${count === 1 ? 'warning has' : 'warnings have'} ended here` }
    }

    function readiness(): { readonly ready: boolean; readonly why?: string } {
      if (warned.ignores) return { ready: false, why: 'a person wants warnings ignored: set earlyWarning.ignore false' }
      if (isInhibited) return { ready: false, why: 'an inhibit stands here' }
      const by = loads.heldBy()
      if (by !== undefined) return { ready: false, why: `the load stays on: ${by}` }
      const obeyed = messenger.policy().protection.size > 0
      return obeyed ? { ready: true } : { ready: false, why: 'no organisation is obeyed: authorities.protection' }
    }

    const zones = subscribeToZones(context)
    let heldAlso: ReadonlySet<string> = new Set()
    /** Of the sections that those above observe: their warnings come through here, and the first one matters most. */
    function refresh(): void {
      near.refresh(heldAlso)
      let above = feeder.parent(name)
      for (let depth = 0; above !== undefined && depth < MAX_DEPTH; depth++) {
        for (const section of feeder.ied(above).observes) expectAbout(section, `${above}/0/0`)
        above = feeder.parent(above)
      }
    }

    function expectAbout(section: string, event: string): void {
      const warning = warningMessage.encode({ event, section, severity: 'severe', kind: 'sag', residualPu: 0 })
      messenger.expects({ type: warningMessage.type, payload: warning, lifetime: WARNING_LIFETIME })
      const allClear = allClearMessage.encode({ event, section })
      messenger.expects({ type: allClearMessage.type, payload: allClear, lifetime: WARNING_LIFETIME })
    }

    const neighbours = soon(clock, REFRESH_MS, refresh)
    const cancels = [
      bus.on('status', status => {
        const { sag, dead } = status
        sagByDevice = sag === undefined && dead === undefined ? undefined : sag === true || dead === true
        ownSag(dead === true, status.at)
        sender.status(status)
      }),
      bus.on('ownSag', ({ present, at }) => {
        sagByMonitor = present
        ownSag(false, at)
      }),
      // A sag that a silent device last showed confirms no warning.
      bus.on('device', ({ answering }) => {
        if (answering) return
        sender.silent()
        sagByDevice = undefined
        const present = sagByMonitor
        if (warned.ownSag !== present) feed({ kind: 'own-sag', present })
      }),
      bus.on('topology', neighbours.ask),
      bus.on('hold-also', ({ ieds }) => {
        heldAlso = ieds
        neighbours.ask()
      }),
      bus.on('inhibited', ({ stands }) => {
        isInhibited = stands
        heedBars()
      }),
      bus.on('lockout', ({ name: by, stands }) => {
        if (stands) lockouts.add(by)
        else lockouts.delete(by)
        heedBars()
      }),
      bus.on('setting', ({ key, config: changed }) => {
        if (key.startsWith('reactions.')) react = earlyWarning(settingsOf(changed, share))
        if (key === 'earlyWarning.ignore') feed({ kind: 'ignore', stands: changed.earlyWarning.ignore })
      }),
      bus.on('reset', ({ name: what, answer }) => {
        if (what === RESET) answer(Promise.resolve(endNow()))
      }),
      // What an announcement of a trip above says; the coordination of trips has judged it.
      bus.on('report', ({ event, id, origin, device }) => {
        if (event !== 'outage-expected' || typeof id !== 'string' || typeof origin !== 'string') return
        feed({ kind: 'announced', event: id, origin, section: String(device) })
      }),
      bus.on('ready-asked', ({ answer }) => answer({ scheme: 'early warning', ...readiness() })),
      bus.on('reset-origin', ({ origin }) => feed({ kind: 'reset', origin })),
      neighbours.stop,
      zones.stop,
      clock.wakeAt(instant(clock.now() + LISTEN_MS), () => feed({ kind: 'tick' })),
    ]
    context.links.onPeer(neighbours.ask)
    refresh()
    log.debug('early-warning-started', { observes: feeder.ied(name).observes })
    return {
      async stop() {
        stopped = true
        sender.stop()
        passing.stop()
        for (const cancel of cancels) cancel()
        await hooks.stop()
        await loads.stop()
      },
    }
  },
}

/** The rest of the time, by the age of this copy. Where that was not measured nothing is left: it may be there now. */
const leftOf = (arrivesInMs: number | undefined, ageMs: number | undefined): number | undefined =>
  arrivesInMs === undefined || ageMs === undefined ? undefined : Math.max(0, arrivesInMs - ageMs)

/** @param share this agent's place in the row in which loads return, 0 to 1 */
function settingsOf({ reactions, earlyWarning: given, hosts }: AgentConfig, share: number): EarlyWarningSettings {
  const { rules, holdSeconds, minOffSeconds, minOnSeconds, staggerSeconds } = given
  return {
    reactions,
    rules,
    hosts: hosts.length > 0,
    hold: duration(holdSeconds * 1000),
    minOff: duration(minOffSeconds * 1000),
    minOn: duration(minOnSeconds * 1000),
    stagger: duration(Math.round(share * staggerSeconds * 1000)),
  }
}
