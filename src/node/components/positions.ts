// Keeps the live feeder true: each IED says the position of the device that it operates, on every change and every five
// seconds, and hears those of the others. A position that has not been heard for its lifetime is unknown, never assumed;
// so are all positions of devices with an IED at the start. Devices without an IED keep their normal position.
//
// Gossip may deliver out of order: a report that its origin sent before the last one heard is dropped. How old a first
// report may be is bounded by the envelope alone, to its lifetime and the clock tolerance of two minutes. After a restart
// of this agent a replayed report can pass for that long, until the device's IED is heard itself, within five seconds.

import { duration, instant } from '../../../topology/units.ts'
import { positionMessage } from '../../protection/messages.ts'
import type { Component } from '../component.ts'
import { soon } from '../soon.ts'
import { stateTopic } from '../topics.ts'

const REPEAT_MS = 5000
const LIFETIME_MS = 3 * REPEAT_MS
/** From a new peer until it hears gossip. */
const GREETING_MS = 300

export const positions: Component = {
  name: 'positions',
  start(context) {
    const { feeder, messenger, clock, bus, links, name } = context
    const topic = stateTopic(feeder.file.name)
    const operator = new Map(
      feeder.file.ieds.flatMap(ied => (ied.operates === undefined ? [] : [[ied.operates, ied.name]])),
    )
    const devices = feeder.file.devices.filter(device => operator.has(device.name)).map(device => device.name)
    const own = devices.find(device => operator.get(device) === name)
    const heard = new Map<string, { at: number; epoch: number; sequence: number }>()
    let stateNumber = 0
    let cancelExpiry = (): void => {}

    function set(device: string, position: 'open' | 'closed' | 'unknown'): boolean {
      if (feeder.position(device) === position) return false
      feeder.setPosition(device, position)
      bus.emit('topology', { device, position })
      return true
    }

    function say(): void {
      if (own === undefined) return
      const payload = positionMessage.encode({ device: own, position: feeder.position(own), stateNumber })
      messenger.say({ type: positionMessage.type, payload, lifetime: duration(LIFETIME_MS), topics: [topic] })
    }

    for (const device of devices) set(device, 'unknown')
    messenger.on(
      {
        type: positionMessage.type,
        roles: ['IED'],
        from: 'protection',
        sameFeeder: true,
        claim: (payload, origin) =>
          operator.get(positionMessage.decode(payload).device) === origin.name ? undefined : 'not-its-device',
      },
      ({ payload, epoch, sequence }) => {
        const { device, position } = positionMessage.decode(payload)
        const last = heard.get(device)
        // A greater epoch is a new start of its origin, whose sequence begins anew.
        const isLate = last !== undefined && (epoch - last.epoch || sequence - last.sequence) <= 0
        if (isLate) return
        heard.set(device, { at: clock.now(), epoch, sequence })
        set(device, position)
      },
    )
    links.subscribe(topic)

    const cancels = [
      bus.on('status', ({ position = 'unknown' }) => {
        if (own === undefined || !set(own, position)) return
        stateNumber++
        say()
        context.report('position', { device: own, position })
      }),
      bus.on('device', ({ answering }) => {
        if (own !== undefined && !answering && set(own, 'unknown')) {
          stateNumber++
          say()
        }
      }),
      clock.every(REPEAT_MS, say),
      () => cancelExpiry(),
    ]
    /** What was not heard of for its lifetime is unknown from now on. Comes again when the next one may be. */
    function expire(): void {
      let oldest: number = clock.now()
      for (const device of devices) {
        const { at } = heard.get(device) ?? {}
        if (device === own || at === undefined) continue
        // The very sum that is waited for: a difference may fall short of it by rounding, and this would never end.
        if (clock.now() < at + LIFETIME_MS) oldest = Math.min(oldest, at)
        else if (set(device, 'unknown')) context.report('position-unknown', { device })
      }
      cancelExpiry = clock.wakeAt(instant(oldest + LIFETIME_MS), expire)
    }
    expire()
    // Peers come in bursts: those that come while a greeting waits may not hear it, and get the next one.
    let isGreetedAgain = false
    let isWaiting = false
    const greeting = soon(clock, GREETING_MS, () => {
      say()
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
