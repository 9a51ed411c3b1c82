// The shell of the warning path. At an observing IED it turns the line sensors' status into warnings; at every IED it
// turns warnings into reactions of the field device. The decisions are in src/protection.

import type { Answer } from '../../../topology/feeder.ts'
import { duration, instant } from '../../../topology/units.ts'
import type { Place } from '../../mesh/authority.ts'
import { type DisturbanceAction, disturbance, noDisturbance, type SensorsSeen } from '../../protection/disturbance.ts'
import { calm, type EarlyWarningAction, type EarlyWarningEvent, earlyWarning } from '../../protection/early-warning.ts'
import { allClearMessage, warningMessage } from '../../protection/messages.ts'
import { repeatTimes } from '../../protection/state-message.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component } from '../component.ts'
import { neighbourhood } from '../neighbourhood.ts'
import { operable } from '../operable.ts'
import { sheddableLoad } from '../sheddable-load.ts'
import { soon } from '../soon.ts'
import { zoneTopic } from '../topics.ts'
import { subscribeToZones } from '../zone-subscriptions.ts'

/**
 * A warning is about now, and is repeated while it lasts. It is long enough for a link with two seconds of round trip and
 * something before it in the queue: the age of a frame is measured as the most that it can be, which is a round trip.
 */
export const WARNING_LIFETIME = duration(8000)
/** What is lost on one way comes again. A warning is said again each second anyhow, while it lasts. */
const REPEATS_MS = { warning: repeatTimes(10, 700), allClear: repeatTimes(10, 2000) }
/** Repeats before that go over held links alone: gossip repairs its own losses. */
const GOSSIP_AGAIN_MS = 500
/** At the start, a disturbance that goes on is heard of again within this time. */
const LISTEN_MS = 5000
/** Where the section is, seen from here, when this IED is downstream of it or not. */
const PLACES: Readonly<Record<Answer, Place>> = { yes: 'upstream', no: 'elsewhere', unknown: 'undecided' }
/** IEDs one above the other; more than any feeder has. */
const MAX_DEPTH = 256
/** Positions and peers come in bursts, at a start above all. */
const REFRESH_MS = 20

export const earlyWarningComponent: Component = {
  name: 'early-warning',
  async start(context) {
    const { feeder, messenger, clock, bus, hal, name, config, log } = context
    const near = neighbourhood(name, feeder, context.links, messenger)
    const observe = disturbance({
      observes: feeder.ied(name).observes,
      get eventPrefix() {
        return `${name}/${context.epoch}`
      },
    })
    let react = earlyWarning({ reactions: config.reactions })
    /** Somebody has blocked automatic operations here. A load that is to come back then waits for the end of that. */
    let isInhibited = false
    /** What has latched here: a load that tripped for it stays off. */
    const lockouts = new Set<string>()
    let restoresLater = false
    let observed = noDisturbance
    const load = sheddableLoad(context)
    let warned = { ...calm, shed: load.isShedByUs() }
    let stopped = false
    const originOf = new Map<string, string>()
    /** Of the device's own voltage elements; nothing where it shows none, or is silent. */
    let sagByDevice: boolean | undefined
    let sagByMonitor = false
    /** Line sensors, and what stands in for them. */
    let byDevice: SensorsSeen | undefined
    let byMonitor: SensorsSeen | undefined

    // As the observer ------------------------------------------------------------------------------------------------

    /** @param repeatMs how long after the first copy this one goes out */
    function tell(action: DisturbanceAction, detectedAtMs: number, repeatMs?: number): void {
      const isWarning = action.kind === 'warn'
      const { section, event } = isWarning ? action.warning : action.allClear
      const payload = isWarning ? warningMessage.encode(action.warning) : allClearMessage.encode(action.allClear)
      const sent = messenger.say({
        type: isWarning ? warningMessage.type : allClearMessage.type,
        payload,
        lifetime: WARNING_LIFETIME,
        to: near.aboutSection(section).fromOrigin(),
        topics:
          repeatMs !== undefined && repeatMs < GOSSIP_AGAIN_MS
            ? []
            : [zoneTopic(feeder.file.name, feeder.zoneOfSection(section))],
      })
      if (repeatMs !== undefined || (isWarning && !action.first)) return
      const isOver = (): boolean => isWarning && observed.active.get(section)?.event !== event
      for (const ms of isWarning ? REPEATS_MS.warning : REPEATS_MS.allClear) {
        clock.wakeAt(instant(clock.now() + ms), () => stopped || isOver() || tell(action, detectedAtMs, ms))
      }
      context.report(isWarning ? 'warning-sent' : 'all-clear-sent', {
        id: event,
        section,
        ...(isWarning ? { severity: action.warning.severity, residualPu: action.warning.residualPu } : {}),
        detectedAtMs,
        directly: sent,
        // For the reader, who wants all names; the warning is on its way by now.
        downstream: [...feeder.downstreamIeds(section).certain].sort(),
      })
    }

    /** Line sensors tell the sections apart; where the device has none, the monitor tells what it can. */
    function lookAtSections(): void {
      const seen = byDevice ?? byMonitor
      if (seen === undefined) return
      const next = observe(observed, seen, clock.now())
      observed = next.state
      for (const action of next.actions) tell(action, clock.now())
    }

    // As a receiver --------------------------------------------------------------------------------------------------

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
          context.report('warned', {
            id: action.event,
            origin: action.origin,
            section: action.section,
            severity: action.severity,
            reaction: action.reaction,
            ...extra,
          })
          break
        case 'own-measurement':
          context.report('own-measurement', { id: action.event, origin: originOf.get(action.event) })
          break
        case 'ended':
          context.report('warning-ended', { id: action.event, by: action.by })
          break
        case 'alarm':
          context.report('alarm', { alarm: action.alarm, origin: action.origin, section: action.section })
          break
        case 'operate':
          // What is shed anew is restored at the end of that, not before.
          restoresLater = action.operation === 'restore' && (isInhibited || lockouts.size > 0)
          if (restoresLater) break
          if (isInhibited) context.report('reaction-inhibited', { operation: action.operation })
          else if (action.operation === 'open') void open()
          else load.want(action.operation)
          break
        case 'wake':
          clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
      }
    }

    function heedBars(): void {
      // What is being restored the load desk holds back by itself.
      if (isInhibited || lockouts.size > 0 || !restoresLater) return
      restoresLater = false
      load.want('restore')
    }

    async function open(): Promise<void> {
      try {
        await operable(hal).operate('open')
        context.report('operated', { operation: 'open', cause: 'early-warning' })
      } catch (error) {
        context.report('alarm', { alarm: 'operation-failed', operation: 'open', reason: (error as Error).message })
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
        onward: (payload, from) => near.aboutSection(warningMessage.decode(payload).section).onward(from),
      },
      message => {
        const { event, section, severity } = warningMessage.decode(message.payload)
        originOf.set(event, message.origin.name)
        if (originOf.size > 256) originOf.delete([...originOf.keys()][0] ?? '')
        const downstream = feeder.isDownstream(name, section)
        feed(
          { kind: 'warning', event, origin: message.origin.name, section, severity, downstream },
          { via: message.via },
        )
      },
    )
    messenger.on(
      {
        ...authorityTable.allClear,
        claim: (payload, origin) => observerOnly(allClearMessage.decode(payload).section, origin.name),
        about: payload => allClearMessage.decode(payload).section,
        onward: (payload, from) => near.aboutSection(allClearMessage.decode(payload).section).onward(from),
      },
      message => {
        const { event } = allClearMessage.decode(message.payload)
        feed({ kind: 'all-clear', event, origin: message.origin.name })
      },
    )

    const zones = subscribeToZones(context)
    /** Of the sections that those above observe: their warnings come through here, and the first one matters most. */
    function refresh(): void {
      near.refresh()
      let above = feeder.parent(name)
      for (let depth = 0; above !== undefined && depth < MAX_DEPTH; depth++) {
        for (const section of feeder.ied(above).observes) expectAbout(section, `${above}/0/0`)
        above = feeder.parent(above)
      }
    }

    function expectAbout(section: string, event: string): void {
      const warning = warningMessage.encode({ event, section, severity: 'severe', residualPu: 0 })
      messenger.expects({ type: warningMessage.type, payload: warning, lifetime: WARNING_LIFETIME })
      const allClear = allClearMessage.encode({ event, section })
      messenger.expects({ type: allClearMessage.type, payload: allClear, lifetime: WARNING_LIFETIME })
    }

    const neighbours = soon(clock, REFRESH_MS, refresh)
    const cancels = [
      bus.on('status', status => {
        const { sag, dead, entered, left, residualPu } = status
        sagByDevice = sag === undefined && dead === undefined ? undefined : sag === true || dead === true
        ownSag(dead === true, status.at)
        if (entered === undefined || left === undefined) return
        byDevice = { entered, left, residualPu }
        lookAtSections()
      }),
      bus.on('sensors', seen => {
        byMonitor = seen
        lookAtSections()
      }),
      bus.on('ownSag', ({ present, at }) => {
        sagByMonitor = present
        ownSag(false, at)
      }),
      // A sag that a silent device last showed confirms no warning.
      bus.on('device', ({ answering }) => {
        if (answering) return
        byDevice = undefined
        sagByDevice = undefined
        const present = sagByMonitor
        if (warned.ownSag !== present) feed({ kind: 'own-sag', present })
      }),
      bus.on('topology', neighbours.ask),
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
        if (key.startsWith('reactions.')) react = earlyWarning({ reactions: changed.reactions })
      }),
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
        for (const cancel of cancels) cancel()
      },
    }
  },
}
