// The shell of the warning path. At an observing IED it turns the line sensors' status into warnings; at every IED it
// turns warnings into reactions of the field device. The decisions are in src/protection.

import { duration, instant } from '../../../topology/units.ts'
import { HalError } from '../../hal/port.ts'
import type { Received } from '../../mesh/messenger.ts'
import { type DisturbanceAction, disturbance, noDisturbance } from '../../protection/disturbance.ts'
import { calm, type EarlyWarningAction, type EarlyWarningEvent, earlyWarning } from '../../protection/early-warning.ts'
import { allClearMessage, warningMessage } from '../../protection/messages.ts'
import type { Component, ComponentContext } from '../component.ts'
import { neighbourhood } from '../neighbourhood.ts'
import { zoneTopic } from '../topics.ts'
import { subscribeToZones } from '../zone-subscriptions.ts'

/** A warning is about now, and is repeated while it lasts. Clocks may differ by two minutes, so UTC bounds it loosely. */
const LIFETIME = duration(2000)
/** An all-clear that is lost on one way comes again. A warning is repeated while it lasts in any case. */
const REPEATS_MS = [100, 500, 2000]
/** At the start, a disturbance that goes on is heard of again within this time. */
const LISTEN_MS = 5000
const SHED_KEY = 'early-warning/shed'
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 10_000

export const earlyWarningComponent: Component = {
  name: 'early-warning',
  async start(context) {
    const { feeder, messenger, clock, bus, hal, name, config, log } = context
    const near = neighbourhood(name, feeder, context.links, messenger)
    const observe = disturbance({ observes: feeder.ied(name).observes, eventPrefix: `${name}/${context.epoch}` })
    const react = earlyWarning({ reactions: config.reactions })
    let observed = noDisturbance
    const load = await sheddableLoad(context)
    let warned = { ...calm, shed: load.isShedByUs() }
    let stopped = false
    const originOf = new Map<string, string>()

    // As the observer ------------------------------------------------------------------------------------------------

    function tell(action: DisturbanceAction, detectedAtMs: number, isRepeat = false): void {
      const isWarning = action.kind === 'warn'
      const { section, event } = isWarning ? action.warning : action.allClear
      const { certain, undecided } = feeder.downstreamIeds(section)
      const audience = new Set([...certain, ...undecided])
      const payload = isWarning ? warningMessage.encode(action.warning) : allClearMessage.encode(action.allClear)
      const sent = messenger.say({
        type: isWarning ? warningMessage.type : allClearMessage.type,
        payload,
        lifetime: LIFETIME,
        to: near.fromOrigin(audience),
        topics: [zoneTopic(feeder.file.name, feeder.zoneOfSection(section))],
      })
      if (isRepeat || (isWarning && !action.first)) return
      if (!isWarning) {
        for (const ms of REPEATS_MS) {
          clock.wakeAt(instant(clock.now() + ms), () => stopped || tell(action, detectedAtMs, true))
        }
      }
      context.report(isWarning ? 'warning-sent' : 'all-clear-sent', {
        id: event,
        section,
        ...(isWarning ? { severity: action.warning.severity, residualPu: action.warning.residualPu } : {}),
        detectedAtMs,
        directly: sent,
        downstream: [...certain].sort(),
      })
    }

    // As a receiver --------------------------------------------------------------------------------------------------

    function feed(event: EarlyWarningEvent, extra: Record<string, unknown> = {}): void {
      if (stopped) return // what was shed stays so; the next start restores it
      const next = react(warned, event, clock.now())
      warned = next.state
      for (const action of next.actions) perform(action, extra)
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
          if (action.operation === 'open') void open()
          else load.want(action.operation)
          break
        case 'wake':
          clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
      }
    }

    async function open(): Promise<void> {
      try {
        if (hal === undefined) throw new Error('no field device')
        await hal.operate('open')
        context.report('operated', { operation: 'open', cause: 'early-warning' })
      } catch (error) {
        context.report('alarm', { alarm: 'operation-failed', operation: 'open', reason: (error as Error).message })
      }
    }

    function forward(section: string, { raw, from }: Received): void {
      const { certain, undecided } = feeder.downstreamIeds(section)
      messenger.relay(raw, near.onward(new Set([...certain, ...undecided]), from))
    }

    const observerOnly = (section: string, origin: string) =>
      feeder.observerOf(section) === origin ? undefined : 'not-the-observer'
    const row = { roles: ['IED' as const], from: 'protection' as const, sameFeeder: true }
    messenger.on(
      {
        ...row,
        type: warningMessage.type,
        claim: (payload, origin) => observerOnly(warningMessage.decode(payload).section, origin.name),
      },
      message => {
        const { event, section, severity } = warningMessage.decode(message.payload)
        forward(section, message)
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
        ...row,
        type: allClearMessage.type,
        claim: (payload, origin) => observerOnly(allClearMessage.decode(payload).section, origin.name),
      },
      message => {
        const { event, section } = allClearMessage.decode(message.payload)
        forward(section, message)
        feed({ kind: 'all-clear', event, origin: message.origin.name })
      },
    )

    const zones = subscribeToZones(context)
    const cancels = [
      bus.on('status', status => {
        const present = status.sag === true || status.dead === true
        if (present !== warned.ownSag) {
          feed({ kind: 'own-sag', present })
          context.report(present ? 'sag-begins' : 'sag-ends', { dead: status.dead === true, polledAtMs: status.at })
        }
        if (status.entered === undefined || status.left === undefined) return
        const seen = { entered: status.entered, left: status.left, residualPu: status.residualPu }
        const next = observe(observed, seen, clock.now())
        observed = next.state
        for (const action of next.actions) tell(action, clock.now())
      }),
      // A sag that a silent device last showed confirms no warning.
      bus.on('device', ({ answering }) => {
        if (!answering && warned.ownSag) feed({ kind: 'own-sag', present: false })
      }),
      bus.on('topology', () => near.refresh()),
      zones.stop,
      clock.wakeAt(instant(clock.now() + LISTEN_MS), () => feed({ kind: 'tick' })),
    ]
    context.links.onPeer(() => near.refresh())
    near.refresh()
    log.debug('early-warning-started', { observes: feeder.ied(name).observes })
    return {
      async stop() {
        stopped = true
        for (const cancel of cancels) cancel()
        await load.stop()
      },
    }
  },
}

/**
 * Drops and restores the load, one after the other. A mark in the store says that this IED dropped it: set before it is
 * dropped, and cleared once the device has confirmed its return, which is tried until it does or the load is to be
 * dropped again. What somebody else had dropped is left to them.
 */
async function sheddableLoad({ hal, store, clock, bus, report }: ComponentContext) {
  let isOurs = (await store.get(SHED_KEY)) !== undefined
  /** As the device last showed it. Undefined while that is not known. */
  let isShed: boolean | undefined
  let changedAt = instant(Number.NEGATIVE_INFINITY)
  let wish = 0
  let stopped = false
  let last = Promise.resolve()
  let endPause = (): void => {}

  const cancels = [
    bus.on('status', ({ at, shed }) => {
      if (at >= changedAt) isShed = shed
    }),
    bus.on('device', ({ answering }) => {
      if (!answering) isShed = undefined
    }),
  ]

  async function mark(ours: boolean): Promise<void> {
    const change = ours ? { put: SHED_KEY, value: Uint8Array.of(1) } : { del: SHED_KEY }
    await store.batch([change], { durable: true })
    isOurs = ours
  }

  async function operate(operation: 'shed' | 'restore'): Promise<void> {
    if (hal === undefined) throw new Error('no field device')
    await hal.operate(operation)
    changedAt = clock.now()
    isShed = operation === 'shed'
    report('operated', { operation, cause: 'early-warning' })
  }

  const failed = (operation: 'shed' | 'restore', error: unknown): void =>
    report('alarm', { alarm: 'operation-failed', operation, reason: (error as Error).message })

  async function shed(): Promise<void> {
    if (!isOurs && isShed === true) return report('shed-already')
    try {
      if (hal === undefined) throw new Error('no field device')
      if (!isOurs) await mark(true)
      await operate('shed')
    } catch (error) {
      failed('shed', error)
      // Any other failure leaves open whether the load went off, so that it is restored afterwards.
      const isUntouched = error instanceof HalError && error.code === 'HAL_UNSUPPORTED'
      if (isUntouched) await mark(false).catch(cause => failed('shed', cause))
    }
  }

  async function restore(isWanted: () => boolean): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; isOurs && isWanted(); retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)) {
      try {
        await operate('restore')
        return await mark(false)
      } catch (error) {
        if (retryMs === FIRST_RETRY_MS) failed('restore', error)
      }
      if (isWanted()) await pause(retryMs)
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise(resolve => {
      const cancel = clock.wakeAt(instant(clock.now() + ms), resolve)
      endPause = () => {
        cancel()
        resolve()
      }
    })

  return {
    isShedByUs: () => isOurs,
    want(operation: 'shed' | 'restore'): void {
      const mine = ++wish
      const isWanted = (): boolean => !stopped && mine === wish
      endPause()
      last = last.then(() => (stopped ? undefined : operation === 'shed' ? shed() : restore(isWanted)))
    },
    async stop(): Promise<void> {
      stopped = true
      endPause()
      for (const cancel of cancels) cancel()
      await last
    },
  }
}
