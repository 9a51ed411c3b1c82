import { describe, expect, it } from 'vitest'
import { createScheduler } from '../../../sim/runtime/scheduler.ts'

describe('the scheduler', () => {
  it('runs in the order of time, and equal times in the order asked', async () => {
    const scheduler = createScheduler()
    const ran: string[] = []
    const note = (name: string) => () => void ran.push(`${name}@${scheduler.now()}`)
    scheduler.at(20, note('c'))
    scheduler.at(10, note('a'))
    scheduler.at(20, note('d'))
    scheduler.at(10, note('b'))
    await scheduler.runUntil(15)
    expect(ran).toEqual(['a@10', 'b@10'])
    expect(scheduler.now()).toBe(15)
    await scheduler.runUntil(30)
    expect(ran).toEqual(['a@10', 'b@10', 'c@20', 'd@20'])
  })
  it('works off what an event asks for at its own time, after what was asked before', async () => {
    const scheduler = createScheduler()
    const ran: string[] = []
    scheduler.at(10, () => {
      ran.push('first')
      scheduler.at(10, () => void ran.push('asked by the first'))
      scheduler.at(5, () => void ran.push('late'))
    })
    scheduler.at(10, () => void ran.push('second'))
    await scheduler.runUntil(10)
    expect(ran).toEqual(['first', 'second', 'asked by the first', 'late'])
  })
  it('lets promises of an event get as far as they can before the next', async () => {
    const scheduler = createScheduler()
    const ran: string[] = []
    scheduler.at(1, () => {
      void (async () => {
        for (let i = 0; i < 50; i++) await Promise.resolve()
        ran.push('promise of the first')
      })()
    })
    scheduler.at(1, () => void ran.push('second'))
    await scheduler.runUntil(1)
    expect(ran).toEqual(['promise of the first', 'second'])
  })
  it('does not run what was cancelled', async () => {
    const scheduler = createScheduler()
    const ran: string[] = []
    const cancel = scheduler.at(5, () => void ran.push('cancelled'))
    scheduler.at(4, cancel)
    scheduler.at(6, () => void ran.push('other'))
    await scheduler.runUntil(10)
    expect(ran).toEqual(['other'])
  })
  it('sorts ten thousand', async () => {
    const scheduler = createScheduler()
    const times: number[] = []
    for (let i = 0; i < 10_000; i++) scheduler.at((i * 7919) % 1009, () => void times.push(scheduler.now()))
    await scheduler.runUntil(2000)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect([times.length, scheduler.count]).toEqual([10_000, 10_000])
  })
  it('takes no event at no time', () => {
    expect(() => createScheduler().at(Number.NaN, () => {})).toThrow(RangeError)
  })
  it('ends with the error of an event', async () => {
    const scheduler = createScheduler()
    scheduler.at(3, () => {
      throw new Error('broken')
    })
    await expect(scheduler.runUntil(5)).rejects.toThrow('broken')
    expect(scheduler.now()).toBe(3)
  })
})
