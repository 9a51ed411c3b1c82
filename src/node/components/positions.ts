// Keeps the live feeder true: each IED says the position of the device that it operates, as state that is repeated with
// growing gaps (see `state-message.ts`), and hears those of the others. A position that has not been heard for its
// lifetime is unknown, never assumed; so are all positions of devices with an IED at the start. Devices without an IED
// keep their normal position.
//
// A change goes along the tree of IEDs and by gossip, its first repeats along the tree, the heartbeat by gossip: that
// reaches those beyond an IED that is down. Just after a start gossip counts only when it was sealed since then: what is
// older may be a replay, and the neighbours say theirs again to whoever comes.

import { duration, instant } from '../../../topology/units.ts'
import { LONGEST_LIFETIME_MS } from '../../mesh/message-age.ts'
import { type PositionReport, positionMessage } from '../../protection/messages.ts'
import { operatorsOf } from '../../protection/restoration/team.ts'
import {
  type Hearing,
  hearState,
  nothingHeard,
  type SayEvent,
  type Saying,
  sayState,
  silent,
} from '../../protection/state-message.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component } from '../component.ts'
import { neighbourhood } from '../neighbourhood.ts'
import { soon } from '../soon.ts'
import { stateTopic } from '../topics.ts'

type Position = PositionReport['position']

const HEARTBEAT_MS = 8000
/** Of every message, so that none of the heartbeats, which alone reach everybody, need come in time to be believed. */
const LIFETIME_MS = 3 * HEARTBEAT_MS
const SAYING = {
  firstGap: duration(1000),
  heartbeat: duration(HEARTBEAT_MS),
  leastLifetime: duration(Math.min(LIFETIME_MS, LONGEST_LIFETIME_MS)),
}
/** From a new peer until it hears gossip. */
const GREETING_MS = 300

export const positions: Component = {
  name: 'positions',
  start(context) {
    const { feeder, messenger, clock, bus, links, name } = context
    const near = neighbourhood(name, feeder, links, messenger)
    const topic = stateTopic(feeder.file.name)
    const operator = operatorsOf(feeder.file)
    const devices = feeder.file.devices.filter(device => operator.has(device.name)).map(device => device.name)
    const own = devices.find(device => operator.get(device) === name)
    const sayOwn = sayState<Position>(SAYING)
    const hear = hearState<Position>({ failSafe: 'unknown' })
    let said: Saying<Position> = silent
    let cancelRepeat = (): void => {}
    const heard = new Map<string, Hearing<Position>>()
    let cancelExpiry = (): void => {}
    let expiresAt = Number.POSITIVE_INFINITY

    function set(device: string, position: Position): boolean {
      if (feeder.position(device) === position) return false
      feeder.setPosition(device, position)
      bus.emit('topology', { device, position })
      return true
    }

    const everybody = { has: () => true, members: () => new Set<string>() }
    const route = near.about('everybody', () => everybody)

    function feed(event: SayEvent<Position>): void {
      if (own === undefined) return
      const next = sayOwn(said, event, clock.now())
      said = next.state
      for (const action of next.actions) {
        if (action.kind === 'wake') {
          cancelRepeat()
          cancelRepeat = clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
          continue
        }
        const { value: position, stateNumber, sequenceNumber, lifetime, repeat } = action
        const isHeartbeat = event.kind === 'tick' && said.said?.gap === SAYING.heartbeat
        const isEarlyRepeat = event.kind === 'tick' && repeat && !isHeartbeat
        messenger.say({
          type: positionMessage.type,
          payload: positionMessage.encode({ device: own, position, stateNumber, sequenceNumber, test: false }),
          lifetime,
          to: isHeartbeat ? [] : route.fromOrigin(),
          topics: isEarlyRepeat ? [] : [topic],
        })
      }
    }

    for (const device of devices) set(device, 'unknown')
    messenger.on(
      {
        ...authorityTable.position,
        claim: (payload, origin) =>
          operator.get(positionMessage.decode(payload).device) === origin.name ? undefined : 'not-its-device',
        about: () => 'positions',
        onward: () => route.onward,
      },
      ({ payload, epoch, lifetime, ageMs = 0 }) => {
        const { device, position: value, ...stamp } = positionMessage.decode(payload)
        if (device === own) return
        // Nobody may have it believed for longer than we say ourselves.
        const left = duration(Math.min(lifetime, LIFETIME_MS) - ageMs)
        const event = { kind: 'heard', epoch, value, lifetime: left, ...stamp } as const
        const next = hear(heard.get(device) ?? nothingHeard, event, clock.now())
        heard.set(device, next.state)
        for (const action of next.actions) {
          if (action.kind === 'value') set(device, action.value)
          else if (action.kind === 'wake' && action.at < expiresAt) expireAt(action.at)
        }
      },
    )
    links.subscribe(topic)

    /** What was not heard of for its lifetime is unknown from now on. Comes again when the next one may be. */
    function expire(): void {
      let next: number = clock.now() + LIFETIME_MS
      for (const device of devices) {
        const step = hear(heard.get(device) ?? nothingHeard, { kind: 'tick' }, clock.now())
        if (step.state.heard === undefined) continue
        heard.set(device, step.state)
        if (!step.state.expired) next = Math.min(next, step.state.heard.until)
        for (const action of step.actions) {
          if (action.kind === 'expired' && set(device, action.value)) context.report('position-unknown', { device })
        }
      }
      expireAt(next)
    }
    function expireAt(at: number): void {
      cancelExpiry()
      expiresAt = at
      cancelExpiry = clock.wakeAt(instant(at), expire)
    }
    expire()

    const cancels = [
      bus.on('status', ({ position = 'unknown' }) => {
        if (own === undefined || !set(own, position)) return
        feed({ kind: 'state', value: position })
        context.report('position', { device: own, position })
      }),
      bus.on('device', ({ answering }) => {
        if (own !== undefined && !answering && set(own, 'unknown')) feed({ kind: 'state', value: 'unknown' })
      }),
      () => cancelExpiry(),
      () => cancelRepeat(),
    ]
    // Peers come in bursts: those that come while a greeting waits may not hear it, and get the next one.
    let isGreetedAgain = false
    let isWaiting = false
    const greeting = soon(clock, GREETING_MS, () => {
      // Before the device has answered, that it is unknown is news too: to who still believes what an earlier life said.
      if (own !== undefined)
        feed(said.said === undefined ? { kind: 'state', value: feeder.position(own) } : { kind: 'again' })
      isWaiting = isGreetedAgain
      isGreetedAgain = false
      if (isWaiting) greeting.ask()
    })
    links.onPeer((_, state) => {
      if (state !== 'up' || own === undefined) return
      isGreetedAgain = isWaiting
      isWaiting = true
      greeting.ask()
    })
    return {
      stop() {
        greeting.stop()
        for (const cancel of cancels) cancel()
      },
    }
  },
}
