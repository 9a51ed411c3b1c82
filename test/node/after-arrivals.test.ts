import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { afterArrivals, joinProcess } from '../../src/node/after-arrivals.ts'

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}

describe('what waits for arrivals, where an agent has its process to itself', () => {
  let leave: () => void
  beforeEach(() => {
    leave = joinProcess()
  })
  afterEach(() => leave())

  it('runs after this turn, one piece a turn, in order', async () => {
    const run: number[] = []
    for (const piece of [1, 2, 3]) afterArrivals(() => void run.push(piece))
    expect(run).toEqual([])
    await turns(1)
    expect(run).toEqual([1])
    await turns(1)
    expect(run).toEqual([1, 2])
    await turns(1)
    expect(run).toEqual([1, 2, 3])
  })
  it('goes on behind a piece that puts a further one, which comes last', async () => {
    const run: string[] = []
    afterArrivals(() => {
      run.push('first')
      afterArrivals(() => void run.push('further'))
    })
    afterArrivals(() => void run.push('second'))
    await turns(4)
    expect(run).toEqual(['first', 'second', 'further'])
  })
})

describe('what waits for arrivals, where agents share a process', () => {
  let leaves: (() => void)[]
  let run: string[]
  const arrives = (piece: string) => afterArrivals(() => void run.push(piece))
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] })
    leaves = [joinProcess(), joinProcess()]
    run = []
  })
  afterEach(() => {
    vi.runAllTimers()
    for (const leave of leaves) leave()
    vi.useRealTimers()
  })

  it('begins when nothing has arrived for a millisecond', () => {
    arrives('first')
    vi.advanceTimersByTime(0.6)
    arrives('second')
    vi.advanceTimersByTime(0.9)
    expect(run).toEqual([])
    vi.advanceTimersByTime(3)
    expect(run).toEqual(['first', 'second'])
  })
  it('waits for no more than three, however much arrives', () => {
    for (let tenth = 0; tenth < 50; tenth++) {
      arrives(String(tenth))
      vi.advanceTimersByTime(0.1)
      if (tenth < 29) expect(run).toEqual([])
    }
    expect(run.slice(0, 2)).toEqual(['0', '1'])
    vi.runAllTimers()
    expect(run).toEqual(Array.from({ length: 50 }, (_, tenth) => String(tenth)))
  })
  it('is used in the next turn again when the others have left', () => {
    leaves[1]?.()
    leaves[1]?.()
    arrives('first')
    vi.advanceTimersByTime(0)
    expect(run).toEqual(['first'])
  })
})
