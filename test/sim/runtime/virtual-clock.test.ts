import { describe, expect, it } from 'vitest'
import { createScheduler } from '../../../sim/runtime/scheduler.ts'
import { type ClockErrors, newLife, virtualMachineClock } from '../../../sim/runtime/virtual-clock.ts'
import { instant } from '../../../topology/units.ts'

const START = Date.UTC(2026, 5, 1)

function machine(errors: ClockErrors = {}) {
  const scheduler = createScheduler()
  const life = newLife()
  const virtual = virtualMachineClock(scheduler, START, errors)
  return { scheduler, life, virtual, clock: virtual.clockOf(life) }
}

describe('the clock of a virtual machine', () => {
  it('shows virtual time when it has no error', async () => {
    const { scheduler, clock } = machine()
    await scheduler.runUntil(1234)
    expect([clock.now(), clock.utc(), clock.utcGood()]).toEqual([1234, START + 1234, true])
  })
  it('runs fast or slow by its drift, in durations as in UTC', async () => {
    const [fast, slow] = [machine({ driftPpm: 100 }), machine({ driftPpm: -100 })]
    await fast.scheduler.runUntil(100_000)
    await slow.scheduler.runUntil(100_000)
    expect(fast.clock.now()).toBeCloseTo(100_010, 6)
    expect(slow.clock.now()).toBeCloseTo(99_990, 6)
    expect(fast.clock.utc() - START).toBeCloseTo(100_010, -1)
  })
  it.each([0, 37, -61.8, 999])('wakes at the time asked for and never before, at %s ppm', async driftPpm => {
    const { scheduler, clock } = machine({ driftPpm })
    for (let i = 1; i <= 200; i++) {
      const at = instant(i * 33.3337)
      let wokenAt: number | undefined
      clock.wakeAt(at, () => {
        wokenAt = clock.now()
      })
      await scheduler.runUntil(i * 40)
      expect(wokenAt).toBeGreaterThanOrEqual(at)
    }
  })
  it('is none that stands', () => {
    expect(() => machine({ driftPpm: -1_000_000 })).toThrow('want more than -1000000')
  })
  it('goes on in equal steps', async () => {
    const { scheduler, clock } = machine({ driftPpm: 40 })
    const ticks: number[] = []
    const stop = clock.every(1000, () => void ticks.push(Math.round(clock.now())))
    await scheduler.runUntil(5500)
    stop()
    await scheduler.runUntil(9000)
    expect(ticks).toEqual([1000, 2000, 3000, 4000, 5000])
  })
  it('moves UTC in a jump, and no duration', async () => {
    const { scheduler, virtual, clock } = machine({ utcOffsetMs: 70 })
    await scheduler.runUntil(1000)
    virtual.jumpUtc(-5000)
    virtual.setUtcGood(false)
    expect([clock.utc(), clock.now(), clock.utcGood()]).toEqual([START + 1000 + 70 - 5000, 1000, false])
  })
  it('lets nothing happen that an ended life asked for', async () => {
    const { scheduler, life, clock, virtual } = machine()
    const ran: string[] = []
    clock.wakeAt(instant(10), () => void ran.push('dead'))
    clock.every(5, () => void ran.push('dead'))
    life.end()
    virtual.clockOf(newLife()).wakeAt(instant(10), () => void ran.push('living'))
    await scheduler.runUntil(50)
    expect(ran).toEqual(['living'])
  })
})
