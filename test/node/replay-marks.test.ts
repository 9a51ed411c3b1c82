// How far each origin was seen survives: each second, at the end, and after a write that failed.

import { describe, expect, it } from 'vitest'
import { createScheduler } from '../../sim/runtime/scheduler.ts'
import { newLife, virtualMachineClock } from '../../sim/runtime/virtual-clock.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type Store, StoreError } from '../../src/aggregation/store.ts'
import type { Messenger } from '../../src/mesh/messenger.ts'
import type { ReplayMark } from '../../src/mesh/replay-window.ts'
import type { Log } from '../../src/node/log.ts'
import { keepReplayMarks, readReplayMarks } from '../../src/node/replay-marks.ts'

function keeping() {
  const scheduler = createScheduler()
  const memory = openMemoryStore()
  let isFull = false
  const store: Store = {
    ...memory,
    batch: async (changes, options) => {
      if (isFull) throw new StoreError('STORE_FULL', 'the disk is full')
      return memory.batch(changes, options)
    },
  }
  const moved = new Map<string, ReplayMark>()
  const messenger = {
    movedReplayMarks() {
      const marks = new Map(moved)
      moved.clear()
      return marks
    },
  } as unknown as Messenger
  const warned: string[] = []
  const log = { warn: (event: string) => void warned.push(event) } as unknown as Log
  const clock = virtualMachineClock(scheduler, 0, {}).clockOf(newLife())
  return {
    stop: keepReplayMarks(store, messenger, clock, log),
    until: (ms: number) => scheduler.runUntil(ms),
    move: (peerId: string, greatest: number) => void moved.set(peerId, { epoch: 1, greatest }),
    setFull: (full: boolean) => {
      isFull = full
    },
    warned,
    saved: async () => [...(await readReplayMarks(store))].map(([peerId, { greatest }]) => `${peerId} ${greatest}`),
  }
}

describe('replay marks', () => {
  it('are saved each second where they moved', async () => {
    const { until, move, saved } = keeping()
    move('a', 7)
    await until(999)
    expect(await saved()).toEqual([])
    await until(1001)
    expect(await saved()).toEqual(['a 7'])
  })
  it('are saved at the end', async () => {
    const { until, move, saved, stop } = keeping()
    await until(1500)
    move('a', 9)
    await stop()
    expect(await saved()).toEqual(['a 9'])
  })
  it('come with the next when the disk was full', async () => {
    const { until, move, saved, setFull, warned } = keeping()
    setFull(true)
    move('a', 1)
    move('b', 2)
    await until(1001)
    move('a', 5)
    await until(2001)
    expect(warned).toHaveLength(2)
    setFull(false)
    await until(3001)
    expect(await saved()).toEqual(['a 5', 'b 2'])
  })
})
