// Since when a device has carried its load: for the interlock, which keeps back after a closing and after the return of the voltage.

import { describe, expect, it } from 'vitest'
import type { Status } from '../../src/hal/port.ts'
import { loadBelow } from '../../src/node/load-below.ts'
import { instant } from '../../topology/units.ts'

const COLD_MS = 2000
const seen = (...statuses: (Partial<Omit<Status, 'at'>> & { at: number })[]) => {
  const load = loadBelow({ coldLoadMs: COLD_MS, shotResetMs: 30_000 })
  for (const { at, ...rest } of statuses) load.see({ position: 'closed', dead: false, ...rest, at: instant(at) })
  return (at: number) => load.bar(instant(at))
}
const JUST_NOW = 'it has been closed, or live again, for less than 2000 ms'

describe('what lies below a device', () => {
  it('is cold for a while after its own closing', () => {
    const bar = seen({ at: 0 }, { at: 10_000, position: 'open' }, { at: 20_000 })
    expect(bar(20_000 + COLD_MS - 1)).toBe(JUST_NOW)
    expect(bar(20_000 + COLD_MS)).toBeUndefined()
  })
  it('is so after the return of the voltage too, though the device was closed all the while', () => {
    const bar = seen({ at: 0 }, { at: 10_000, dead: true }, { at: 20_000, pickup: true, highSet: true })
    expect(bar(20_000 + COLD_MS - 1)).toBe(JUST_NOW)
    expect(bar(20_000 + COLD_MS)).toBeUndefined()
  })
  it('carries nothing while it is open or dead', () => {
    expect(seen({ at: 0 }, { at: 10_000, dead: true })(15_000)).toBe('the device is open, or without voltage')
    expect(seen({ at: 0, position: 'open' })(15_000)).toBe('the device is open, or without voltage')
  })
  it('does not take the voltage that a near fault leaves for an outage', () => {
    expect(seen({ at: 0 }, { at: 10_000, dead: true, pickup: true, highSet: true })(10_050)).toBeUndefined()
  })
  it('is taken for just energised when the device was silent meanwhile', () => {
    const load = loadBelow({ coldLoadMs: COLD_MS, shotResetMs: 30_000 })
    const status: Status = { at: instant(0), position: 'closed', dead: false }
    load.see(status)
    load.silent()
    load.see({ ...status, at: instant(9000) })
    expect(load.bar(instant(9001))).toBe(JUST_NOW)
  })
})
