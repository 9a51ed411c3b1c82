// The device of a site test: it trips by its stages, recloses as often as it is set to, and locks out.

import { describe, expect, it } from 'vitest'
import {
  isLockedOut,
  type PlayedDevice,
  type PlayedDeviceEvent,
  type PlayedDeviceSettings,
  playedDevice,
  restingDevice,
} from '../../src/protection/played-device.ts'
import { duration, instant } from '../../topology/units.ts'

const stage = (pickup: number, delay: number) => ({
  pickup,
  timing: { kind: 'definite' as const, delay: duration(delay) },
})
const settings: PlayedDeviceSettings = {
  overcurrent: [
    { name: '51P', quantity: 'phase', stage: stage(200, 400) },
    { name: '51N', quantity: 'ground', stage: stage(60, 200) },
    { name: '51P fast', quantity: 'phase', isFast: true, stage: stage(200, 50) },
  ],
  reclosing: {
    deadTimes: [duration(500), duration(2000)],
    resetTime: duration(10_000),
    fastShots: 1,
    sequenceCoordination: false,
    operatingTime: duration(1000),
    conditionTime: duration(3000),
  },
  breakerTime: duration(40),
  tripsAsOwn: true,
}

interface Way {
  readonly settings?: Partial<PlayedDeviceSettings>
  readonly ground?: boolean
  readonly mayReclose?: boolean
  readonly position?: 'open' | 'closed'
  readonly operate?: readonly (readonly [number, 'trip' | 'open' | 'close'])[]
  readonly fault?: boolean
}

/** A fault of 1000 A from 100 ms on, as long as the device is closed. */
function play({
  settings: changes,
  ground = false,
  mayReclose = true,
  position = 'closed',
  operate = [],
  fault = true,
}: Way) {
  const all = { ...settings, ...changes }
  const step = playedDevice(all)
  let state: PlayedDevice = restingDevice(all, position, instant(0))
  const told: string[] = []
  const feed = (event: PlayedDeviceEvent, ms: number): void => {
    const next = step(state, event, instant(ms))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'trip') told.push(`${ms} trip ${action.by}`)
      else if (action.kind === 'reclose') told.push(`${ms} reclose ${action.shot}`)
      else if (action.kind === 'lockout') told.push(`${ms} lockout: ${action.why}`)
      else told.push(`${ms} ${action.to}`)
    }
  }
  for (let ms = 0; ms <= 20_000; ms += 10) {
    for (const [at, operation] of operate) if (at === ms) feed({ kind: 'operate', operation }, ms)
    const phase = fault && ms >= 100 && state.position === 'closed' ? 1000 : 0
    feed({ kind: 'currents', phase, ground: ground ? phase : 0, mayReclose }, ms)
  }
  return { told, state }
}

describe('the device of a site test', () => {
  it('trips fast, recloses, trips by its time, recloses, and locks out', () => {
    const { told, state } = play({})
    expect(told).toEqual([
      '150 trip 51P fast',
      '190 open',
      '690 reclose 1',
      '730 closed',
      '1140 trip 51P',
      '1180 open',
      '3180 reclose 2',
      '3220 closed',
      '3630 trip 51P',
      '3670 open',
      '3670 lockout: last shot',
    ])
    expect(isLockedOut(state)).toBe(true)
  })
  it('trips by the first of its stages', () => {
    expect(play({ ground: true, settings: { reclosing: { ...settings.reclosing, fastShots: 0 } } }).told[0]).toBe(
      '300 trip 51N',
    )
  })
  it('that is tripped by others recloses, as after a trip of its own', () => {
    const { told } = play({ fault: false, operate: [[200, 'trip']] })
    expect(told.slice(0, 4)).toEqual(['240 open', '740 reclose 1', '780 closed'])
  })
  it('with a relay in software that is tripped by others stays open', () => {
    const { told, state } = play({ fault: false, operate: [[200, 'trip']], settings: { tripsAsOwn: false } })
    expect(told).toEqual(['240 open', '240 lockout: opened'])
    expect(state.position).toBe('open')
  })
  it('that is told to open does not reclose, not in a dead time either', () => {
    expect(play({ fault: false, operate: [[200, 'open']] }).told).toEqual(['200 lockout: opened', '240 open'])
    expect(play({ operate: [[400, 'open']] }).told).toEqual(['150 trip 51P fast', '190 open', '400 lockout: opened'])
  })
  it('does not reclose while what it waits for is not so, and locks out then', () => {
    expect(play({ mayReclose: false }).told).toEqual([
      '150 trip 51P fast',
      '190 open',
      '3690 lockout: conditions not met',
    ])
  })
  it('that is closed onto the fault has no shots', () => {
    const { told } = play({ position: 'open', operate: [[200, 'close']] })
    expect(told).toEqual(['240 closed', '650 trip 51P', '690 open', '690 lockout: last shot'])
  })
  it('whose contacts do not part stays closed and tripped, and locks out', () => {
    const { told, state } = play({ settings: { isStuck: true } })
    expect(told).toEqual(['150 trip 51P fast', '1150 lockout: did not open'])
    expect(state).toMatchObject({ position: 'closed', tripped: true })
    expect(isLockedOut(state)).toBe(false)
  })
  it('is locked out neither when it was opened by order, nor while it waits', () => {
    expect(isLockedOut(play({ fault: false, operate: [[200, 'open']] }).state)).toBe(false)
    expect(isLockedOut(restingDevice(settings, 'open', instant(0)))).toBe(false)
  })
})
