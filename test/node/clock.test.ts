import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/node/clock.ts'
import { instant } from '../../topology/units.ts'

describe('the machine’s own clock', () => {
  it('wakes nobody before the time', async () => {
    const clock = systemClock()
    const early: number[] = []
    const waits = Array.from({ length: 300 }, (_, index) => {
      const at = instant(clock.now() + 2 + index * 1.37)
      return new Promise<void>(resolve =>
        clock.wakeAt(at, () => {
          if (clock.now() < at) early.push(at - clock.now())
          resolve()
        }),
      )
    })
    await Promise.all(waits)
    expect(early).toEqual([])
  })

  it('wakes nobody at once who waits for longer than a timer can', async () => {
    const clock = systemClock()
    let woken = false
    const cancel = clock.wakeAt(instant(clock.now() + 2 ** 32), () => {
      woken = true
    })
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(woken).toBe(false)
    cancel()
  })

  it('does not wake whoever cancelled, however often the timer was set again', async () => {
    const clock = systemClock()
    let woken = 0
    const cancels = Array.from({ length: 100 }, (_, index) =>
      clock.wakeAt(instant(clock.now() + 5 + index * 0.31), () => {
        woken++
      }),
    )
    await new Promise(resolve => setTimeout(resolve, 4))
    for (const cancel of cancels) cancel()
    const before = woken // a loaded machine may have come to the first ones by now
    await new Promise(resolve => setTimeout(resolve, 60))
    expect(woken).toBe(before)
  })
})
