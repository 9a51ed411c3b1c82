// On a clock that the test moves: `pass` lets time go by.

import { describe, expect, it } from 'vitest'
import type { Credential } from '../../src/mesh/credential.ts'
import { type Listed, PAUSE } from '../../src/node/readout-rows.ts'
import { rowRing } from '../../src/node/row-ring.ts'
import { type Instant, instant } from '../../topology/units.ts'

const nobody = {} as Credential

function ringOf(capacity: number) {
  let now = 0
  const timers = new Map<() => void, number>()
  const clock = {
    now: () => instant(now),
    wakeAt(at: Instant, run: () => void) {
      timers.set(run, at)
      return () => void timers.delete(run)
    },
  }
  const ring = rowRing('rows', capacity, clock)
  const push = (...numbers: number[]): void => ring.push(numbers.map(n => ({ n, ied: n % 2 === 0 ? 'even' : 'odd' })))
  const follow = (parameters: object, signal = new AbortController().signal) =>
    ring.listing({ follow: true, ...parameters }, signal, nobody)[Symbol.asyncIterator]()
  async function list(parameters: object): Promise<number[]> {
    const found: number[] = []
    for await (const listed of ring.listing({ ...parameters }, new AbortController().signal, nobody)) {
      if (listed !== PAUSE) found.push(listed.row.n as number)
    }
    return found
  }
  function pass(ms: number): void {
    now += ms
    for (const [run, at] of [...timers]) if (at <= now) run()
  }
  return { push, follow, list, pass, timers }
}

const shown = async (next: Promise<IteratorResult<Listed | typeof PAUSE>>): Promise<unknown> => {
  const { done, value } = await next
  if (done === true) return 'end'
  return value === PAUSE ? 'pause' : `${value.row.n}/${value.cursor}`
}

describe('the latest rows', () => {
  it('are so many, those behind a place, or of one IED', async () => {
    const { push, list } = ringOf(5)
    push(1, 2, 3)
    push(4, 5, 6, 7)
    expect(await list({})).toEqual([3, 4, 5, 6, 7])
    expect(await list({ limit: 2 })).toEqual([6, 7])
    expect(await list({ after: 5 })).toEqual([6, 7])
    expect(await list({ after: '0', limit: 2 })).toEqual([3, 4]) // the oldest that there are
    expect(await list({ after: 7 })).toEqual([])
    expect(await list({ ied: 'even', limit: 1 })).toEqual([6])
  })

  it('are followed with a pause after those that there are, and a sign of life every ten seconds', async () => {
    const { push, follow, pass } = ringOf(5)
    push(1)
    const rows = follow({})
    const first = rows.next()
    pass(9999)
    push(2, 3)
    expect(await shown(first)).toBe('2/2')
    expect(await shown(rows.next())).toBe('3/3')
    expect(await shown(rows.next())).toBe('pause')
    const quiet = rows.next()
    pass(10_000)
    expect(await shown(quiet)).toBe('pause')
    const next = rows.next()
    push(4)
    expect(await shown(next)).toBe('4/4')
  })

  it('that gave way before a slow reader took them are not waited for', async () => {
    const { push, follow } = ringOf(2)
    const rows = follow({ after: 0 })
    push(1, 2)
    expect(await shown(rows.next())).toBe('1/1')
    push(3, 4, 5, 6)
    expect(await shown(rows.next())).toBe('2/2')
    expect(await shown(rows.next())).toBe('pause')
    expect(await shown(rows.next())).toBe('5/5')
  })

  it('end with the number that was asked for, and with the reader', async () => {
    const { push, follow, timers } = ringOf(5)
    const few = follow({ after: 0, limit: 1 })
    push(1, 2)
    expect(await shown(few.next())).toBe('1/1')
    expect(await shown(few.next())).toBe('pause')
    expect(await shown(few.next())).toBe('end')
    const ending = new AbortController()
    const gone = follow({}, ending.signal).next()
    ending.abort()
    expect(await shown(gone)).toBe('end')
    expect(timers.size).toBe(0)
  })
})
