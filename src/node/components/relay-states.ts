// The shell of the relays' states: says what the relay in the own device goes through, up and down the feeder, and tells
// the other components what those around say of theirs. The course is in src/protection/relay-course.ts, the repeating in
// state-message.ts.
//
// It warns, and it lends the own event's name to what others report. One state alone is acted on, a failed breaker's, by
// `trip-coordination.ts`. What is not renewed in time is not known any more; that a fault is over needs no heartbeat.

import { duration } from '../../../topology/units.ts'
import { noCourse, type RelayCourseEvent, relayCourse } from '../../protection/relay-course.ts'
import { type RelayState, relayStateMessage } from '../../protection/relay-messages.ts'
import {
  type Hearing,
  hearState,
  nothingHeard,
  type SayEvent,
  type Saying,
  sayState,
  silent,
} from '../../protection/state-message.ts'
import { aroundDevice, INTERRUPTERS, placeOfDevice } from '../around-device.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component } from '../component.ts'
import { neighbourhood } from '../neighbourhood.ts'

const SAYING = { firstGap: duration(50), heartbeat: duration(1000), leastLifetime: duration(3000) }
/** While these last they are said on and on. */
const GOES_ON: ReadonlySet<RelayState> = new Set(['picked-up', 'tripped', 'breaker-failed'])

type Said = { readonly event: string; readonly state: RelayState }
const isSame = (one: Said, other: Said): boolean => one.event === other.event && one.state === other.state

export const relayStatesComponent: Component = {
  name: 'relay-states',
  start(context) {
    const { feeder, messenger, clock, bus, name, links } = context
    const near = neighbourhood(name, feeder, links, messenger)
    const around = aroundDevice(name, feeder, near)
    const { operates } = feeder.ied(name)
    const device = feeder.file.devices.find(entry => entry.name === operates && INTERRUPTERS.has(entry.kind))

    // As the one whose relay it is -------------------------------------------------------------------------------------

    const step = relayCourse({
      breakerFailure: duration(device?.breakerFailureMs ?? 250),
      get eventPrefix() {
        return `${name}/${context.epoch}`
      },
    })
    let course = noCourse
    const say = sayState<Said>(SAYING, isSame)
    let said: Saying<Said> = silent
    let cancelRepeat = (): void => {}

    function follow(event: RelayCourseEvent): void {
      if (device === undefined) return
      const next = step(course, event, clock.now())
      course = next.state
      for (const { event: of, state } of next.actions) {
        bus.emit('relayState', { device: device.name, event: of, state, origin: name, place: 'own' })
        tell({ kind: 'state', value: { event: of, state } })
        context.report('relay-state', { id: of, device: device.name, state })
      }
    }

    function tell(event: SayEvent<Said>): void {
      const next = say(said, event, clock.now())
      said = next.state
      for (const action of next.actions) {
        if (action.kind === 'say') {
          const { value, stateNumber, sequenceNumber, lifetime } = action
          const of = device?.name as string
          messenger.say({
            type: relayStateMessage.type,
            payload: relayStateMessage.encode({ ...value, device: of, stateNumber, sequenceNumber, test: false }),
            lifetime,
            to: around.route(of).fromOrigin(),
          })
          continue
        }
        cancelRepeat()
        const { value, gap } = said.said ?? {}
        if ((value !== undefined && GOES_ON.has(value.state)) || gap !== SAYING.heartbeat) {
          cancelRepeat = clock.wakeAt(action.at, () => tell({ kind: 'tick' }))
        }
      }
    }

    /** What it last showed is not said on while it is silent. */
    function fallSilent(): void {
      follow({ kind: 'silent' })
      cancelRepeat()
    }

    // As one of those around -------------------------------------------------------------------------------------------

    const hear = hearState<Said | undefined>({
      failSafe: undefined,
      isSame: (one, other) => one !== undefined && other !== undefined && isSame(one, other),
    })
    /** By device: the file has so many. */
    const heard = new Map<string, { hearing: Hearing<Said | undefined>; cancel: () => void }>()

    function tick(of: string, origin: string): void {
      const known = heard.get(of)
      if (known === undefined) return
      const before = known.hearing.heard?.value
      const next = hear(known.hearing, { kind: 'tick' }, clock.now())
      heard.set(of, { hearing: next.state, cancel: () => {} })
      if (next.actions.length === 0 || before === undefined || !GOES_ON.has(before.state)) return
      bus.emit('relayState', { device: of, event: before.event, state: undefined, origin, place: around.whereIs(of) })
    }

    messenger.on(
      {
        ...authorityTable.relayState,
        where: payload => placeOfDevice[around.whereIs(relayStateMessage.decode(payload).device)],
        claim: (payload, origin) =>
          around.operatorOf(relayStateMessage.decode(payload).device) === origin.name ? undefined : 'not-its-device',
        about: payload => relayStateMessage.decode(payload).device,
        onward: payload => around.route(relayStateMessage.decode(payload).device).onward,
      },
      ({ payload, epoch, lifetime, ageMs = 0, origin }) => {
        const { device: of, event, state, ...stamp } = relayStateMessage.decode(payload)
        const known = heard.get(of)
        const left = duration(Math.max(0, Math.min(lifetime, SAYING.leastLifetime) - ageMs))
        const value = { event, state }
        const told = { kind: 'heard', epoch, value, lifetime: left, ...stamp } as const
        const next = hear(known?.hearing ?? nothingHeard, told, clock.now())
        if (next.state === known?.hearing || next.actions.length === 0) return
        let cancel = known?.cancel ?? (() => {})
        for (const action of next.actions) {
          if (action.kind === 'wake') {
            cancel()
            cancel = clock.wakeAt(action.at, () => tick(of, origin.name))
          } else {
            const place = around.whereIs(of)
            bus.emit('relayState', { device: of, event, state, origin: origin.name, place })
            context.report('relay-heard', { id: event, device: of, origin: origin.name, state, place })
          }
        }
        heard.set(of, { hearing: next.state, cancel })
      },
    )

    const cancels = [
      bus.on('status', ({ at, pickup = false, tripped = false, lockedOut = false }) =>
        follow({ kind: 'status', at, pickup, tripped, lockedOut }),
      ),
      bus.on('device', ({ answering }) => {
        if (!answering) fallSilent()
      }),
      () => cancelRepeat(),
    ]
    return {
      stop() {
        for (const cancel of cancels) cancel()
        for (const { cancel } of heard.values()) cancel()
      },
    }
  },
}
