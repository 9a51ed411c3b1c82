// The sequence of events as it is kept: numbers and entries over restarts, a bound, and what a full disk makes of it.

import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { KEPT_ENTRIES, keptSequence } from '../../src/node/kept-sequence.ts'
import { decodeBlock, type SequenceEntry } from '../../src/node/sequence-entry.ts'

const entry = (number: number): SequenceEntry => ({
  number,
  epoch: 1,
  atMs: number,
  utcMs: number,
  utcQuality: 'good',
  event: 'opened',
  fields: { device: 'SW-N' },
})

async function kept(disk = memoryDisk(), fails: { store?: boolean; ledger?: boolean } = {}) {
  const recorded: number[] = []
  const again: number[] = []
  const said: string[] = []
  const memory = openMemoryStore(disk)
  const store = {
    ...memory,
    range: memory.range.bind(memory),
    async batch(...given: Parameters<typeof memory.batch>) {
      if (fails.store === true) throw new Error('disk full')
      await memory.batch(...given)
    },
  }
  const ledger = {
    async append(_: string, bytes: Uint8Array) {
      if (fails.ledger === true) throw new Error('disk full')
      recorded.push(...(decodeBlock(bytes) ?? []).map(({ number }) => number))
      return { number: recorded.length }
    },
  }
  const say = (event: string): void => void said.push(event)
  const sequence = await keptSequence({
    store,
    ledger,
    clock: { now: () => 0, wakeAt: () => () => {} },
    log: { warn: say, error: say },
    onAppended: () => {},
    onRecordedAgain: (missing: number) => void again.push(missing),
  } as never)
  async function end(): Promise<void> {
    await sequence.stop()
    await memory.close()
  }
  return { sequence, recorded, again, said, fails, end, numbers: () => sequence.entries().map(({ number }) => number) }
}

describe('the kept sequence of events', () => {
  it('is there again after a restart, and its numbers go on', async () => {
    const disk = memoryDisk()
    const first = await kept(disk)
    expect(first.sequence.last).toBe(0)
    for (const number of [1, 2, 3]) first.sequence.add(entry(number))
    await first.end()
    expect(first.recorded).toEqual([1, 2, 3])
    const second = await kept(disk)
    expect(second.sequence.last).toBe(3)
    expect(second.numbers()).toEqual([1, 2, 3])
  })

  it('keeps so many and no more, in memory and over a restart; the ledger has had them all', async () => {
    const disk = memoryDisk()
    const first = await kept(disk)
    for (let number = 1; number <= KEPT_ENTRIES + 100; number++) first.sequence.add(entry(number))
    expect(first.numbers().length).toBe(KEPT_ENTRIES)
    await first.end()
    expect(first.recorded.length).toBe(KEPT_ENTRIES + 100)
    const again = (await kept(disk)).numbers()
    expect(again.length).toBeLessThanOrEqual(KEPT_ENTRIES)
    expect(again.at(-1)).toBe(KEPT_ENTRIES + 100)
  })

  it('has the latest in memory while the ledger refuses them, and tells how many it lacks once it takes them again', async () => {
    const { sequence, again, said, fails, recorded, numbers } = await kept(memoryDisk(), { ledger: true, store: true })
    sequence.add(entry(1))
    sequence.add(entry(2))
    await sequence.stop()
    expect(numbers()).toEqual([1, 2])
    expect(said).toEqual(['sequence-not-kept', 'sequence-not-recorded'])
    expect([recorded, again]).toEqual([[], []])
    fails.ledger = false
    fails.store = false
    sequence.add(entry(3))
    await sequence.stop()
    expect([recorded, again]).toEqual([[3], [2]])
    sequence.add(entry(4))
    await sequence.stop()
    expect(again).toEqual([2])
  })
})
