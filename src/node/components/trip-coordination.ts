// The shell of trip coordination: announces the own device's trip up and down the feeder, and acts on what others
// announce. The decisions are in src/protection/trip-coordination.ts.

import { duration, instant } from '../../../topology/units.ts'
import { type Tripped, trippedMessage } from '../../protection/messages.ts'
import { repeatTimes } from '../../protection/state-message.ts'
import { type TripAction, type TripEvent, tripCoordination, untripped } from '../../protection/trip-coordination.ts'
import { aroundDevice, INTERRUPTERS, placeOfDevice } from '../around-device.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component } from '../component.ts'
import { neighbourhood } from '../neighbourhood.ts'
import { operable } from '../operable.ts'
import { operatorsUpstream } from '../operators-upstream.ts'
import { perTopology } from '../per-topology.ts'
import { zoneTopic } from '../topics.ts'

const LIFETIME = duration(2000)
/** After the first copy: what is lost on one way, or could not be placed at first, comes again. */
const REPEATS_MS = repeatTimes(10, 2000)
/** Repeats before that go over held links alone: gossip repairs its own losses. */
const GOSSIP_AGAIN_MS = 500
/** A relay picks up within less. */
const WINDOW = duration(50)

export const tripCoordinationComponent: Component = {
  name: 'trip-coordination',
  start(context) {
    const { feeder, messenger, clock, bus, hal, name } = context
    const near = neighbourhood(name, feeder, context.links, messenger)
    const { operatorOf, whereIs, route } = aroundDevice(name, feeder, near)
    const ied = feeder.ied(name)
    const device = feeder.file.devices.find(entry => entry.name === ied.operates)
    const interrupts = device !== undefined && INTERRUPTERS.has(device.kind)
    const step = tripCoordination({
      device: interrupts ? device.name : undefined,
      breakerFailureMs: device?.breakerFailureMs ?? 250,
      window: WINDOW,
      get eventPrefix() {
        return `${name}/${context.epoch}`
      },
    })
    let state = untripped
    let stopped = false
    /** Those between here and the failed breaker back it up first, each in its own time: not all of them at once. */
    const nearerMs = perTopology(feeder, (failed: string) => {
      const above = operatorsUpstream(feeder, failed)
      const between = above.slice(0, Math.max(0, above.indexOf(name))).map(other => feeder.ied(other).operates)
      const backing = feeder.file.devices.filter(each => INTERRUPTERS.has(each.kind) && between.includes(each.name))
      return backing.reduce((sum, each) => sum + each.breakerFailureMs, 0)
    })
    /** What the pickup of the own relay is called, where `relay-states` tells of it. */
    let ownEvent: string | undefined

    function feed(event: TripEvent): void {
      const next = step(state, event, clock.now())
      state = next.state
      for (const action of next.actions) perform(action)
    }

    function announce(tripped: Tripped, gossip = true): void {
      const zones = feeder.upstreamZones(ied.node).concat(device ? [feeder.zoneOfSection(device.section)] : [])
      messenger.say({
        type: trippedMessage.type,
        payload: trippedMessage.encode(tripped),
        lifetime: LIFETIME,
        to: route(tripped.device).fromOrigin(),
        topics: gossip ? new Set(zones.map(zone => zoneTopic(feeder.file.name, zone))) : [],
      })
    }

    function perform(action: TripAction): void {
      switch (action.kind) {
        case 'announce': {
          const { tripped } = action
          announce(tripped)
          for (const ms of REPEATS_MS) {
            clock.wakeAt(instant(clock.now() + ms), () => stopped || announce(tripped, ms >= GOSSIP_AGAIN_MS))
          }
          return context.report('tripped', { id: tripped.event, device: tripped.device })
        }
        case 'told':
          return context.report('told', {
            id: action.event,
            device: action.device,
            origin: action.origin,
            holds: action.holds,
          })
        case 'outage-expected':
          return context.report('outage-expected', { id: action.event, device: action.device, origin: action.origin })
        case 'alarm':
          return context.report('alarm', {
            id: action.event,
            alarm: action.alarm,
            device: action.device,
            origin: action.origin,
          })
        case 'open':
          return void open(action.cause, action.event)
      }
    }

    async function open(cause: string, id: string): Promise<void> {
      try {
        await operable(hal).operate('open')
        context.report('operated', { operation: 'open', cause, id })
      } catch (error) {
        const reason = (error as Error).message
        context.report('alarm', { alarm: 'operation-failed', operation: 'open', cause, id, reason })
      }
    }

    messenger.on(
      {
        ...authorityTable.tripped,
        where: payload => placeOfDevice[whereIs(trippedMessage.decode(payload).device)],
        claim: (payload, origin) =>
          operatorOf(trippedMessage.decode(payload).device) === origin.name ? undefined : 'not-its-device',
        about: payload => trippedMessage.decode(payload).device,
        onward: payload => route(trippedMessage.decode(payload).device).onward,
      },
      received => {
        const announced = trippedMessage.decode(received.payload)
        // An announcement may ask for more patience than the feeder file gives that breaker, never for less.
        const ownMs = Math.max(announced.breakerFailureMs, feeder.device(announced.device).breakerFailureMs)
        const breakerFailureMs = ownMs + nearerMs(announced.device)
        const message = { ...announced, breakerFailureMs }
        const { mayAct, origin } = received
        feed({ kind: 'announced', message, origin: origin.name, device: whereIs(message.device), mayAct })
      },
    )
    let isRead = false
    const cancelReady = bus.on('ready-asked', ({ answer }) => {
      const scheme = 'breaker failure'
      if (!interrupts)
        return answer({ scheme, ready: false, why: 'it operates nothing that interrupts a fault current' })
      answer(isRead ? { scheme, ready: true } : { scheme, ready: false, why: 'its device is not read now' })
    })
    const cancelSilence = bus.on('device', ({ answering }) => {
      isRead = answering
      if (!answering) feed({ kind: 'silent' })
    })
    const cancelStates = bus.on('relayState', ({ device: of, event, state: shown, origin, place }) => {
      if (place === 'own') ownEvent = event
      if (place !== 'below' || shown !== 'breaker-failed') return
      const breakerFailure = duration(feeder.device(of).breakerFailureMs)
      feed({ kind: 'failed', event, device: of, origin, breakerFailure, nearer: duration(nearerMs(of)) })
    })
    const cancel = bus.on('status', ({ at, pickup = false, tripped = false }) => {
      const isNews = pickup !== state.pickup || tripped !== state.tripped
      // While an announcement is held, each look at the device may be the one that decides.
      if (isNews || state.held.length > 0) feed({ kind: 'status', at, pickup, tripped, event: ownEvent })
    })
    return {
      stop() {
        stopped = true
        cancel()
        cancelSilence()
        cancelReady()
        cancelStates()
      },
    }
  },
}
