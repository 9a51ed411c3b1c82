// The inhibit at an IED, over a disk that takes its time and clocks that are wrong.

import { describe, expect, it } from 'vitest'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { bus } from '../../src/node/component.ts'
import { standingInhibit } from '../../src/node/standing-inhibit.ts'
import { instant, utcMs } from '../../topology/units.ts'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const MINUTE = 60_000

function site(disk: MemoryDisk, time = { now: 0, utc: 1_000_000 * MINUTE, utcGood: true }) {
  const wakes = new Set<{ at: number; run: () => void }>()
  const gates: (() => void)[] = []
  let isSlow = false
  const store = openMemoryStore(disk)
  const slow: Store = {
    ...store,
    async batch(changes, options) {
      if (isSlow) await new Promise<void>(resolve => gates.push(resolve))
      return store.batch(changes, options)
    },
  }
  const clock = {
    now: () => instant(time.now),
    utc: () => utcMs(time.utc),
    utcGood: () => time.utcGood,
    wakeAt(at: number, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => void wakes.delete(wake)
    },
    every: () => () => {},
  }
  const events = bus(() => {})
  return {
    time,
    inhibit: () => standingInhibit({ store: slow, clock, bus: events, report: () => {}, log: quiet }),
    events,
    pass(ms: number) {
      time.now += ms
      time.utc += ms
      for (const wake of [...wakes]) if (wake.at <= time.now && wakes.delete(wake)) wake.run()
    },
    close: () => store.close(),
    slow: () => {
      isSlow = true
    },
    async disk() {
      for (let i = 0; i < 20; i++) {
        gates.shift()?.()
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
}

describe('an inhibit', () => {
  it('ends with its time', async () => {
    const { inhibit, pass, disk } = site(memoryDisk())
    const it = await inhibit()
    await it.set(1, 'ada')
    pass(MINUTE - 1)
    await disk()
    expect(it.stands()).toBe(true)
    pass(1)
    await disk()
    expect(it.stands()).toBe(false)
  })

  it('that is renewed while the last one runs out stands on', async () => {
    const kept = memoryDisk()
    const { inhibit, pass, disk, slow, close } = site(kept)
    const it = await inhibit()
    await it.set(1, 'ada')
    slow()
    pass(MINUTE - 1)
    const renewed = it.set(10, 'ada')
    pass(1)
    await disk()
    await renewed
    expect(it.stands()).toBe(true)
    await close()
    expect((await site(kept).inhibit()).stands()).toBe(true)
  })

  it('outlives a restart for the rest of its time', async () => {
    const kept = memoryDisk()
    const before = site(kept)
    await (await before.inhibit()).set(10, 'ada')
    await before.close()
    const again = site(kept, { now: 0, utc: before.time.utc + 9 * MINUTE, utcGood: true })
    const it = await again.inhibit()
    expect(it.stands()).toBe(true)
    again.pass(MINUTE)
    await again.disk()
    expect(it.stands()).toBe(false)
  })

  it('is told after a restart to who started later', async () => {
    const kept = memoryDisk()
    const before = site(kept)
    await (await before.inhibit()).set(10, 'ada')
    await before.close()
    const { inhibit, events } = site(kept)
    await inhibit()
    const told: boolean[] = []
    events.on('inhibited', ({ stands }) => told.push(stands))
    events.emit('components-started', {})
    expect(told).toEqual([true])
  })

  it('that was set by a clock that was never set stands after a restart until somebody ends it', async () => {
    const kept = memoryDisk()
    const before = site(kept, { now: 0, utc: 0, utcGood: false })
    await (await before.inhibit()).set(10, 'ada')
    await before.close()
    const again = site(kept)
    const it = await again.inhibit()
    again.pass(60 * MINUTE)
    await again.disk()
    expect(it.stands()).toBe(true)
    await it.set(0, 'ada')
    expect(it.stands()).toBe(false)
  })
})
