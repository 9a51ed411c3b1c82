// The field device of one IED as a site test plays it: what it measures and shows of the played fault by the positions that
// the devices of the feeder have in the test, and how it moves when its relay or somebody else tells it to.
//
// Loads are as the real device measures them now. What it does not measure at all is not played.

import type { Feeder } from '../../topology/feeder.ts'
import { nominalVolts } from '../../topology/nominal-volts.ts'
import { duration, instant } from '../../topology/units.ts'
import { HalError, type Measurement, type Operation, type Status } from '../hal/port.ts'
import { overcurrentSettings } from '../protection/elements/relay-settings.ts'
import {
  isLockedOut,
  type PlayedDeviceEvent,
  type PlayedDeviceSettings,
  playedDevice,
  restingDevice,
} from '../protection/played-device.ts'
import { type FlowingFault, flowingFault, playedStatus, type TestFault } from '../protection/site-test-fault.ts'
import type { ComponentContext } from './component.ts'
import { softwareRelaySettings } from './software-relay-settings.ts'

const BREAKER_MS = 50
/** Of a device with a relay of its own: to show that it has moved, beside the breaker's time. */
const OPERATING_MS = 1000
const CONDITIONS_MS = 60_000
/** Of the pickup, where the real device has measured nothing. */
const LOAD_SHARE = 0.2

export interface UnitEvents {
  /** It does something by itself: trips, recloses. */
  operates(operation: 'trip' | 'close', cause: string): void
  lockedOut(why: string): void
  moved(to: 'open' | 'closed'): void
}

export interface PlayedUnit {
  /** As the real device is now. */
  real(seen: { readonly status?: Status; readonly measurement?: Measurement }): void
  status(): Status
  measure(): Measurement
  /** Resolves when it has moved. */
  operate(operation: Operation): Promise<void>
  /** Some device stands so in the test. */
  position(device: string, to: 'open' | 'closed'): void
  /** Each few ms. @param mayReclose what a relay in software waits for is so */
  tick(sinceMs: number, mayReclose: boolean): void
}

/** @param feeder of the test alone: its positions are set here */
export function playedUnit(
  { clock, config, name }: Pick<ComponentContext, 'clock' | 'config' | 'name'>,
  feeder: Feeder,
  { section, kind, stuck }: Pick<TestFault, 'section' | 'kind'> & { readonly stuck: string | undefined },
  events: UnitEvents,
): PlayedUnit {
  const { node, operates } = feeder.ied(name)
  const device = feeder.file.devices.find(each => each.name === operates)
  const isStuck = device !== undefined && device.name === stuck
  const settings = settingsOf()
  const step = playedDevice(settings)
  const initial = device === undefined ? 'closed' : feeder.position(device.name)
  const volts = nominalVolts(feeder.file).get(node) ?? (feeder.file.nominalKv * 1000) / Math.sqrt(3)
  const wasLive = feeder.energised(node) === 'yes'
  let state = restingDevice(settings, initial === 'open' ? 'open' : 'closed', clock.now())
  /** A position that nobody knows stays so until it is operated. */
  let isKnown = initial !== 'unknown'
  let shed = false
  let sinceMs = Number.NEGATIVE_INFINITY
  let real: Status = { at: clock.now() }
  let measured: Measurement | undefined
  let version = -1
  let fault: FlowingFault | undefined
  const waiting: (() => void)[] = []

  function settingsOf(): PlayedDeviceSettings {
    const { relay, reclose, breakerTimeMs = BREAKER_MS } = device ?? {}
    const breakerTime = duration(breakerTimeMs)
    if (device !== undefined && config.softwareRelay !== undefined) {
      const own = softwareRelaySettings(device, config.softwareRelay, { volts: 0, hz: feeder.file.frequencyHz })
      if (typeof own !== 'string') return { ...own, breakerTime, isStuck, tripsAsOwn: false }
    }
    return {
      overcurrent: relay === undefined ? [] : overcurrentSettings(relay, reclose),
      reclosing: {
        deadTimes: reclose?.deadTimesMs.map(duration) ?? [],
        resetTime: duration(reclose?.resetMs ?? 30_000),
        fastShots: reclose?.fastShots ?? 0,
        sequenceCoordination: reclose?.sequenceCoordination ?? false,
        operatingTime: duration(breakerTimeMs + OPERATING_MS),
        conditionTime: duration(CONDITIONS_MS),
      },
      breakerTime,
      isStuck,
      tripsAsOwn: true,
    }
  }

  /** Worked out once for each change of a position. */
  function flowing(): FlowingFault | undefined {
    if (version !== feeder.version) {
      version = feeder.version
      const found = flowingFault(feeder, section, kind)
      fault = typeof found === 'string' ? undefined : found
    }
    return sinceMs >= 0 ? fault : undefined
  }

  function feed(event: PlayedDeviceEvent): void {
    const next = step(state, event, clock.now())
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'trip') events.operates('trip', `own relay, ${action.by.join(', ')}`)
      else if (action.kind === 'reclose') events.operates('close', `reclosing, shot ${action.shot}`)
      else if (action.kind === 'lockout') events.lockedOut(action.why)
      else moved(action.to)
    }
  }

  function moved(to: 'open' | 'closed'): void {
    isKnown = true
    if (device !== undefined) feeder.setPosition(device.name, to)
    for (const done of waiting.splice(0)) done()
    events.moved(to)
  }

  function loadAmps(): Readonly<Record<'a' | 'b' | 'c', number>> {
    const share = LOAD_SHARE * (device?.relay?.pickupAmps ?? 0)
    const { a = share, b = share, c = share } = measured?.amps ?? {}
    return { a, b, c }
  }

  function amps() {
    const carried = flowing()
    if (state.position === 'open' || feeder.energised(node) === 'no') return { a: 0, b: 0, c: 0 }
    if (carried?.path.some(each => each.name === operates) !== true) return loadAmps()
    return { a: carried.amps, b: carried.amps, c: carried.amps }
  }

  /** As a driver that waits for the contacts to show it. */
  const neverConfirmed = (operation: Operation): Promise<never> =>
    new Promise((_, reject) => {
      clock.wakeAt(instant(clock.now() + OPERATING_MS), () =>
        reject(new HalError('HAL_TIMEOUT', `${operation}: the device did not move within ${OPERATING_MS} ms`)),
      )
    })

  return {
    real({ status, measurement }) {
      real = status ?? real
      measured = measurement ?? measured
    },
    status() {
      const { position, tripped } = state
      const has = operates !== undefined && isKnown
      const played = { fault: flowing(), wasLive, tripped, lockedOut: isLockedOut(state), shed }
      return playedStatus(
        feeder,
        name,
        { ...played, position: has ? position : undefined },
        { ...real, at: clock.now() },
      )
    },
    measure() {
      const isDead = feeder.energised(node) === 'no'
      const { a = volts, b = volts, c = volts } = measured?.volts ?? {}
      return {
        at: clock.now(),
        utc: clock.utc(),
        amps: amps(),
        volts: isDead ? { a: 0, b: 0, c: 0 } : { a, b, c },
      }
    },
    operate(operation) {
      if (operation === 'shed' || operation === 'restore') {
        shed = operation === 'shed'
        return Promise.resolve()
      }
      feed({ kind: 'operate', operation })
      if (state.moving === undefined) return Promise.resolve()
      if (isStuck) return neverConfirmed(operation)
      return new Promise(done => waiting.push(done))
    },
    position: (of, to) => feeder.setPosition(of, to),
    tick(since, mayReclose) {
      sinceMs = since
      const carried = flowing()
      const isOwn = state.position === 'closed' && carried?.path.some(each => each.name === operates) === true
      const phase = isOwn ? carried.amps : 0
      feed({ kind: 'currents', phase, ground: kind.endsWith('ground') ? phase : 0, mayReclose })
    },
  }
}
